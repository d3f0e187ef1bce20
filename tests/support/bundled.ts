import { rmSync } from 'node:fs'
import { bundleForNode } from '../../scripts/bundle-for-node.ts'

const built = new Map<string, Promise<string>>()

/**
 * A program of the checkout in one file, made once a test process and removed with it: as in production nothing is
 * compiled when it starts, which would be most of the time that a test waits for it.
 * @param entry from the root of the checkout
 * @returns the file's path
 */
export function bundled(entry: string): Promise<string> {
  const file = built.get(entry) ?? bundle(entry)
  built.set(entry, file)
  return file
}

async function bundle(entry: string): Promise<string> {
  const file = await bundleForNode(entry, 'tidemark-trials', entry.replaceAll(/\W/g, '-'))
  process.once('exit', () => rmSync(file, { force: true }))
  return file
}
