import { rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { bundleForNode } from '../../../scripts/bundle-for-node.ts'

let built: Promise<URL> | null = null

/**
 * The server of the device API in one file, made once a test process: as in production nothing is compiled when it
 * starts, which would be most of the time that a killed server takes to be back.
 */
export function bundledServer(): Promise<URL> {
  return (built ??= bundle())
}

async function bundle(): Promise<URL> {
  const file = await bundleForNode('bench/device-server.ts', 'tidemark-trials', 'device-server')
  process.once('exit', () => rmSync(file, { force: true }))
  return pathToFileURL(file)
}
