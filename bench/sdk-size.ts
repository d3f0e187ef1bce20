import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildSdk } from '../scripts/sdk/build.ts'
import type { BundleSize } from '../scripts/sdk/size.ts'
import { SDK_BUNDLE_BYTES_MAX } from '../scripts/sdk/size.ts'
import { markdownTable } from './markdown.ts'

/** Builds the SDK anew and weighs what a browser fetches before it can open a replica. */
export async function benchSdkSize(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-sdk-size-'))
  try {
    return sizeTable((await buildSdk(folder)).size)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function sizeTable({ bytes, gzipBytes, brotliBytes }: BundleSize): string {
  const kib = (count: number): string => (count / 1024).toFixed(1)
  const ratio = (gzipBytes / SDK_BUNDLE_BYTES_MAX).toFixed(2)
  return markdownTable(
    'What a browser loads',
    ['', 'minified KiB', 'gzip KiB', 'brotli KiB', 'gzip ÷ mark of 35 KiB'],
    [['SDK bundle, with validation', kib(bytes), kib(gzipBytes), kib(brotliBytes), ratio]],
  )
}
