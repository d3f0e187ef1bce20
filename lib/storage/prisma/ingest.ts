import type { DeviceStatus, IngestKey, IngestPort, SeenDevice } from '../ports.ts'
import { floats, texts, uuids } from './arrays.ts'
import type { Database, Statement } from './database.ts'
import { postgresFleetKeys } from './fleet-keys.ts'
import { postgresScrapeTargets } from './scrape-targets.ts'
import { originalText, storableText } from './storable-text.ts'
import { holdFleet, postgresTold } from './told.ts'
import { at } from './values.ts'

/** What comes late, or with no time of contact, tells how a device was before what is known of it. */
const MOVE_ON: Statement = {
  name: 'ingest_devices_move',
  text: `UPDATE device d SET name = k.n, platform = k.p, app_version = k.a, model = k.m, os = k.o,
      last_contact_at = to_timestamp(k.t / 1000)
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[]) k(i, n, p, a, m, o, t)
    WHERE d.fleet_id = $1 AND d.id = k.i AND d.status <> 'revoked' AND coalesce(d.last_contact_at, '-infinity') <= to_timestamp(k.t / 1000)`,
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
    ...postgresFleetKeys<IngestKey>(database, {
      table: 'ingest_key',
      columns: ['source'],
      write: ({ source }) => ({ source: storableText(source) }),
      read: (key, { source }) => ({ ...key, source: originalText(source as string) }),
    }),
    ...postgresTold(database),
    ...postgresScrapeTargets(database),
    seen: (fleetId, devices, nowMs, max) =>
      database.inFleet(fleetId, async (send) => {
        await holdFleet(send, fleetId)
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
