import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { MigrationAdapter } from './migration-adapter.ts'
import { MigrationError } from './migration-error.ts'
import { readMigrationFolder, type MigrationFolder } from './migration-files.ts'
import { requireNoRestore } from './no-restore.ts'
import { loadSchemaEngine, migrationList, NO_FILTER } from './schema-engine.ts'
import { withClient } from './with-client.ts'

export interface MigrationState {
  applied: string[]
  pending: string[]
}

const POSTGRES_MIN = 150_000
/** `diff` answers 0 for "no difference" and 2 for "there is one". */
const DIFF_EMPTY = 0
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Which migrations the database has and lacks, by name and checksum. Cheap (one connection, no engine), so
 * that a second start stays fast.
 * Migrations unknown here are those of a newer version, which may run beside this one.
 * @throws MigrationError `postgres_too_old` | `migration_changed` | `migration_failed` | `restore_unfinished`
 */
export async function migrationState(databaseUrl: string, prismaRoot: string): Promise<MigrationState> {
  const folder = readMigrationFolder(prismaRoot)
  return withClient(databaseUrl, async (client) => {
    await requireNoRestore(client)
    return stateOf(client, folder)
  })
}

/** How a migration takes its locks beside processes at work. */
export interface LockPatience {
  /** What waits for a lock of a whole table holds up everybody who comes after it. */
  readonly timeoutMs: number
  readonly tries: number
  /** Between two tries: those who were held up go first. */
  readonly pauseMs: number
}
/** Some three minutes in all: longer than any transaction of ours may take. */
const LOCK_PATIENCE: LockPatience = { timeoutMs: 5_000, tries: 20, pauseMs: 5_000 }

/**
 * Brings the database to the newest migration by Prisma's own schema engine, as `prisma migrate deploy` would.
 * Safe to call from several processes: they queue on an advisory lock of ours (the engine's own gives up after
 * 10 s) and find nothing left to do. Call it in a process that ends afterwards (see schema-engine.ts).
 * A migration that doesn't get its locks in time is taken back as a whole and tried again (docs/upgrades.md).
 * @param options.restore of a restore: it alone migrates what it has loaded, up to `until` where that is named
 * @returns the names applied by this call
 * @throws MigrationError
 */
export async function applyMigrations(
  databaseUrl: string,
  prismaRoot: string,
  {
    restore,
    patience = LOCK_PATIENCE,
  }: {
    readonly restore?: { readonly until?: string }
    readonly patience?: LockPatience
  } = {},
): Promise<string[]> {
  const folder = upTo(readMigrationFolder(prismaRoot), restore?.until)
  return withClient(databaseUrl, async (client) => {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('tidemark.migrate', 0))`)
    if (!restore) await requireNoRestore(client)
    const { pending } = await stateOf(client, folder)
    for (let attempt = 1; (await stateOf(client, folder)).pending.length > 0; attempt++) {
      try {
        await applyPending(databaseUrl, folder, patience.timeoutMs)
      } catch (error) {
        const isLocked = (error as { code?: unknown } | null)?.code === LOCK_NOT_AVAILABLE
        if (isLocked) await forgetFailed(client)
        if (!isLocked || attempt >= patience.tries)
          throw new MigrationError('migration_failed', `A migration failed: ${messageOf(error)}`)
        await pause(patience.pauseMs)
      }
    }
    return pending
  })
}

async function applyPending(
  databaseUrl: string,
  folder: MigrationFolder,
  lockTimeoutMs: number,
): Promise<void> {
  const adapter = new MigrationAdapter(databaseUrl, lockTimeoutMs)
  try {
    const engine = await loadSchemaEngine(adapter, folder)
    await engine.applyMigrations({ migrationsList: migrationList(folder), filters: NO_FILTER })
  } catch (error) {
    throw adapter.scriptError ?? error
  } finally {
    await adapter.close()
  }
}

/** A script is sent whole, which is one transaction: of one that failed nothing is left but its row. */
async function forgetFailed(client: pg.Client): Promise<void> {
  await client.query(
    'UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  )
}

/**
 * The SQL that would lead from the migrations to `schema.prisma`, or null when they agree. Partitions,
 * policies and functions are invisible to it. Needs the right to create databases.
 * @internal for the test of migrations
 */
export async function driftBetweenMigrationsAndModel(
  databaseUrl: string,
  prismaRoot: string,
): Promise<string | null> {
  const folder = readMigrationFolder(prismaRoot)
  const adapter = new MigrationAdapter(databaseUrl)
  try {
    const engine = await loadSchemaEngine(adapter, folder)
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'migrations', ...migrationList(folder) },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: folder.model }] },
      script: true,
      exitCode: true,
      filters: NO_FILTER,
    })
    return exitCode === DIFF_EMPTY ? null : (stdout ?? 'the engine found a difference and printed none')
  } finally {
    await adapter.close()
  }
}

async function stateOf(client: pg.Client, folder: MigrationFolder): Promise<MigrationState> {
  await requireVersion(client)
  const rows = await appliedRows(client)
  const unfinished = rows.find((row) => !row.finished)
  if (unfinished) {
    const advice = 'Restore the backup made before it, or repair what it left and delete its row.'
    throw new MigrationError('migration_failed', `Migration ${unfinished.name} failed half-way. ${advice}`)
  }
  const known = new Map(folder.migrations.map(({ name, checksum }) => [name, checksum]))
  for (const { name, checksum } of rows) {
    const expected = known.get(name)
    if (expected !== undefined && expected !== checksum) {
      const advice = 'An applied migration is never edited: restore the file and add a new migration.'
      throw new MigrationError(
        'migration_changed',
        `Migration ${name} was changed after it was applied. ${advice}`,
      )
    }
  }
  const applied = rows.map((row) => row.name)
  const pending = folder.migrations.map(({ name }) => name).filter((name) => !applied.includes(name))
  return { applied, pending }
}

const upTo = (folder: MigrationFolder, until: string | undefined): MigrationFolder =>
  until === undefined
    ? folder
    : { ...folder, migrations: folder.migrations.filter(({ name }) => name <= until) }

async function requireVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: string; text: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS text`,
  )
  const [version] = rows
  if (Number(version?.number) >= POSTGRES_MIN) return
  throw new MigrationError(
    'postgres_too_old',
    `Tidemark needs PostgreSQL 15 or later; this server is ${version?.text}. Point DATABASE_URL to a newer one.`,
  )
}

async function appliedRows(
  client: pg.Client,
): Promise<{ name: string; checksum: string; finished: boolean }[]> {
  const table = await client.query<{ found: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`,
  )
  if (!table.rows[0]?.found) return []
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  )
  return rows
}

/** The engine throws objects that carry their text in different places. */
function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : JSON.stringify(error)
}
