/**
 * How buckets are kept apart. `full`: by collection, platform and app version. `total`: by collection alone. `version`:
 * by app version, what belongs to the fleet as a whole under `*` and what all collections hold together under `+`.
 * Each also by source (decision 0057).
 */
export type Split = 'full' | 'total' | 'version'
/** The splits that hold the same as `full`, merged. */
export type MergedSplit = Exclude<Split, 'full'>
export type FullTier = 'minute' | 'hour'
export type MergedTier = `${MergedSplit}_${'minute' | 'five' | 'hour'}`
export type Tier = FullTier | MergedTier

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** Length of a bucket; each divides an hour. */
export const TIER_MS: Readonly<Record<Tier, number>> = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  total_minute: MINUTE_MS,
  total_five: 5 * MINUTE_MS,
  total_hour: HOUR_MS,
  version_minute: MINUTE_MS,
  version_five: 5 * MINUTE_MS,
  version_hour: HOUR_MS,
}

/** How long buckets live, those of five minutes as long as minutes. */
export const TIER_KEPT_MS: Readonly<Record<FullTier, number>> = {
  minute: 35 * DAY_MS,
  hour: 400 * DAY_MS,
}

/** Tiers of each split, the coarsest first. */
export const TIERS_OF = {
  full: ['hour', 'minute'],
  total: ['total_hour', 'total_five', 'total_minute'],
  version: ['version_hour', 'version_five', 'version_minute'],
} as const satisfies Readonly<Record<Split, readonly Tier[]>>

export const MERGED_TIERS: readonly MergedTier[] = [...TIERS_OF.total, ...TIERS_OF.version]
export const TIERS: readonly Tier[] = [...TIERS_OF.full, ...MERGED_TIERS]

export const splitOf = (tier: Tier): Split =>
  tier === 'minute' || tier === 'hour' ? 'full' : tier.startsWith('total') ? 'total' : 'version'

/** The tier of full buckets that a merged one is made of: the coarsest that isn't coarser. */
export const fullTierOf = (tier: MergedTier): FullTier => (TIER_MS[tier] === HOUR_MS ? 'hour' : 'minute')

/** `*` stands for requests and sessions, which belong to no single collection. */
export const ALL_COLLECTIONS = '*'
/** What all collections hold together, apart from what belongs to none. */
export const EACH_COLLECTION = '+'
/** Platform and app version of figures that belong to the fleet as a whole, or to all of them together. */
export const ALL_DEVICES = '*'

export interface BucketKey {
  readonly tier: Tier
  /** Start of the bucket, Unix ms. */
  readonly startMs: number
  readonly collection: string
  readonly platform: string
  readonly appVersion: string
  /** The engine of others that told it; absent for what our own saw. */
  readonly source?: string
}

/** Counters add, sketches merge, gauges keep the newest; sketches are texts (sketch.ts). */
export interface Bucket {
  readonly key: BucketKey
  readonly counters: Readonly<Record<string, number>>
  readonly sketches: Readonly<Record<string, string>>
  readonly gauges: Readonly<Record<string, number | null>>
  /** Time of the newest gauge event folded, Unix ms; 0 when none. */
  readonly gaugesAtMs: number
}

/** Where in a tier belongs what happened at this time, under this collection, platform and version. */
export function keyIn(
  tier: Tier,
  atMs: number,
  { collection, platform, appVersion, source }: Omit<BucketKey, 'tier' | 'startMs'>,
): BucketKey {
  const startMs = Math.floor(atMs / TIER_MS[tier]) * TIER_MS[tier]
  const split = splitOf(tier)
  const of =
    split === 'full'
      ? { collection, platform, appVersion }
      : split === 'total'
        ? { collection, platform: ALL_DEVICES, appVersion: ALL_DEVICES }
        : {
            collection: collection === ALL_COLLECTIONS ? collection : EACH_COLLECTION,
            platform: ALL_DEVICES,
            appVersion,
          }
  return source === undefined ? { tier, startMs, ...of } : { tier, startMs, ...of, source }
}

/** A text of a key that no other has; each part stands behind its length, since a name may hold any character. */
export const bucketId = ({ tier, startMs, collection, platform, appVersion, source }: BucketKey): string =>
  `${tier} ${startMs} ${collection.length} ${collection}${platform.length} ${platform}${appVersion.length} ${appVersion}${source === undefined ? '' : ` ${source}`}`
