import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'

export interface BenchDatabase {
  /** What a server process is told of it. */
  readonly env: Readonly<Record<'DATABASE_URL' | 'TIDEMARK_SECRET', string>>
  end(): Promise<void>
}

const ROOT = path.resolve(import.meta.dirname, '..')

/** A PostgreSQL of its own as `npm start` runs it, fsync included, migrated and empty, in a temporary folder. */
export async function startDatabase(): Promise<BenchDatabase> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-bench-'))
  const postgres = await supervisePostgres({ dataDir })
  const env = { DATABASE_URL: postgres.databaseUrl, TIDEMARK_SECRET: postgres.secret }
  const end = async (): Promise<void> => {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const environment = { ...process.env, ...env, DATABASE_DIRECT_URL: postgres.databaseUrl }
    const migrate = ['--import', 'tsx', 'scripts/migrate.ts']
    await promisify(execFile)(process.execPath, migrate, { cwd: ROOT, env: environment })
    return { env, end }
  } catch (error) {
    await end()
    throw error
  }
}
