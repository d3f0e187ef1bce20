import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'

export const TEMPLATE_DATABASE = 'tidemark_template'

export interface TestDatabase {
  /** Logs in as the owner role, which is no superuser. */
  url: string
  drop(): Promise<void>
}

/** The PostgreSQL of this worker. */
export function testServer(): string {
  const url = inject('databaseUrls')[Number(process.env['VITEST_POOL_ID']) - 1]
  if (url === undefined) throw new Error('This worker has no PostgreSQL.')
  return url
}

/** A database of its own for one test file: a clone of the migrated, empty template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = testServer()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await run(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`)
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
