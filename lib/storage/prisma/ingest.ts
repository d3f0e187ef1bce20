import type { DeviceStatus, IngestKey, IngestPort, SeenDevice } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { floats, texts, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import type { IngestKey as IngestKeyRow } from './generated/client.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, atOrNull, ms, msOrNull } from './values.ts'

const CREATE_KEY: Statement = {
  name: 'ingest_key_create',
  text: `INSERT INTO ingest_key (fleet_id, id, name, source, hash, created_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
}
/** Columns by the names of Prisma's row. */
const LOCK_KEY: Statement = {
  name: 'ingest_key_lock',
  text: `SELECT fleet_id AS "fleetId", id, name, source, hash, created_at AS "createdAt", expires_at AS "expiresAt",
      revoked_at AS "revokedAt" FROM ingest_key WHERE fleet_id = $1 AND id = $2 FOR UPDATE`,
}
const UPDATE_KEY: Statement = {
  name: 'ingest_key_update',
  text: 'UPDATE ingest_key SET name = $3, expires_at = $4, revoked_at = $5 WHERE fleet_id = $1 AND id = $2',
}
/** One export at a time makes devices, so that the bound holds; a fleet that is being removed has none. */
const HOLD_FLEET: Statement = {
  name: 'ingest_hold_fleet',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1)) FROM fleet WHERE id = $1::uuid FOR KEY SHARE',
}
const MOVE_ON: Statement = {
  name: 'ingest_devices_move',
  text: `UPDATE device d SET name = k.n, platform = k.p, app_version = k.a, model = k.m, os = k.o,
      last_contact_at = greatest(d.last_contact_at, to_timestamp(k.t / 1000))
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[]) k(i, n, p, a, m, o, t)
    WHERE d.fleet_id = $1 AND d.id = k.i AND d.status <> 'revoked'`,
}
const MAKE: Statement = {
  name: 'ingest_devices_make',
  text: `INSERT INTO device (fleet_id, id, name, platform, app_version, model, os, source, status, access, enrolled_at, last_contact_at)
    SELECT $1, k.i, k.n, k.p, k.a, k.m, k.o, k.s, 'active', '{}', $10, to_timestamp(k.t / 1000)
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::text[])
      WITH ORDINALITY k(i, n, p, a, m, o, t, s, place)
    WHERE NOT EXISTS (SELECT FROM device x WHERE x.fleet_id = $1 AND x.id = k.i)
    ORDER BY k.place LIMIT greatest(0, $11 - (SELECT count(*) FROM device x WHERE x.fleet_id = $1 AND x.source IS NOT NULL))`,
}
const STATUSES: Statement = {
  name: 'ingest_devices_status',
  text: 'SELECT id, status FROM device WHERE fleet_id = $1 AND id = ANY ($2::uuid[])',
}

export function postgresIngest(database: Database): IngestPort {
  return {
    createKey: (key, audit) =>
      database.inFleet(key.fleetId, async (send) => {
        const times = [at(key.createdAtMs), atOrNull(key.expiresAtMs), atOrNull(key.revokedAtMs)]
        const named = [storableText(key.name), storableText(key.source), key.hash]
        await send(CREATE_KEY, [key.fleetId, key.id, ...named, ...times])
        await insertAudit(send, audit)
      }),
    listKeys: async (fleetId) => {
      const found = await database.prismaInFleet(fleetId, (tx) =>
        tx.ingestKey.findMany({ where: { fleetId }, orderBy: { createdAt: 'desc' } }),
      )
      return found.map(keyOf)
    },
    findKey: async (fleetId, hash) => {
      const row = await database.prismaInFleet(fleetId, (tx) =>
        tx.ingestKey.findUnique({ where: { fleetId_hash: { fleetId, hash } } }),
      )
      return row && keyOf(row)
    },
    updateKey: (fleetId, id, change) =>
      database.inFleet(fleetId, async (send) => {
        const [row] = await send<IngestKeyRow>(LOCK_KEY, [fleetId, id])
        if (!row) return null
        const { next, audit } = change(keyOf(row))
        const times = [atOrNull(next.expiresAtMs), atOrNull(next.revokedAtMs)]
        await send(UPDATE_KEY, [fleetId, id, storableText(next.name), ...times])
        await insertAudit(send, audit)
        return next
      }),
    seen: (fleetId, devices, nowMs, max) =>
      database.inFleet(fleetId, async (send) => {
        if ((await send(HOLD_FLEET, [fleetId])).length === 0)
          throw new FleetGone(`fleet ${fleetId} was removed`)
        const ids = uuids(devices.map(({ id }) => id))
        const values = [fleetId, ids, ...told(devices)]
        await send(MOVE_ON, values)
        await send(MAKE, [...values, texts(devices.map(({ source }) => source)), at(nowMs), max])
        const rows = await send<{ id: string; status: DeviceStatus }>(STATUSES, [fleetId, ids])
        return new Map(rows.map(({ id, status }) => [id, status]))
      }),
  }
}

const told = (devices: readonly SeenDevice[]): Buffer[] => [
  texts(devices.map(({ name }) => name)),
  texts(devices.map(({ platform }) => platform)),
  texts(devices.map(({ appVersion }) => appVersion)),
  texts(devices.map(({ model }) => model ?? null)),
  texts(devices.map(({ os }) => os ?? null)),
  floats(devices.map(({ lastContactMs }) => lastContactMs)),
]

const keyOf = (row: IngestKeyRow): IngestKey => ({
  id: row.id,
  fleetId: row.fleetId,
  name: originalText(row.name),
  source: originalText(row.source),
  hash: row.hash,
  createdAtMs: ms(row.createdAt),
  expiresAtMs: msOrNull(row.expiresAt),
  revokedAtMs: msOrNull(row.revokedAt),
})
