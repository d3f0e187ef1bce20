import type { Tally, TallyRange } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { bigints, texts } from './arrays.ts'
import type { Database, Statement } from './database.ts'
import { originalText } from './storable-text.ts'

/** In order, although nothing asks for one: so it is the index of versions that is read, and often nothing else. */
const TALLY: Statement = {
  name: 'pull_tally',
  text: `SELECT a.collection, f.epoch, coalesce(h.version, 0) AS head, coalesce(h.purged_version, 0) AS purged,
      (SELECT count(*) FROM (SELECT FROM record r WHERE r.fleet_id = $1 AND r.collection = a.collection
        AND r.version > a.after_version AND r.version <= a.up_to ORDER BY r.version OFFSET 0) n) AS records
    FROM unnest($2::text[], $3::bigint[], $4::bigint[]) a(collection, after_version, up_to)
      JOIN fleet f ON f.id = $1 LEFT JOIN stream_head h ON h.fleet_id = $1 AND h.collection = a.collection`,
}

interface TallyRow extends Record<string, unknown> {
  readonly collection: string
  readonly epoch: number
  readonly head: number
  readonly purged: number
  readonly records: number
}

/** SyncPort.tally */
export async function tally(
  database: Database,
  fleetId: string,
  ranges: readonly TallyRange[],
): Promise<Tally> {
  const rows = await database.one<TallyRow>(fleetId, TALLY, [
    fleetId,
    texts(ranges.map((range) => range.collection)),
    bigints(ranges.map((range) => range.afterVersion)),
    bigints(ranges.map((range) => range.upTo)),
  ])
  const [first] = rows
  if (!first) throw new FleetGone(`fleet ${fleetId} was removed`)
  const by = (figure: 'head' | 'purged' | 'records') =>
    new Map(rows.map((row) => [originalText(row.collection), row[figure]]))
  return { epoch: first.epoch, heads: by('head'), purged: by('purged'), records: by('records') }
}
