import type { Bucket, BucketKey, FullTier, MergedTier, Tier } from '#lib/rollups/bucket.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'

export type BucketPart = 'counters' | 'sketches' | 'gauges'

export interface TelemetryPort {
  append(fleetId: string, events: readonly TelemetryEvent[]): Promise<void>
  /**
   * Exactly-once folding: takes the next committed events past the fold position, at most `limit` and as many as one
   * process takes into its memory, hands them, as many at once as it sees fit, with the buckets they touch to `fold`, saves
   * what it returns and the new position, in one transaction.
   */
  foldNext(
    fleetId: string,
    limit: number,
    keysOf: (events: readonly TelemetryEvent[]) => readonly BucketKey[],
    fold: (buckets: ReadonlyMap<string, Bucket>, events: readonly TelemetryEvent[]) => readonly Bucket[],
  ): Promise<{ readonly folded: number; readonly more: boolean }>
  /**
   * Replaces the buckets that start in [fromMs, toMs), whole hours, by folding its already folded events again, `page` of
   * them at once; how many those were. Folding goes on meanwhile, and none is counted twice or left out. Null, and
   * nothing is replaced, where events of the range may be gone (`eventsWholeFromMs`).
   */
  refold(
    fleetId: string,
    fromMs: number,
    toMs: number,
    page: number,
    fold: (buckets: ReadonlyMap<string, Bucket>, events: readonly TelemetryEvent[]) => readonly Bucket[],
  ): Promise<number | null>
  /** Commit time of the oldest event that is not folded yet; null when none waits. */
  oldestUnfoldedMs(fleetId: string): Promise<number | null>
  /** The buckets that overlap the range, by start; of each its key, `gaugesAtMs` and these parts, the others empty. */
  buckets(
    fleetId: string,
    tier: FullTier,
    fromMs: number,
    toMs: number,
    parts?: readonly BucketPart[],
  ): Promise<readonly Bucket[]>
  /** The same of a merged tier, whose buckets are whole from a time on: before it some are missing or lack something. */
  mergedBuckets(
    fleetId: string,
    tier: MergedTier,
    fromMs: number,
    toMs: number,
    parts?: readonly BucketPart[],
  ): Promise<{ readonly buckets: readonly Bucket[]; readonly wholeFromMs: number }>
  /** Of each app version the start of its first bucket of this tier that overlaps the range. */
  versionStarts(
    fleetId: string,
    tier: Tier,
    fromMs: number,
    toMs: number,
  ): Promise<{ readonly starts: ReadonlyMap<string, number>; readonly wholeFromMs: number }>
  /**
   * Of a fleet that has full buckets from before there were merged ones: makes those of one hour more, the newest that
   * lacks them, in one transaction with the time they are whole from. False when none is left.
   */
  fillMerged(
    fleetId: string,
    merge: (full: readonly Bucket[], tier: MergedTier) => readonly Bucket[],
  ): Promise<boolean>
  /** Oldest change that an active device has not shown to hold; null when all have all. */
  oldestUndeliveredMs(fleetId: string, activeSinceMs: number): Promise<number | null>
}
