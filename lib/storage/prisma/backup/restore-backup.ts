import type pg from 'pg'
import { applyMigrations } from '../migrate.ts'
import type { MigrationFile } from '../migration-files.ts'
import { readMigrationFolder } from '../migration-files.ts'
import { BackupError } from './backup-error.ts'
import type { BackupHeader, ReadBackup } from './backup-file.ts'
import { readBackup } from './backup-file.ts'
import { TableLoader } from './load-rows.ts'
import { withOwner } from './session.ts'
import { isTable, listTables, quoted, RESTORE_MARK } from './tables.ts'

export interface RestoreOptions {
  /** Of the database to restore into, past a pooler, as its owner. */
  readonly directUrl: string
  readonly prismaRoot: string
  readonly secret: string
  readonly file: string
  /** The epoch that every fleet is to have; by itself one that no other restore has given. */
  readonly epoch: number | null
  /** Takes a file whose signature cannot be checked. */
  readonly unproven: boolean
  /** The new epoch of a fleet that has this one in the backup. */
  readonly epochAfter: (before: number) => number
  /** What each fleet's config version is raised to: one that no device holds of the lost server. */
  readonly configAtLeast: number
}

/** What stands in the mark until the restore is finished. */
export interface LoadedBackup {
  readonly backupId: string
  readonly takenAt: string
  readonly proven: boolean
  readonly fleets: readonly {
    readonly id: string
    readonly name: string
    readonly epochBefore: number
    readonly epoch: number
  }[]
  readonly rows: Readonly<Record<string, number>>
  readonly auditHead: BackupHeader['auditHead']
  readonly heads: BackupHeader['heads']
}

const EPOCH_MAX = 2 ** 31 - 1

/**
 * Loads a backup into an empty database, in one transaction: all of it or nothing. Devices can't be served from it yet: the
 * mark keeps servers off until `finishRestore`. Run again after it was broken off, it goes on behind what is done.
 * @throws BackupError before anything is written, but for the tables of an empty database
 */
export async function loadBackup(options: RestoreOptions): Promise<LoadedBackup> {
  const { directUrl, prismaRoot, file, secret, unproven } = options
  const read = await readBackup(file, { secret, unproven })
  const last = lastMigration(read.header, readMigrationFolder(prismaRoot).migrations)
  requireEpoch(read.header, options.epoch)
  const before = await withOwner(directUrl, async (client) => {
    await requireAlone(client)
    const mark = await readMark(client)
    if (mark) return mark
    await requireEmpty(client)
    await requireNoNewer(client, read.header)
    return null
  })
  if (before) return continued(before, read)
  await applyMigrations(directUrl, prismaRoot, { restore: { until: last } })
  const loaded = await withOwner(directUrl, (client) => load(client, read, options))
  return loaded
}

async function load(client: pg.Client, read: ReadBackup, options: RestoreOptions): Promise<LoadedBackup> {
  const { header, end } = read
  await client.query('BEGIN')
  try {
    await prepareTables(client)
    for (const name of header.partitions) await makePartition(client, name)
    const loader = new TableLoader(client, header.tables)
    const again = await readBackup(options.file, options, (table, rows) => loader.take(table, rows))
    await loader.end()
    const isSame =
      again.end.sha256 === end.sha256 &&
      header.tables.every(({ name }) => (loader.rows[name] ?? 0) === (end.rows[name] ?? 0))
    if (!isSame)
      throw new BackupError(
        'damaged',
        `${options.file} changed while it was read, or does not hold what it says. Nothing was changed.`,
      )
    const fleets: LoadedBackup['fleets'][number][] = []
    for (const { id, name, epoch: epochBefore } of header.fleets) {
      const epoch = options.epoch ?? options.epochAfter(epochBefore)
      await client.query(
        'UPDATE fleet SET epoch = $2, config_version = greatest(config_version + 1, $3::int) WHERE id = $1',
        [id, epoch, options.configAtLeast],
      )
      fleets.push({ id, name, epochBefore, epoch })
    }
    const { id: backupId, takenAt, auditHead, heads } = header
    const loaded: LoadedBackup = {
      backupId,
      takenAt,
      proven: read.proven,
      fleets,
      rows: end.rows,
      auditHead,
      heads,
    }
    await client.query(`CREATE TABLE ${RESTORE_MARK} (loaded json NOT NULL)`)
    await client.query(`INSERT INTO ${RESTORE_MARK} VALUES ($1)`, [JSON.stringify(loaded)])
    // A server that was started meanwhile saw no mark.
    await requireAlone(client)
    await client.query('COMMIT')
    await client.query('ANALYZE')
    return loaded
  } catch (error) {
    // On a broken connection this fails too, and PostgreSQL rolls back by itself: the first failure is what is told.
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Takes every table, so that no server writes to one meanwhile, and what an empty installation has of its own out of them. */
async function prepareTables(client: pg.Client): Promise<void> {
  const tables = (await listTables(client)).map(({ name }) => quoted(name))
  await client.query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`)
  await requireEmpty(client)
  for (const table of tables) {
    const { rows } = await client.query(`SELECT FROM ${table} LIMIT 1`)
    if (rows.length > 0) await client.query(`TRUNCATE ${table} CASCADE`)
  }
}

/** Named as it is in the file, which may be anybody's: so only by the function, from its parts. */
async function makePartition(client: pg.Client, name: string): Promise<void> {
  const parts = /^([a-z_]+)_(\d{4})(\d\d)(\d\d)?$/.exec(name)
  if (!parts) return
  const [, cut, year, month, day = '01'] = parts
  await client.query(
    'SELECT tidemark_make_partition(c.name, $2::date) FROM tidemark_cuts() c WHERE c.name = $1',
    [cut, `${year}-${month}-${day}`],
  )
}

function lastMigration(header: BackupHeader, known: readonly MigrationFile[]): string {
  const checksums = new Map(known.map(({ name, checksum }) => [name, checksum]))
  const newer = header.migrations.find(({ name, checksum }) => checksums.get(name) !== checksum)
  const last = header.migrations.at(-1)
  if (!newer && last) return last.name
  throw new BackupError(
    'newer_schema',
    `The backup was taken by Tidemark ${header.appVersion} with the migration ${newer?.name ?? 'none'}, which this version does not have: restore it with that version.`,
  )
}

function requireEpoch(header: BackupHeader, epoch: number | null): void {
  if (epoch === null) return
  const least = Math.max(0, ...header.fleets.map((fleet) => fleet.epoch)) + 1
  if (epoch >= least && epoch <= EPOCH_MAX) return
  throw new BackupError('epoch_too_low', `--epoch must be at least ${least}: the backup has ${least - 1}.`)
}

/** The owner's name is empty for what PostgreSQL does by itself. */
const OTHERS = `SELECT count(*)::int AS n FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL`
const ALONE_TRIES = 20
const ALONE_WAIT_MS = 100

/** A connection that was closed a moment ago may still be listed. */
async function requireAlone(client: pg.Client): Promise<void> {
  for (let attempt = 0; attempt < ALONE_TRIES; attempt += 1) {
    // Within a transaction PostgreSQL goes on telling what it told first.
    await client.query('SELECT pg_stat_clear_snapshot()')
    const { rows } = await client.query<{ n: number }>(OTHERS)
    if (rows[0]?.n === 0) return
    await client.query('SELECT pg_sleep($1)', [ALONE_WAIT_MS / 1000])
  }
  throw new BackupError(
    'target_in_use',
    'Something else is connected to this database: stop the servers on it, and run this again. Nothing was changed.',
  )
}

/** What a start alone writes (the link for setting up, positions of processes) counts for nothing. */
const LIVED_IN = ['fleet', 'app_user', 'api_key', 'record', 'change_log']

async function requireEmpty(client: pg.Client): Promise<void> {
  for (const table of LIVED_IN) {
    if (!(await isTable(client, table))) continue
    const { rows } = await client.query(`SELECT FROM ${quoted(table)} LIMIT 1`)
    if (rows.length === 0) continue
    throw new BackupError(
      'target_not_empty',
      'This database holds data already, and a restore overwrites nothing: name an empty database, or another TIDEMARK_DATA_DIR.',
    )
  }
}

async function requireNoNewer(client: pg.Client, header: BackupHeader): Promise<void> {
  if (!(await isTable(client, '_prisma_migrations'))) return
  const { rows } = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  )
  const of = new Set(header.migrations.map(({ name }) => name))
  if (rows.every(({ name }) => of.has(name))) return
  throw new BackupError(
    'target_newer',
    'This database was migrated further than the backup: name one without tables, or another TIDEMARK_DATA_DIR; the restore migrates it.',
  )
}

/** Of a restore that was not finished; null for none. */
export async function readMark(client: pg.Client): Promise<LoadedBackup | null> {
  if (!(await isTable(client, RESTORE_MARK))) return null
  const { rows } = await client.query<{ loaded: LoadedBackup }>(`SELECT loaded FROM ${RESTORE_MARK}`)
  return rows[0]?.loaded ?? null
}

function continued(before: LoadedBackup, read: ReadBackup): LoadedBackup {
  if (before.backupId === read.header.id) return before
  throw new BackupError(
    'other_restore',
    `A restore of another backup, of ${before.takenAt}, was broken off here: finish that one, or take an empty database.`,
  )
}
