import path from 'node:path'
import type { Plugin } from 'esbuild'
import { build } from 'esbuild'

const ROOT = path.resolve(import.meta.dirname, '..')

/**
 * Builds a program of the checkout in one file, which then starts without compiling anything.
 * @param entry from the root of the checkout
 * @param folder below `node_modules/.cache`, where the packages that stay outside are found
 * @returns the file's path; the process's id stands in it, and the caller removes it
 */
export async function bundleForNode(
  entry: string,
  folder: string,
  name: string,
  plugins: Plugin[] = [],
): Promise<string> {
  const outfile = path.join(ROOT, 'node_modules/.cache', folder, `${name}-${process.pid}.mjs`)
  await build({
    entryPoints: [path.join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins,
  })
  return outfile
}
