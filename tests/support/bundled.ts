import { existsSync, renameSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Plugin } from 'esbuild'
import { inject } from 'vitest'
import { bundleForNode } from '../../scripts/bundle-for-node.ts'

/** A program finds the checkout from where its source stands, not from where its bundle does. */
const WHERE_IT_STOOD: Plugin = {
  name: 'where-it-stood',
  setup: (build) =>
    build.onLoad({ filter: /[\\/]scripts[\\/].*\.ts$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replaceAll(
        'import.meta.dirname',
        JSON.stringify(path.dirname(file)),
      ),
      loader: 'ts',
    })),
}

/** By entry, those that this process makes or has made: servers that are started together wait for one. */
const made = new Map<string, Promise<string>>()

/**
 * A program of the checkout in one file, made once a run and removed at its end: as in production nothing is compiled
 * when it starts, which would be most of the time that a test waits for it.
 * @param entry from the root of the checkout
 * @returns the file's path
 */
export function bundled(entry: string): Promise<string> {
  const file = made.get(entry) ?? make(entry)
  made.set(entry, file)
  return file
}

async function make(entry: string): Promise<string> {
  const folder = inject('bundles')
  const name = entry.replaceAll(/\W/g, '-')
  const file = path.resolve(import.meta.dirname, '../../node_modules/.cache', folder, `${name}.mjs`)
  // Whole, or not there: another process may look for it.
  if (!existsSync(file)) renameSync(await bundleForNode(entry, folder, name, [WHERE_IT_STOOD]), file)
  return file
}
