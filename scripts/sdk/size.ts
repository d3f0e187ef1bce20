import { readFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Metafile } from 'esbuild'

/** The mark: the browser's bundle with validation, by gzip, without what loads on demand. */
export const SDK_BUNDLE_BYTES_MAX = 35 * 1024

export interface BundleSize {
  readonly bytes: number
  readonly gzipBytes: number
  readonly brotliBytes: number
}

/** The files that a page fetches before it can run `entry`: the entry and what it imports statically. */
export function staticFiles(metafile: Metafile, entry: string): readonly string[] {
  const found = new Set<string>()
  const visit = (file: string): void => {
    if (found.has(file)) return
    found.add(file)
    const statics = metafile.outputs[file]?.imports.filter(
      ({ kind, external }) => kind === 'import-statement' && external !== true,
    )
    for (const { path: imported } of statics ?? []) visit(imported)
  }
  visit(entry)
  return [...found]
}

/** Each file is compressed by itself, as a web server does. */
export function bundleSize(folder: string, files: readonly string[]): BundleSize {
  const contents = files.map((file) => readFileSync(path.join(folder, file)))
  const sum = (length: (content: Buffer) => number): number =>
    contents.reduce((total, content) => total + length(content), 0)
  return {
    bytes: sum((content) => content.length),
    gzipBytes: sum((content) => gzipSync(content, { level: 9 }).length),
    brotliBytes: sum((content) => brotliCompressSync(content).length),
  }
}
