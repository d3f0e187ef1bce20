import type { Bucket, BucketKey, Tier } from '#lib/rollups/bucket.ts'
import { bucketId } from '#lib/rollups/bucket.ts'
import type { BucketPart } from '../ports.ts'
import { floats, jsons, texts } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import { originalText } from './storable-text.ts'
import { at } from './values.ts'

const KEY = 'start, collection, platform, app_version, source'
const PARTS: readonly BucketPart[] = ['counters', 'sketches', 'gauges']

/**
 * Buckets of some hours as one row: a driver takes longer over a row than over what is in it, and a day has some ten
 * thousands of them. Every list of a row is in the same order.
 */
const grouped = (parts: readonly BucketPart[], from: string): string =>
  `SELECT json_agg((date_part('epoch', start) * 1000)::bigint) AS starts, json_agg(collection) AS collections,
      json_agg(platform) AS platforms, json_agg(app_version) AS versions, json_agg(source) AS sources,
      json_agg((date_part('epoch', gauges_at) * 1000)::bigint) AS gauges_at
      ${parts.map((part) => `, '[' || string_agg(${part}::text, ',') || ']' AS ${part}`).join('')}
    FROM (SELECT *, floor(date_part('epoch', start) / ${ROW_SECONDS}) AS stretch FROM (${from}) b ORDER BY stretch, ${KEY}) r
    GROUP BY stretch ORDER BY stretch`
/** So that no row of a busy fleet is larger than a text may be. */
const ROW_SECONDS = 6 * 3_600

/** One tier and stretch of time a statement, so that it opens the partitions of that stretch alone. */
const READ: Statement = {
  name: 'rollup_read',
  text: grouped(
    PARTS,
    `SELECT x.* FROM unnest($5::float8[], $6::text[], $7::text[], $8::text[], $9::text[]) k(${KEY})
      CROSS JOIN LATERAL (SELECT * FROM rollup x WHERE x.fleet_id = $1 AND x.tier = $2 AND x.start >= $3 AND x.start <= $4
        AND x.start = to_timestamp(k.start / 1000) AND x.collection = k.collection AND x.platform = k.platform
        AND x.app_version = k.app_version AND x.source = k.source LIMIT 1) x`,
  ),
}
const SAVE: Statement = {
  name: 'rollup_save',
  text: `INSERT INTO rollup (fleet_id, tier, ${KEY}, counters, sketches, gauges, gauges_at)
    SELECT $1, tier, to_timestamp(start / 1000), collection, platform, app_version, source, counters, sketches, gauges,
      to_timestamp(gauges_at / 1000)
    FROM unnest($2::float8[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::json[], $9::json[], $10::json[], $11::float8[])
      k(${KEY}, tier, counters, sketches, gauges, gauges_at)
    ON CONFLICT (fleet_id, tier, ${KEY}) DO UPDATE SET counters = excluded.counters,
      sketches = excluded.sketches, gauges = excluded.gauges, gauges_at = excluded.gauges_at`,
}

/** The buckets of a tier that start after $3 and before $4, with these parts of them. */
export const rollupRange = (parts: readonly BucketPart[] = PARTS): Statement => ({
  name: `rollup_range_${parts.join('_')}`,
  text: grouped(
    parts,
    'SELECT * FROM rollup WHERE fleet_id = $1 AND tier = $2 AND start > $3 AND start < $4',
  ),
})

/** Of each app version the first bucket of a tier that starts after $3 and before $4. */
export const VERSION_STARTS: Statement = {
  name: 'rollup_version_starts',
  text: `SELECT app_version, (extract(epoch FROM min(start)) * 1000)::bigint AS start FROM rollup
    WHERE fleet_id = $1 AND tier = $2 AND start > $3 AND start < $4 GROUP BY app_version`,
}
export interface VersionStartRow extends Record<string, unknown> {
  readonly app_version: string
  readonly start: number
}

export interface RangeRow extends Record<string, unknown> {
  /** Unix ms. */
  readonly starts: readonly number[]
  readonly collections: readonly string[]
  readonly platforms: readonly string[]
  readonly versions: readonly string[]
  readonly sources: readonly string[]
  readonly gauges_at: readonly number[]
  /** Absent where it wasn't asked for. */
  readonly counters?: string
  readonly sketches?: string
  readonly gauges?: string
}

export function bucketsOf(tier: Tier, row: RangeRow): readonly Bucket[] {
  const counters = listed<Bucket['counters']>(row.counters)
  const sketches = listed<Bucket['sketches']>(row.sketches)
  const gauges = listed<Bucket['gauges']>(row.gauges)
  return row.collections.map((collection, i): Bucket => {
    const source = row.sources[i] ?? ''
    return {
      key: {
        tier,
        startMs: row.starts[i] ?? 0,
        collection: originalText(collection),
        platform: originalText(row.platforms[i] ?? ''),
        appVersion: originalText(row.versions[i] ?? ''),
        ...(source === '' ? {} : { source: originalText(source) }),
      },
      counters: counters[i] ?? {},
      sketches: sketches[i] ?? {},
      gauges: gauges[i] ?? {},
      gaugesAtMs: row.gauges_at[i] ?? 0,
    }
  })
}

const listed = <T>(json: string | undefined): readonly T[] =>
  json === undefined ? [] : (JSON.parse(json) as readonly T[])

const keyValues = (keys: readonly BucketKey[]): unknown[] => [
  floats(keys.map((key) => key.startMs)),
  texts(keys.map((key) => key.collection)),
  texts(keys.map((key) => key.platform)),
  texts(keys.map((key) => key.appVersion)),
  texts(keys.map((key) => key.source ?? '')),
]

/** Those of these buckets that there are, by their ids. */
export async function readBuckets(
  send: Send,
  fleetId: string,
  keys: readonly BucketKey[],
): Promise<Map<string, Bucket>> {
  const read = [...byTier(keys)].map(async ([tier, of]) => {
    const starts = of.map(({ startMs }) => startMs)
    const [from, to] = [starts.reduce((a, b) => Math.min(a, b)), starts.reduce((a, b) => Math.max(a, b))]
    const rows = await send<RangeRow>(READ, [fleetId, tier, at(from), at(to), ...keyValues(of)])
    return rows.flatMap((row) => bucketsOf(tier, row))
  })
  return new Map((await Promise.all(read)).flat().map((bucket) => [bucketId(bucket.key), bucket]))
}

function byTier(keys: readonly BucketKey[]): ReadonlyMap<Tier, readonly BucketKey[]> {
  const tiers = new Map<Tier, BucketKey[]>()
  for (const key of keys) {
    const of = tiers.get(key.tier)
    if (of === undefined) tiers.set(key.tier, [key])
    else of.push(key)
  }
  return tiers
}

export async function saveBuckets(send: Send, fleetId: string, buckets: readonly Bucket[]): Promise<void> {
  if (buckets.length === 0) return
  await send(SAVE, [
    fleetId,
    ...keyValues(buckets.map((bucket) => bucket.key)),
    texts(buckets.map((bucket) => bucket.key.tier)),
    jsons(buckets.map((bucket) => bucket.counters)),
    jsons(buckets.map((bucket) => bucket.sketches)),
    jsons(buckets.map((bucket) => bucket.gauges)),
    floats(buckets.map((bucket) => bucket.gaugesAtMs)),
  ])
}
