import type { Bucket, MergedTier, Split, Tier } from '#lib/rollups/bucket.ts'
import { fullTierOf, splitOf, TIER_MS, TIERS_OF } from '#lib/rollups/bucket.ts'
import { mergedOf } from '#lib/rollups/fold.ts'
import type { BucketPart, TelemetryPort } from '#lib/storage/ports.ts'

interface Range {
  readonly fromMs: number
  readonly toMs: number
}
/** One stretch of a range, read from one tier. */
interface Piece<T extends Tier = Tier> extends Range {
  readonly tier: T
}

/**
 * The buckets that make up a range of whole minutes, by start: the coarsest in its midst, finer ones at its ends, so that
 * each moment is in one of them. With a step, no bucket belongs to two steps.
 */
export async function readBuckets(
  port: TelemetryPort,
  fleetId: string,
  { fromMs, toMs, stepMs }: Range & { readonly stepMs?: number },
  { split, parts }: { readonly split: Split; readonly parts?: readonly BucketPart[] },
): Promise<readonly Bucket[]> {
  const tiers = TIERS_OF[split].filter((tier) => stepMs === undefined || stepMs % TIER_MS[tier] === 0)
  const read = piecesOf({ fromMs, toMs }, tiers).map((piece) => readPiece(port, fleetId, piece, parts))
  return (await Promise.all(read)).flat()
}

/** @param tiers the coarsest first; the last one is as fine as the range */
export function piecesOf<T extends Tier>(
  { fromMs, toMs }: Range,
  [tier, ...finer]: readonly T[],
): readonly Piece<T>[] {
  if (tier === undefined || fromMs >= toMs) return []
  const unit = TIER_MS[tier]
  const innerFrom = Math.ceil(fromMs / unit) * unit
  const innerTo = Math.floor(toMs / unit) * unit
  if (innerFrom >= innerTo) return piecesOf({ fromMs, toMs }, finer)
  return [
    ...piecesOf({ fromMs, toMs: innerFrom }, finer),
    { tier, fromMs: innerFrom, toMs: innerTo },
    ...piecesOf({ fromMs: innerTo, toMs }, finer),
  ]
}

async function readPiece(
  port: TelemetryPort,
  fleetId: string,
  { tier, fromMs, toMs }: Piece,
  parts?: readonly BucketPart[],
): Promise<readonly Bucket[]> {
  if (!isMerged(tier)) return port.buckets(fleetId, tier, fromMs, toMs, parts)
  const { buckets, wholeFromMs } = await port.mergedBuckets(fleetId, tier, fromMs, toMs, parts)
  if (wholeFromMs <= fromMs) return buckets
  // Not filled yet: merged here, which takes longer and is the same.
  const upToMs = Math.min(toMs, wholeFromMs)
  const full = await port.buckets(fleetId, fullTierOf(tier), fromMs, upToMs, parts)
  return [...mergedOf(full, tier), ...buckets.filter(({ key }) => key.startMs >= upToMs)]
}

/**
 * Of each app version of a range the start of the bucket in which it comes first; with a step, the buckets are no longer
 * than that.
 */
export async function readVersionStarts(
  port: TelemetryPort,
  fleetId: string,
  { fromMs, toMs, stepMs }: Range & { readonly stepMs?: number },
): Promise<ReadonlyMap<string, number>> {
  const tiers = TIERS_OF.version.filter((tier) => stepMs === undefined || stepMs % TIER_MS[tier] === 0)
  const read = piecesOf({ fromMs, toMs }, tiers).map(async (piece) => {
    const { starts, wholeFromMs } = await port.versionStarts(fleetId, piece.tier, piece.fromMs, piece.toMs)
    if (wholeFromMs <= piece.fromMs) return [starts]
    const full = fullTierOf(piece.tier)
    const before = await port.versionStarts(fleetId, full, piece.fromMs, Math.min(piece.toMs, wholeFromMs))
    return [before.starts, starts]
  })
  const first = new Map<string, number>()
  for (const starts of (await Promise.all(read)).flat())
    for (const [version, atMs] of starts) first.set(version, Math.min(atMs, first.get(version) ?? Infinity))
  return first
}

const isMerged = (tier: Tier): tier is MergedTier => splitOf(tier) !== 'full'
