import { TIER_MS } from '#lib/rollups/bucket.ts'
import type { TelemetryPort } from '../ports.ts'
import type { Database, Statement } from './database.ts'
import type { PositionRow } from './fold.ts'
import { fillMerged } from './fill-merged.ts'
import { FOLD_POSITION, foldNext } from './fold.ts'
import { insertEventsOnce } from './insert-events.ts'
import { refold } from './refold.ts'
import type { RangeRow, VersionStartRow } from './rollup-row.ts'
import { bucketsOf, rollupRange, VERSION_STARTS } from './rollup-row.ts'
import { originalText } from './storable-text.ts'
import { at, msOrNull } from './values.ts'

const OLDEST_UNFOLDED: Statement = {
  name: 'fold_oldest',
  text: `SELECT min(appended_at) AS oldest FROM telemetry_event e WHERE e.fleet_id = $1 AND (e.xid, e.id) >
    (coalesce((SELECT p.xid FROM fold_position p WHERE p.fleet_id = $1), 0),
      coalesce((SELECT p.event_id FROM fold_position p WHERE p.fleet_id = $1), ''))`,
}
/** Of each active device and collection, the first change by others behind its shown position. */
const OLDEST_UNDELIVERED: Statement = {
  name: 'deliver_oldest',
  text: `SELECT min(c.committed_at) AS oldest
    FROM device_position p
    JOIN device d ON d.fleet_id = p.fleet_id AND d.id = p.device_id
    JOIN stream_head h ON h.fleet_id = p.fleet_id AND h.collection = p.collection AND h.version > p.version
    CROSS JOIN LATERAL (SELECT l.committed_at FROM change_log l
      WHERE l.fleet_id = $1 AND l.collection = p.collection AND l.version > p.version AND l.device_id <> p.device_id
        AND l.committed_at > p.first_complete_at
      ORDER BY l.version LIMIT 1) c
    WHERE p.fleet_id = $1 AND p.first_complete_at IS NOT NULL AND d.status = 'active' AND d.last_contact_at >= $2
      AND EXISTS (SELECT FROM json_object_keys(d.access) k WHERE k IN ('*', p.collection))`,
}

export function postgresTelemetry(database: Database): TelemetryPort {
  return {
    append: (fleetId, events) => database.inFleet(fleetId, (send) => insertEventsOnce(send, fleetId, events)),
    foldNext: (fleetId, limit, keysOf, fold) =>
      database.inFleetHot(fleetId, (send) => foldNext(send, fleetId, limit, keysOf, fold)),
    refold: (fleetId, fromMs, toMs, page, fold) => refold(database, fleetId, fromMs, toMs, page, fold),
    oldestUnfoldedMs: async (fleetId) => {
      const [row] = await database.one<{ oldest: Date | null }>(fleetId, OLDEST_UNFOLDED, [fleetId])
      return msOrNull(row?.oldest ?? null)
    },
    buckets: async (fleetId, tier, fromMs, toMs, parts) => {
      const values = [fleetId, tier, at(fromMs - TIER_MS[tier]), at(toMs)]
      const rows = await database.one<RangeRow>(fleetId, rollupRange(parts), values)
      return rows.flatMap((row) => bucketsOf(tier, row))
    },
    mergedBuckets: async (fleetId, tier, fromMs, toMs, parts) => {
      const { rows, wholeFromMs } = await readMerged<RangeRow>(database, fleetId, rollupRange(parts), [
        fleetId,
        tier,
        at(fromMs - TIER_MS[tier]),
        at(toMs),
      ])
      return { buckets: rows.flatMap((row) => bucketsOf(tier, row)), wholeFromMs }
    },
    versionStarts: async (fleetId, tier, fromMs, toMs) => {
      const { rows, wholeFromMs } = await readMerged<VersionStartRow>(database, fleetId, VERSION_STARTS, [
        fleetId,
        tier,
        at(fromMs - TIER_MS[tier]),
        at(toMs),
      ])
      const starts = rows.map((row): [string, number] => [originalText(row.app_version), row.start])
      return { starts: new Map(starts), wholeFromMs }
    },
    fillMerged: (fleetId, merge) => fillMerged(database, fleetId, merge),
    oldestUndeliveredMs: async (fleetId, activeSinceMs) => {
      const values = [fleetId, at(activeSinceMs)]
      const [row] = await database.one<{ oldest: Date | null }>(fleetId, OLDEST_UNDELIVERED, values)
      return msOrNull(row?.oldest ?? null)
    },
  }
}

/** What a statement finds of a merged tier, and from when on that is whole; in one round trip. */
const readMerged = <R extends Record<string, unknown>>(
  database: Database,
  fleetId: string,
  statement: Statement,
  values: readonly unknown[],
): Promise<{ readonly rows: readonly R[]; readonly wholeFromMs: number }> =>
  database.inFleetHot(fleetId, async (send, commit) => {
    // In this order: what is whole when the first one looks still is when the second one does.
    const both = Promise.all([send<PositionRow>(FOLD_POSITION, [fleetId]), send<R>(statement, values)])
    commit()
    const [[position], rows] = await both
    return { rows, wholeFromMs: position?.merged_from?.getTime() ?? 0 }
  })
