import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedPages } from './docs/pages.ts'

const checkout = join(import.meta.dirname, '..')
for (const [path, text] of await generatedPages()) {
  writeFileSync(join(checkout, path), text)
  console.log(`docs: ${path} written`)
}
