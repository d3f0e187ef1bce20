import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { BackupHeader } from './backup-file.ts'
import { BackupWriter, FORMAT, keyIdOf } from './backup-file.ts'
import { copyOut } from './copy.ts'
import { numberOf, withOwner } from './session.ts'
import { copyOutOf, isTable, listTables, quoted } from './tables.ts'

export interface BackupOptions {
  /** Past a transaction-mode pooler; as the owner of the tables. */
  readonly directUrl: string
  readonly secret: string
  readonly appVersion: string
  readonly file: string
}

export interface BackupTaken {
  readonly header: BackupHeader
  readonly rows: Readonly<Record<string, number>>
  readonly bytes: number
}

const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
/**
 * Whoever migrates, or makes and drops partitions, waits for its turn before it locks a table: behind a lock on a table
 * that the backup reads, everybody else would wait.
 */
const HOLD_OFF = `SELECT pg_advisory_lock_shared(hashtextextended('tidemark.migrate', 0)),
  pg_advisory_lock_shared(hashtextextended('tidemark.partitions', 0))`

/**
 * Writes all that the database holds at one moment into a file, beside running servers: one transaction sees one snapshot
 * and keeps nobody waiting. Memory is bounded by a few chunks of a megabyte.
 * @throws BackupError `file_exists`, `not_written`; errors of PostgreSQL as they are
 */
export async function takeBackup(options: BackupOptions): Promise<BackupTaken> {
  const { directUrl, secret, file } = options
  const writer = await BackupWriter.create(file, secret)
  try {
    return await withOwner(directUrl, async (client) => {
      await client.query(HOLD_OFF)
      await client.query(SNAPSHOT)
      const header = await headerOf(client, options)
      await writer.header(header)
      const rows: Record<string, number> = {}
      for (const [place, table] of header.tables.entries()) {
        let count = 0
        await copyOut(client, copyOutOf(table), async (chunk) => {
          count += linesOf(chunk)
          await writer.rows(place, chunk)
        })
        rows[table.name] = count
      }
      await client.query('COMMIT')
      await writer.end(rows)
      return { header, rows, bytes: writer.bytes }
    })
  } catch (error) {
    await writer.discard()
    throw error
  }
}

const NEWLINE = 10
/** COPY's text ends each row with a newline, and writes those within values otherwise. */
export function linesOf(chunk: Uint8Array): number {
  let count = 0
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) count += 1
  return count
}

async function headerOf(client: pg.Client, { secret, appVersion }: BackupOptions): Promise<BackupHeader> {
  const applied = await client.query<{ name: string; checksum: string }>(
    `SELECT migration_name AS name, checksum FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  )
  const fleets = await client.query<{ id: string; name: string; epoch: number }>(
    'SELECT id, name, epoch FROM fleet ORDER BY id',
  )
  const heads = await client.query<{ fleet_id: string; collection: string; version: string }>(
    'SELECT fleet_id, collection, version FROM stream_head ORDER BY 1, 2',
  )
  const partitions = await client.query<{ name: string }>('SELECT tidemark_partitions() AS name')
  // Of the transaction's begin, before the snapshot: what was acknowledged until then is in it.
  const now = await client.query<{ at: Date }>('SELECT now() AS at')
  return {
    format: FORMAT,
    id: randomUUID(),
    appVersion,
    takenAt: now.rows[0]?.at.toISOString() ?? '',
    keyId: keyIdOf(secret),
    migrations: applied.rows,
    fleets: fleets.rows,
    heads: heads.rows.map((row) => ({
      fleetId: row.fleet_id,
      collection: row.collection,
      version: numberOf(row.version),
    })),
    auditHead: await auditHeadOf(client),
    partitions: partitions.rows.map(({ name }) => name),
    tables: await listTables(client),
  }
}

/** A database of before the chain has none. */
async function auditHeadOf(client: pg.Client): Promise<BackupHeader['auditHead']> {
  if (!(await isTable(client, 'audit_head'))) return null
  const { rows } = await client.query<{ seq: string; mac: string }>('SELECT seq, mac FROM audit_head')
  const [head] = rows
  return head && numberOf(head.seq) > 0 ? { seq: numberOf(head.seq), mac: head.mac } : null
}

/** Rows of a table, as they are. */
export async function countRows(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM public.${quoted(table)}`)
  return numberOf(rows[0]?.n)
}
