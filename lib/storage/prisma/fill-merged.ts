import type { Bucket, FullTier, MergedTier } from '#lib/rollups/bucket.ts'
import { fullTierOf, MERGED_TIERS, TIER_MS } from '#lib/rollups/bucket.ts'
import type { Database, Send, Statement } from './database.ts'
import type { PositionRow } from './fold.ts'
import { FOLD_POSITION, lockPosition } from './fold.ts'
import type { RangeRow } from './rollup-row.ts'
import { bucketsOf, rollupRange, saveBuckets } from './rollup-row.ts'
import { at, ms } from './values.ts'

const HOUR = TIER_MS.hour
/** Of each full tier by itself: each has partitions of its own, and the newest is the end of an index. */
const NEWEST_BEFORE: Statement = {
  name: 'merged_newest_before',
  text: `SELECT greatest(
    (SELECT start FROM rollup WHERE fleet_id = $1 AND tier = 'minute' AND start < $2 ORDER BY start DESC LIMIT 1),
    (SELECT start FROM rollup WHERE fleet_id = $1 AND tier = 'hour' AND start < $2 ORDER BY start DESC LIMIT 1)) AS newest`,
}
const CLEAR: Statement = {
  name: 'merged_clear',
  text: 'DELETE FROM rollup WHERE fleet_id = $1 AND tier = ANY ($4) AND start >= $2 AND start < $3',
}
const MOVE: Statement = {
  name: 'merged_move',
  text: 'UPDATE fold_position SET merged_from = $2 WHERE fleet_id = $1',
}

/** TelemetryPort.fillMerged */
export const fillMerged = (
  database: Database,
  fleetId: string,
  merge: (full: readonly Bucket[], tier: MergedTier) => readonly Bucket[],
): Promise<boolean> =>
  database.inFleetHot(fleetId, async (send) => {
    const [seen] = await send<PositionRow>(FOLD_POSITION, [fleetId])
    // Nothing to wait for: whoever folds holds the position for as long as it takes.
    if (!seen || seen.merged_from === null) return false
    const { merged_from: wholeFrom } = await lockPosition(send, fleetId)
    if (wholeFrom === null) return false
    const [row] = await send<{ newest: Date | null }>(NEWEST_BEFORE, [fleetId, wholeFrom])
    const newest = row?.newest ?? null
    // Behind the first full bucket nothing is missing.
    await send(MOVE, [fleetId, newest === null ? null : at(Math.floor(ms(newest) / HOUR) * HOUR)])
    if (newest === null) return false
    const fromMs = Math.floor(ms(newest) / HOUR) * HOUR
    const full = {
      minute: await read(send, fleetId, 'minute', fromMs),
      hour: await read(send, fleetId, 'hour', fromMs),
    }
    await send(CLEAR, [fleetId, at(fromMs), at(fromMs + HOUR), MERGED_TIERS])
    await saveBuckets(
      send,
      fleetId,
      MERGED_TIERS.flatMap((tier) => merge(full[fullTierOf(tier)], tier)),
    )
    return true
  })

async function read(send: Send, fleetId: string, tier: FullTier, fromMs: number): Promise<readonly Bucket[]> {
  const rows = await send<RangeRow>(rollupRange(), [fleetId, tier, at(fromMs - 1), at(fromMs + HOUR)])
  return rows.flatMap((row) => bucketsOf(tier, row))
}
