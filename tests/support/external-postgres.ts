import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'
import { applyMigrations } from '#lib/storage/prisma/migrate.ts'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'
import type { TestDatabase } from './database.ts'
import { scratchFolder } from './scratch.ts'

export interface ExternalDatabase extends TestDatabase {
  /** The same database by who runs the server. */
  superuserUrl: string
}

const PRISMA_ROOT = path.resolve(import.meta.dirname, '../../prisma')
const SETTINGS = { fsync: 'off', full_page_writes: 'off', autovacuum: 'off' }

/** The same server and database by its superuser, who has the password of the owner login. */
export function asSuperuser(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  url.username = 'postgres'
  return url.toString()
}

/**
 * A PostgreSQL as somebody else runs it, migrated: a server of its own, whose administrator made the database, a login that
 * owns it and may make no roles, and the runtime role for that login to take.
 */
export async function startExternalPostgres(): Promise<ExternalDatabase> {
  const dataDir = await scratchFolder('tidemark-external-')
  const server = await supervisePostgres({ dataDir, settings: SETTINGS })
  const drop = async (): Promise<void> => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const password = randomUUID()
    const administrator = new pg.Client({ connectionString: asSuperuser(server.databaseUrl) })
    await administrator.connect()
    for (const statement of [
      `CREATE ROLE console_login LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD '${password}'`,
      'CREATE ROLE tidemark_runtime NOLOGIN',
      'GRANT tidemark_runtime TO console_login',
      'CREATE DATABASE console OWNER console_login',
    ])
      await administrator.query(statement)
    await administrator.end()
    const own = new URL(onDatabase(server.databaseUrl, 'console'))
    own.username = 'console_login'
    own.password = password
    await applyMigrations(own.toString(), PRISMA_ROOT)
    // The superuser has the server's password, which the login's URL doesn't carry.
    return { url: own.toString(), superuserUrl: asSuperuser(onDatabase(server.databaseUrl, 'console')), drop }
  } catch (error) {
    await drop()
    throw error
  }
}
