import { rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = path.resolve(import.meta.dirname, '../../..')
/** Below `node_modules`, where the packages that the bundle leaves outside are found. */
const OUT = path.join(ROOT, 'node_modules/.cache/tidemark-trials', `device-server-${process.pid}.mjs`)

let built: Promise<URL> | null = null

/**
 * The server of the device API in one file, made once a test process: as in production nothing is compiled when it
 * starts, which would be most of the time that a killed server takes to be back.
 */
export function bundledServer(): Promise<URL> {
  return (built ??= bundle())
}

async function bundle(): Promise<URL> {
  process.once('exit', () => rmSync(OUT, { force: true }))
  await build({
    entryPoints: [path.join(ROOT, 'bench/device-server.ts')],
    outfile: OUT,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  })
  return pathToFileURL(OUT)
}
