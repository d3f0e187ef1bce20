import type { JsonObject } from '#lib/kernel/json.ts'
import type { StateBounds, StateRow } from '../ports.ts'
import type { Database, Statement } from './database.ts'
import { storableText } from './storable-text.ts'
import { parsedJson } from './values.ts'

/** A record that changed since is shown by the replaced document that was current then. */
const STATE_AT: Statement = {
  name: 'state_at',
  text: `WITH s AS MATERIALIZED (SELECT record_id, version, data FROM (
      SELECT record_id, version, data FROM record WHERE fleet_id = $1 AND collection = $2 AND version <= $3 AND NOT deleted
      UNION ALL
      SELECT r.record_id, b.version, b.data FROM record r CROSS JOIN LATERAL (
        SELECT version, data FROM record_base x WHERE x.fleet_id = $1 AND x.collection = $2 AND x.record_id = r.record_id
          AND x.version <= $3 ORDER BY x.version DESC LIMIT 1) b
      WHERE r.fleet_id = $1 AND r.collection = $2 AND r.version > $3 AND b.data IS NOT NULL) all_of_it
    LIMIT $4)
    SELECT record_id, version, data FROM s WHERE (SELECT coalesce(sum(octet_length(data::text)), 0) FROM s) <= $5
    UNION ALL SELECT NULL, NULL, NULL WHERE (SELECT sum(octet_length(data::text)) FROM s) > $5`,
}

/** Live records of a collection as they were at one version, or null past the bounds: then none is sent. */
export async function stateAt(
  database: Database,
  fleetId: string,
  collection: string,
  version: number,
  most: StateBounds,
): Promise<readonly StateRow[] | null> {
  const rows = await database.one<{ record_id: string | null; version: number; data: string }>(
    fleetId,
    STATE_AT,
    [fleetId, storableText(collection), version, most.records + 1, most.bytes],
  )
  if (rows.length > most.records || rows[0]?.record_id === null) return null
  return rows.map((row) => ({
    recordId: row.record_id ?? '',
    version: row.version,
    data: parsedJson<JsonObject>(row.data),
  }))
}
