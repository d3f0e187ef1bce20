import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../docs/runbooks')
/** What a fleet's own rules have. */
const OWN = 'own-rule'

describe('runbooks', () => {
  it('[alerts] each shipped rule has its page, with its name, what to look at and what to do', () => {
    for (const { name, title } of DEFAULT_RULES) {
      const file = path.join(FOLDER, `${name}.md`)
      expect(existsSync(file), name).toBe(true)
      const text = readFileSync(file, 'utf8')
      expect(text.startsWith(`# ${title}\n\n\`${name}\`\n`), name).toBe(true)
      expect(text, name).toMatch(/\n## Look\n\n1\. .+\n[^]*\n## Do\n\n- .+/)
    }
  })

  it('[alerts] no page is of a rule that is no more', () => {
    const pages = readdirSync(FOLDER).map((file) => file.replace(/\.md$/, ''))
    expect(pages.toSorted()).toEqual([...DEFAULT_RULES.map(({ name }) => name), OWN].toSorted())
  })
})
