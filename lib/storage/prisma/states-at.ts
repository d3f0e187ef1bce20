import type { EarlierStates } from '#lib/engine/texts-since.ts'
import type { RecordKey } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { RecordAt } from '../ports.ts'
import { bigints, texts, uuids } from './arrays.ts'
import type { Database, Statement } from './database.ts'
import { crdtOf } from './record-row.ts'
import { originalText } from './storable-text.ts'

const STATES_AT: Statement = {
  name: 'states_at',
  text: `SELECT k.collection, k.record_id, b.version, b.schema_version, b.crdt
    FROM unnest($2::text[], $3::uuid[], $4::bigint[]) k(collection, record_id, version)
    CROSS JOIN LATERAL (SELECT * FROM record_base x WHERE x.fleet_id = $1 AND x.collection = k.collection
      AND x.record_id = k.record_id AND x.version <= k.version ORDER BY x.version DESC LIMIT 1) b
    WHERE b.data IS NOT NULL AND NOT EXISTS (SELECT FROM record_base x WHERE x.fleet_id = $1 AND x.collection = k.collection
      AND x.record_id = k.record_id AND x.version > k.version AND x.data IS NULL)`,
}

interface StatesRow extends Record<string, unknown> {
  readonly collection: string
  readonly record_id: string
  readonly version: number
  readonly schema_version: number
  readonly crdt: unknown
}

/** SyncPort.statesAt */
export async function statesAt(
  database: Database,
  fleetId: string,
  places: readonly RecordAt[],
): Promise<ReadonlyMap<RecordKey, EarlierStates>> {
  const rows = await database.one<StatesRow>(fleetId, STATES_AT, [
    fleetId,
    texts(places.map((place) => place.collection)),
    uuids(places.map((place) => place.recordId)),
    bigints(places.map((place) => place.version)),
  ])
  return new Map(
    rows.map(({ collection, record_id, version, schema_version, crdt }) => [
      recordKey(originalText(collection), record_id),
      { version, schemaVersion: schema_version, crdt: crdtOf(crdt) },
    ]),
  )
}
