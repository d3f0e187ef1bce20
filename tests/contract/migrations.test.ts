import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

  it('refuse to go on when an applied one was edited', async () => {
    await client.query(`UPDATE _prisma_migrations SET checksum = 'edited' WHERE migration_name = $1`, [
      NAMES[0],
    ])
    await expect(migrationState(database.url, PRISMA_ROOT)).rejects.toMatchObject({
      code: 'migration_changed',
    })
  })
})
