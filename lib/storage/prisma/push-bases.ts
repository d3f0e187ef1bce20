import { recordKey } from '#lib/engine/types.ts'
import { sharedText } from '#lib/kernel/shared-text.ts'
import type { WrittenChange } from '../change-rows.ts'
import { bigints, documentsAsText, ints, jsons, texts, uuids } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import { crdtToStore } from './record-row.ts'

type Replaced = NonNullable<WrittenChange['replaced']>

/** A shorter document is sent as fast as it is looked up. */
const COPIED_FROM_CHARS = 8 * 1024

const BASES: Statement = {
  name: 'push_write_bases',
  text: `INSERT INTO record_base (fleet_id, collection, record_id, version, data, schema_version, crdt, replaced_at)
    SELECT $1, k.*, $8 FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::int[], $7::json[]) k ON CONFLICT DO NOTHING`,
}
/** As they are stored: PostgreSQL neither reads nor compresses them again. */
const COPIED: Statement = {
  name: 'push_copy_bases',
  text: `INSERT INTO record_base (fleet_id, collection, record_id, version, data, schema_version, crdt, replaced_at)
    SELECT $1, r.collection, r.record_id, r.version, r.data, r.schema_version, r.crdt, $5
    FROM unnest($2::text[], $3::uuid[], $4::bigint[]) k(collection, record_id, version)
    CROSS JOIN LATERAL (SELECT * FROM record x WHERE x.fleet_id = $1 AND x.collection = k.collection
      AND x.record_id = k.record_id LIMIT 1) r
    WHERE r.version = k.version ON CONFLICT DO NOTHING`,
}

/** Keeps the replaced documents. To be sent before the records: what stands there yet is copied, where it is long. */
export function writeBases(
  send: Send,
  fleetId: string,
  changes: readonly WrittenChange[],
  committed: unknown,
): Promise<unknown>[] {
  const copied: Replaced[] = []
  const told: Replaced[] = []
  const met = new Set<string>()
  for (const { replaced } of changes) {
    if (!replaced) continue
    const key = recordKey(replaced.collection, replaced.recordId)
    // What a change of this group made stands nowhere yet.
    const list = !met.has(key) && isLong(replaced) ? copied : told
    list.push(replaced)
    met.add(key)
  }
  const sent: Promise<unknown>[] = []
  if (copied.length > 0) sent.push(send(COPIED, [fleetId, ...places(copied), committed]))
  if (told.length > 0)
    sent.push(
      send(BASES, [
        fleetId,
        ...places(told),
        documentsAsText(told.map((row) => row.data)),
        ints(told.map((row) => row.schemaVersion)),
        jsons(told.map((row) => crdtToStore(row.crdt))),
        committed,
      ]),
    )
  return sent
}

const places = (rows: readonly Replaced[]): unknown[] => [
  texts(rows.map((row) => row.collection)),
  uuids(rows.map((row) => row.recordId)),
  bigints(rows.map((row) => row.version)),
]

/** A tombstone may be purged before it is copied. */
const isLong = ({ data, crdt }: Replaced): boolean =>
  data !== null &&
  (Object.values(crdt).some((state) => state.kind === 'text' && state.update.length >= COPIED_FROM_CHARS) ||
    sharedText(data).length >= COPIED_FROM_CHARS)
