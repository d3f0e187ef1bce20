import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { BuildOptions } from 'esbuild'
import { build } from 'esbuild'

/**
 * `npm run keep:release`, at a release: packs its device SDK and its server, without pages, so that the tests of the releases
 * after it run them beside what they make (docs/upgrades.md).
 */
const ROOT = path.resolve(import.meta.dirname, '..')
const FOLDER = path.join(ROOT, 'tests/fixtures/previous-release')

/** The SDK stands alone, as in an app. */
const SDK: BuildOptions = { entryPoints: ['lib/client/node.ts'], external: ['libsql'] }
/** What an operator runs but for the pages; it finds its packages in the checkout that runs it. */
const SERVER: BuildOptions = { entryPoints: ['bench/device-server.ts'], packages: 'external' }

mkdirSync(FOLDER, { recursive: true })
for (const [name, options] of [
  ['sdk', SDK],
  ['server', SERVER],
] as const) {
  const bytes = await pack(options)
  writeFileSync(path.join(FOLDER, `${name}.mjs.br`), bytes)
  console.log(`${name}: ${(bytes.length / 1024).toFixed(0)} KiB`)
}
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }
const migrations = readdirSync(path.join(ROOT, 'prisma/migrations'), { withFileTypes: true })
const newest = migrations
  .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  .sort()
  .at(-1)
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim()
const about = { version, commit, protocol: 1, newestMigration: newest }
writeFileSync(path.join(FOLDER, 'release.json'), `${JSON.stringify(about, null, 2)}\n`)

async function pack(options: BuildOptions): Promise<Buffer> {
  const { outputFiles } = await build({
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    // Errors and metrics go by names.
    keepNames: true,
    write: false,
    absWorkingDir: ROOT,
    // CommonJS parts of packages ask for Node's own modules in their way.
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    ...options,
  })
  return brotliCompressSync(outputFiles?.[0]?.contents ?? '', {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  })
}
