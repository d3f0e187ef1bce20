import type { FleetKey, FleetKeyPort } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, atOrNull, ms, msOrNull } from './values.ts'

/** Where keys of one kind are kept, and the columns that are theirs alone: those written when one is made, and all that are read. */
interface KeyTable<Key extends FleetKey> {
  readonly table: 'enrollment_key' | 'ingest_key'
  readonly write: (key: Key) => Readonly<Record<string, unknown>>
  readonly columns: readonly string[]
  readonly read: (key: FleetKey, row: Readonly<Record<string, unknown>>) => Key
}

interface KeyRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly name: string
  readonly hash: string
  readonly created_at: Date
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly last_used_at: Date | null
}
const COMMON = ['fleet_id', 'id', 'name', 'hash', 'created_at', 'expires_at', 'revoked_at']

export function postgresFleetKeys<Key extends FleetKey>(
  database: Database,
  { table, columns, write, read }: KeyTable<Key>,
): FleetKeyPort<Key> {
  const statement = (name: string, text: string): Statement => ({ name: `${table}_${name}`, text })
  const select = `SELECT ${[...COMMON, 'last_used_at', ...columns].join(', ')} FROM ${table}`
  const LIST = statement('list', `${select} WHERE fleet_id = $1 ORDER BY created_at DESC, id`)
  const FIND = statement('find', `${select} WHERE fleet_id = $1 AND hash = $2`)
  const LOCK = statement('lock', `${select} WHERE fleet_id = $1 AND id = $2 FOR UPDATE`)
  const UPDATE = statement(
    'update',
    `UPDATE ${table} SET name = $3, expires_at = $4, revoked_at = $5 WHERE fleet_id = $1 AND id = $2`,
  )
  const NOTE_USE = statement(
    'note_use',
    `UPDATE ${table} SET last_used_at = greatest(last_used_at, $3) WHERE fleet_id = $1 AND id = $2`,
  )
  const keyOf = (row: KeyRow): Key => read(commonOf(row), row)
  return {
    createKey: (key, audit) =>
      database.inFleet(key.fleetId, async (send) => {
        const { fleetId, id, name, hash } = key
        const times = [at(key.createdAtMs), atOrNull(key.expiresAtMs), atOrNull(key.revokedAtMs)]
        const own = write(key)
        const names = [...COMMON, ...Object.keys(own)]
        const values = [fleetId, id, storableText(name), hash, ...times, ...Object.values(own)]
        const places = names.map((_, index) => `$${index + 1}`).join(', ')
        await send(
          statement('create', `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`),
          values,
        )
        await insertAudit(send, audit)
      }),
    listKeys: async (fleetId) => (await database.one<KeyRow>(fleetId, LIST, [fleetId])).map(keyOf),
    findKey: async (fleetId, hash) => {
      const [row] = await database.one<KeyRow>(fleetId, FIND, [fleetId, hash])
      return row ? keyOf(row) : null
    },
    updateKey: (fleetId, id, change) =>
      database.inFleet(fleetId, async (send) => {
        const [row] = await send<KeyRow>(LOCK, [fleetId, id])
        if (!row) return null
        const { next, audit } = change(keyOf(row))
        const times = [atOrNull(next.expiresAtMs), atOrNull(next.revokedAtMs)]
        await send(UPDATE, [fleetId, id, storableText(next.name), ...times])
        await insertAudit(send, audit)
        return next
      }),
    noteUse: async (fleetId, id, atMs) => {
      await database.one(fleetId, NOTE_USE, [fleetId, id, at(atMs)])
    },
  }
}

const commonOf = (row: KeyRow): FleetKey => ({
  id: row.id,
  fleetId: row.fleet_id,
  name: originalText(row.name),
  hash: row.hash,
  createdAtMs: ms(row.created_at),
  expiresAtMs: msOrNull(row.expires_at),
  revokedAtMs: msOrNull(row.revoked_at),
  lastUsedMs: msOrNull(row.last_used_at),
})
