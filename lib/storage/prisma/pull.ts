import type { RecordTexts } from '#lib/engine/wire-record.ts'
import { reachedBy } from '../page-changes.ts'
import type { PullPage, PullRead } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { bigints, texts } from './arrays.ts'
import type { Database, Statement } from './database.ts'
import { pulledOps } from './ot-log.ts'
import type { RecordTextRow } from './record-row.ts'
import { recordTextsOf } from './record-row.ts'
import { originalText } from './storable-text.ts'

const WITHIN_BOUNDS = `r.collection, r.record_id, r.version, r.deleted, CASE WHEN NOT r.over THEN r.data END, r.hlc,
      r.version_vector, r.schema_version, CASE WHEN NOT r.over THEN r.crdt END, r.ot`

/**
 * Heads and records of one snapshot (TK2). Rows of kind 0 are the heads; the rest are records in order, one more
 * than asked, and those past a bound come without their document.
 */
const PULL: Statement = {
  name: 'pull',
  text: `WITH asked AS (
      SELECT * FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS a(collection, after_version, place)
    ), behind AS (
      SELECT place, r.* FROM asked, LATERAL (
        SELECT * FROM record WHERE fleet_id = $1 AND record.collection = asked.collection AND version > asked.after_version
        ORDER BY version LIMIT $4 + 1) r
      ORDER BY place, r.version LIMIT $4 + 1
    ), measured AS (
      SELECT r.*, row_number() OVER w > $4 OR coalesce(sum(octet_length(r.data) + coalesce(octet_length(r.crdt::text), 0)) OVER before, 0) >= $5 AS over
      FROM behind r WINDOW w AS (ORDER BY place, version), before AS (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
    SELECT 0 AS kind, place, f.epoch, coalesce(h.version, 0) AS head, h.purged_version AS purged, false AS over, asked.collection, NULL::uuid AS record_id,
      NULL::bigint AS version, NULL::boolean AS deleted, NULL::text AS data, NULL::text AS hlc,
      NULL::text AS version_vector, NULL::int AS schema_version, NULL::json AS crdt, NULL::json AS ot
    FROM asked JOIN fleet f ON f.id = $1 LEFT JOIN stream_head h ON h.fleet_id = $1 AND h.collection = asked.collection
    UNION ALL
    SELECT 1, r.place, NULL, NULL, NULL, r.over, ${WITHIN_BOUNDS} FROM measured r
    ORDER BY kind, place, version`,
}

interface PullRow extends RecordTextRow {
  readonly kind: 0 | 1
  readonly place: number
  readonly epoch: number
  readonly head: number
  readonly purged: number | null
  readonly over: boolean
}

/** One page of changes past the positions, newest version of each record, within both bounds. */
export async function pullPage(
  database: Database,
  fleetId: string,
  reads: readonly PullRead[],
  bounds: { limit: number; maxBytes: number },
): Promise<PullPage> {
  const rows = await database.one<PullRow>(fleetId, PULL, [
    fleetId,
    texts(reads.map((read) => read.collection)),
    bigints(reads.map((read) => read.afterVersion)),
    bounds.limit,
    bounds.maxBytes,
  ])
  // Each collection asked for has its head's row, unless there is no fleet to join it with.
  if (reads.length > 0 && rows[0]?.kind !== 0) throw new FleetGone(`fleet ${fleetId} was removed`)
  const heads = new Map<string, number>()
  const purged = new Map<string, number>()
  const records: RecordTexts[] = []
  const lastOf = new Map<string, number>()
  let epoch = 0
  let cut: number | null = null
  for (const row of rows) {
    if (row.kind === 0) {
      epoch = row.epoch
      heads.set(originalText(row.collection), row.head)
      purged.set(originalText(row.collection), row.purged ?? 0)
    } else if (row.over) {
      cut = row.place - 1
      break
    } else {
      const record = recordTextsOf(row)
      records.push(record)
      lastOf.set(record.collection, record.version)
    }
  }
  const otOps = await pulledOps(database, fleetId, reads, records, bounds)
  return { epoch, heads, purged, records, otOps, ...reachedBy(reads, heads, cut, lastOf) }
}
