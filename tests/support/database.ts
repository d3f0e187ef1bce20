import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'

export const TEMPLATE_DATABASE = 'tidemark_template'

export interface TestDatabase {
  /** Logs in as the owner role, which is no superuser. */
  url: string
  drop(): Promise<void>
}

/**
 * The PostgreSQL of this worker, which it keeps while it lives. vitest's own number of a worker doesn't tell: where a
 * project comes behind another one, two of its workers may both be the first.
 */
export function testServer(): string {
  const urls = inject('databaseUrls')
  const [only, ...others] = urls
  if (only !== undefined && others.length === 0) return only
  const claims = urls.map((_, place) => path.join(inject('claims'), String(place)))
  const own = claims.findIndex((claim) => holderOf(claim) === process.pid)
  const url = urls[own === -1 ? claims.findIndex(take) : own]
  if (url === undefined) throw new Error('This worker has no PostgreSQL.')
  return url
}

/** Takes a place that nobody has. */
function take(claim: string): boolean {
  try {
    writeFileSync(claim, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function holderOf(claim: string): number | null {
  try {
    return Number(readFileSync(claim, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** A database of its own for one test file: a clone of the migrated, empty template, as files: block by block through the log it takes twice as long. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = testServer()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await run(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE} STRATEGY FILE_COPY`)
  return { url: onDatabase(server, name), drop: () => run(server, `DROP DATABASE ${name} WITH (FORCE)`) }
}

async function run(databaseUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
