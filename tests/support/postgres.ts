import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'
import { TEMPLATE_DATABASE } from './database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
    /** Below `node_modules/.cache`: where this run's bundled programs stand. */
    bundles: string
  }
}

const ROOT = path.resolve(import.meta.dirname, '../..')
const CACHE = path.join(ROOT, 'node_modules/.cache')
/**
 * Tests may lose their data: what they check is not the disk. A worker of autovacuum may not be ended by us, so no
 * database could be dropped that it looks at, and its transactions hold up the folding of telemetry.
 */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '200', autovacuum: 'off' }

/** Starts the PostgreSQL of a project and migrates the template that each test file clones; makes a place for bundles. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-test-'))
  await mkdir(CACHE, { recursive: true })
  const bundles = await mkdtemp(path.join(CACHE, 'tidemark-tests-'))
  const postgres = await supervisePostgres({ dataDir, settings: SETTINGS })
  const teardown = async (): Promise<void> => {
    await postgres.stop()
    for (const folder of [dataDir, bundles]) await rm(folder, { recursive: true, force: true })
  }
  try {
    await makeTemplate(postgres.databaseUrl)
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('databaseUrl', postgres.databaseUrl)
  project.provide('bundles', path.basename(bundles))
  return teardown
}

async function makeTemplate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`)
  await client.end()
  const environment = { ...process.env, DATABASE_URL: onDatabase(databaseUrl, TEMPLATE_DATABASE) }
  delete (environment as Record<string, string | undefined>)['DATABASE_DIRECT_URL']
  await promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/migrate.ts'], {
    cwd: ROOT,
    env: environment,
  })
}
