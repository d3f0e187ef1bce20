export type Tier = 'minute' | 'hour'

export const TIER_MS: Readonly<Record<Tier, number>> = { minute: 60_000, hour: 3_600_000 }

/** How long buckets live (metrics.md, rollups). */
export const TIER_KEPT_MS: Readonly<Record<Tier, number>> = {
  minute: 35 * 86_400_000,
  hour: 400 * 86_400_000,
}

/** `*` stands for requests and sessions, which belong to no single collection (metrics.md). */
export const ALL_COLLECTIONS = '*'

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

/** A text of a key that no other has; each part stands behind its length, since a name may hold any character. */
export const bucketId = ({ tier, startMs, collection, platform, appVersion, source }: BucketKey): string =>
  `${tier} ${startMs} ${collection.length} ${collection}${platform.length} ${platform}${appVersion.length} ${appVersion}${source === undefined ? '' : ` ${source}`}`
