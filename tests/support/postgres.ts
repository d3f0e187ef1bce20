import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { supervisePostgres, type EmbeddedPostgres } from '#lib/storage/prisma/embedded/supervise.ts'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'
import { TEMPLATE_DATABASE } from './database.ts'
import { scratchFolder } from './scratch.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a PostgreSQL for each worker. */
    databaseUrls: readonly string[]
    /** A folder where each of them says which it has taken. */
    claims: string
    /** Below `node_modules/.cache`: where this run's bundled programs stand. */
    bundles: string
  }
}

const run = promisify(execFile)
const ROOT = path.resolve(import.meta.dirname, '../..')
const CACHE = path.join(ROOT, 'node_modules/.cache')
/**
 * Tests may lose their data: what they check is not the disk. A worker of autovacuum may not be ended by us, so no
 * database could be dropped that it looks at, and its transactions hold up the folding of telemetry.
 */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '200', autovacuum: 'off' }

/**
 * Starts the PostgreSQLs of a project, with the migrated template that each test file clones; makes a place for bundles. Each
 * worker has one to itself: a transaction that one file leaves open would hold up the folding of telemetry in another's.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const workers = project.config.maxWorkers
  if (!workers) throw new Error(`The project ${project.name} does not say how many workers it has.`)
  await mkdir(CACHE, { recursive: true })
  const bundles = await mkdtemp(path.join(CACHE, 'tidemark-tests-'))
  const claims = await scratchFolder('tidemark-claims-')
  const dataDirs = await Promise.all(Array.from({ length: workers }, newDataDir))
  const running: EmbeddedPostgres[] = []
  const teardown = async (): Promise<void> => {
    await Promise.all(running.map((postgres) => postgres.stop()))
    for (const folder of [...dataDirs, claims, bundles]) await rm(folder, { recursive: true, force: true })
  }
  try {
    await fillDataDirs(dataDirs)
    const start = async (dataDir: string): Promise<void> => {
      running.push(await supervisePostgres({ dataDir, settings: SETTINGS }))
    }
    await Promise.all(dataDirs.map(start))
  } catch (error) {
    await teardown()
    throw error
  }
  const databaseUrls = running.map(({ databaseUrl }) => databaseUrl)
  project.provide('databaseUrls', databaseUrls)
  project.provide('claims', claims)
  project.provide('bundles', path.basename(bundles))
  return teardown
}

const newDataDir = (): Promise<string> => scratchFolder('tidemark-test-')

/** Makes a PostgreSQL with the template in the first, and copies it, which is faster than to make it again. */
async function fillDataDirs(dataDirs: readonly string[]): Promise<void> {
  const [first = '', ...others] = dataDirs
  const postgres = await supervisePostgres({ dataDir: first, settings: SETTINGS })
  try {
    await makeTemplate(postgres.databaseUrl)
  } finally {
    await postgres.stop()
  }
  // Not `fs.cp`: the files belong to PostgreSQL's own account, and stay its own.
  for (const other of others) await run('cp', ['-a', `${first}/.`, other])
}

async function makeTemplate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`)
  await client.end()
  const environment = { ...process.env, DATABASE_URL: onDatabase(databaseUrl, TEMPLATE_DATABASE) }
  delete (environment as Record<string, string | undefined>)['DATABASE_DIRECT_URL']
  await run(process.execPath, ['--import', 'tsx', 'scripts/migrate.ts'], {
    cwd: ROOT,
    env: environment,
  })
}
