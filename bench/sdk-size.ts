import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { BuiltSdk } from '../scripts/sdk/build.ts'
import { buildSdk } from '../scripts/sdk/build.ts'
import type { BundleSize } from '../scripts/sdk/size.ts'
import { SDK_BUNDLE_BYTES_MAX } from '../scripts/sdk/size.ts'
import { markdownTable } from './markdown.ts'

/** Builds the SDK anew and weighs what a browser fetches before it can open a replica: for a page, and for a service worker. */
export async function benchSdkSize(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-sdk-size-'))
  try {
    return sizeTable(await buildSdk(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function sizeTable({ size, workerSize }: BuiltSdk): string {
  const kib = (count: number): string => (count / 1024).toFixed(1)
  const row = (what: string, { bytes, gzipBytes, brotliBytes }: BundleSize, ratio: string): string[] => [
    what,
    kib(bytes),
    kib(gzipBytes),
    kib(brotliBytes),
    ratio,
  ]
  return markdownTable(
    'What a browser loads',
    ['', 'minified KiB', 'gzip KiB', 'brotli KiB', 'gzip ÷ mark of 35 KiB'],
    [
      row('SDK bundle, with validation', size, (size.gzipBytes / SDK_BUNDLE_BYTES_MAX).toFixed(2)),
      row('all of it in one file, for service workers', workerSize, ''),
    ],
  )
}
