import type { FleetKey, FleetKeyPort } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, atOrNull, ms, msOrNull } from './values.ts'

/** Where keys of one kind are kept, and the one column that is theirs alone. */
interface KeyTable<Key extends FleetKey> {
  readonly table: 'enrollment_key' | 'ingest_key'
  readonly column: 'access' | 'source'
  readonly write: (key: Key) => string | null
  readonly read: (key: FleetKey, own: unknown) => Key
}

interface KeyRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly name: string
  readonly hash: string
  readonly created_at: Date
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly own: unknown
}

export function postgresFleetKeys<Key extends FleetKey>(
  database: Database,
  { table, column, write, read }: KeyTable<Key>,
): FleetKeyPort<Key> {
  const statement = (name: string, text: string): Statement => ({ name: `${table}_${name}`, text })
  const select = `SELECT fleet_id, id, name, hash, created_at, expires_at, revoked_at, ${column} AS own FROM ${table}`
  const CREATE = statement(
    'create',
    `INSERT INTO ${table} (fleet_id, id, name, hash, created_at, expires_at, revoked_at, ${column})
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
  )
  const LIST = statement('list', `${select} WHERE fleet_id = $1 ORDER BY created_at DESC, id`)
  const FIND = statement('find', `${select} WHERE fleet_id = $1 AND hash = $2`)
  const LOCK = statement('lock', `${select} WHERE fleet_id = $1 AND id = $2 FOR UPDATE`)
  const UPDATE = statement(
    'update',
    `UPDATE ${table} SET name = $3, expires_at = $4, revoked_at = $5 WHERE fleet_id = $1 AND id = $2`,
  )
  const keyOf = (row: KeyRow): Key => read(commonOf(row), row.own)
  return {
    createKey: (key, audit) =>
      database.inFleet(key.fleetId, async (send) => {
        const { fleetId, id, name, hash } = key
        const times = [at(key.createdAtMs), atOrNull(key.expiresAtMs), atOrNull(key.revokedAtMs)]
        await send(CREATE, [fleetId, id, storableText(name), hash, ...times, write(key)])
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
})
