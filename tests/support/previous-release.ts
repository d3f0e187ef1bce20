import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { inject } from 'vitest'
import type * as Sdk from '#lib/client/node.ts'

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/previous-release')

export interface Release {
  readonly version: string
  readonly commit: string
  readonly protocol: number
  readonly newestMigration: string
}

/** What the fixture is made of: `npm run keep:release` wrote it at that release. */
export const previousRelease = JSON.parse(readFileSync(path.join(FIXTURE, 'release.json'), 'utf8')) as Release

/** The device SDK of the release before this one, as its apps carry it. */
export const previousSdk = async (): Promise<typeof Sdk> => (await import(unpacked('sdk').href)) as typeof Sdk

/** Its server without pages: what `bench/device-server.ts` was then, on the packages of this checkout. */
export const previousServer = (): URL => unpacked('server')

/** Below `node_modules`, where it finds its packages; removed at the end of the run. */
function unpacked(name: 'sdk' | 'server'): URL {
  const folder = path.resolve(import.meta.dirname, '../../node_modules/.cache', inject('bundles'))
  const file = path.join(folder, `previous-${name}.mjs`)
  if (!existsSync(file)) {
    // Whole, or not there: another process may look for it.
    const part = `${file}.${process.pid}`
    writeFileSync(part, brotliDecompressSync(readFileSync(path.join(FIXTURE, `${name}.mjs.br`))))
    renameSync(part, file)
  }
  return pathToFileURL(file)
}
