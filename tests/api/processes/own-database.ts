import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { bundled } from '#tests/support/bundled.ts'
import { startChild } from '../../../bench/child.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')

/** A PostgreSQL that a test may kill: its own files, its own owner, written to disk as `npm start` does. */
export interface OwnDatabase {
  readonly url: string
  /** Of the postmaster, which is another one after each restart. */
  postmasterPid(): Promise<number>
  stop(): Promise<void>
}

/** Migrated and empty. `dir` is made, and removed at the end, unless one is named. */
export async function startOwnDatabase(dir?: string): Promise<OwnDatabase> {
  const dataDir = dir ?? (await mkdtemp(path.join(tmpdir(), 'tidemark-test-')))
  const owner = await startChild<{ readonly databaseUrl: string }>(
    pathToFileURL(await bundled('tests/api/processes/postgres-owner.ts')),
    { args: [dataDir] },
  )
  const stop = async (): Promise<void> => {
    await owner.stop()
    if (dir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
  const url = owner.ready.databaseUrl
  try {
    await promisify(execFile)(process.execPath, [await bundled('scripts/migrate.ts')], {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL: url, DATABASE_DIRECT_URL: url },
    })
  } catch (error) {
    await stop()
    throw error
  }
  const postmasterPid = async (): Promise<number> =>
    (await owner.ask<{ postgresPid: number }>({ kind: 'pid' })).postgresPid
  return { url, postmasterPid, stop }
}
