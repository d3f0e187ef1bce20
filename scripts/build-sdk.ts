import path from 'node:path'
import { buildSdk } from './sdk/build.ts'
import type { BundleSize } from './sdk/size.ts'
import { SDK_BUNDLE_BYTES_MAX } from './sdk/size.ts'

/** `npm run build:sdk [FOLDER]`: the device SDK as a package, in `dist/sdk` when no folder is named. */
const [named, ...others] = process.argv.slice(2)
if (named?.startsWith('-') || others.length > 0) {
  console.error('npm run build:sdk [FOLDER]')
  process.exit(2)
}
const folder = path.resolve(named ?? path.join(import.meta.dirname, '../dist/sdk'))
const { size, workerSize } = await buildSdk(folder)
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`
const told = ({ bytes, gzipBytes, brotliBytes }: BundleSize): string =>
  `${kib(bytes)}, gzip ${kib(gzipBytes)}, brotli ${kib(brotliBytes)}`
console.log(`${folder}
browser.js with all that it loads at once: ${told(size)}
(mark: ${kib(SDK_BUNDLE_BYTES_MAX)} gzip)
worker.js, for service workers: ${told(workerSize)}`)
