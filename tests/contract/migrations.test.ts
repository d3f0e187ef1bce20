import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  applyMigrations,
  driftBetweenMigrationsAndModel,
  migrationState,
} from '#lib/storage/prisma/migrate.ts'
import { readMigrationFolder } from '#lib/storage/prisma/migration-files.ts'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'
import { createTestDatabase, type TestDatabase } from '#tests/support/database.ts'

const PRISMA_ROOT = path.resolve(import.meta.dirname, '../../prisma')
const NAMES = readMigrationFolder(PRISMA_ROOT).migrations.map(({ name }) => name)

const ONE_MORE = '29990101000000_one_more'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

describe('migrations', () => {
  it('agree with schema.prisma', async () => {
    expect(await driftBetweenMigrationsAndModel(database.url, PRISMA_ROOT)).toBeNull()
  })

  it('are recorded by name and checksum, so that a migrated database needs no engine', async () => {
    expect(await migrationState(database.url, PRISMA_ROOT)).toEqual({ applied: NAMES, pending: [] })
  })

  it('apply once when several callers start together on an empty database', async () => {
    await client.query('CREATE DATABASE migrate_together TEMPLATE template0')
    const url = onDatabase(database.url, 'migrate_together')
    try {
      const calls = await Promise.all([1, 2, 3].map(() => applyMigrations(url, PRISMA_ROOT)))
      expect(calls.flat()).toEqual(NAMES)
    } finally {
      await client.query('DROP DATABASE migrate_together WITH (FORCE)')
    }
  })

  it('wait for no lock for long: they let those pass whom they hold up, and try again', async () => {
    const root = withOneMore(
      'ALTER TABLE fleet ADD COLUMN one INTEGER; ALTER TABLE device ADD COLUMN two INTEGER;',
    )
    const holder = new pg.Client({ connectionString: database.url })
    await holder.connect()
    onTestFinished(() => holder.end())
    await holder.query('BEGIN; LOCK TABLE device IN SHARE MODE')
    const patience = { timeoutMs: 200, tries: 50, pauseMs: 100 }
    const applied = applyMigrations(database.url, root, { patience })
    const gaveUp = 'SELECT count(*)::int AS n FROM _prisma_migrations WHERE rolled_back_at IS NOT NULL'
    await expect.poll(async () => (await client.query(gaveUp)).rows[0].n).toBeGreaterThan(0)
    // Of a try that failed nothing is left: neither its first statement nor its lock.
    await expect.poll(() => client.query('SELECT one FROM fleet').then(String, String)).toContain('"one"')
    await holder.query('COMMIT')
    expect(await applied).toEqual([ONE_MORE])
    expect((await migrationState(database.url, root)).pending).toEqual([])
    expect((await client.query('SELECT one FROM fleet')).rows).toEqual([])
  })

  it('are not tried again for a defect of their own', async () => {
    const root = withOneMore('ALTER TABLE no_such_table ADD COLUMN one INTEGER;', '29990101000001_defect')
    await expect(applyMigrations(database.url, root)).rejects.toMatchObject({ code: 'migration_failed' })
    await expect(migrationState(database.url, root)).rejects.toThrow('failed half-way')
    await client.query('DELETE FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL')
  })

  it('refuse to go on when an applied one was edited', async () => {
    await client.query(`UPDATE _prisma_migrations SET checksum = 'edited' WHERE migration_name = $1`, [
      NAMES[0],
    ])
    await expect(migrationState(database.url, PRISMA_ROOT)).rejects.toMatchObject({
      code: 'migration_changed',
    })
  })
})

/** The migrations that there are, and one behind them; removed at the end of the test. */
function withOneMore(sql: string, name = ONE_MORE): string {
  const root = mkdtempSync(path.join(tmpdir(), 'tidemark-migrations-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  cpSync(PRISMA_ROOT, root, { recursive: true })
  mkdirSync(path.join(root, 'migrations', name))
  writeFileSync(path.join(root, 'migrations', name, 'migration.sql'), sql)
  return root
}
