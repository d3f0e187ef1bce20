import type { Bucket, BucketKey, Tier } from '#lib/rollups/bucket.ts'
import { bucketId } from '#lib/rollups/bucket.ts'
import { floats, jsons, texts } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import { originalText } from './storable-text.ts'
import { fromJson, ms } from './values.ts'

const ROLLUP_COLUMNS =
  'tier, start, collection, platform, app_version, source, counters, sketches, gauges, gauges_at'

const READ: Statement = {
  name: 'rollup_read',
  text: `SELECT ${ROLLUP_COLUMNS.split(', ')
    .map((column) => `r.${column}`)
    .join(', ')}
    FROM unnest($2::text[], $3::float8[], $4::text[], $5::text[], $6::text[], $7::text[]) k(tier, start, collection, platform, app_version, source)
    CROSS JOIN LATERAL (SELECT * FROM rollup x WHERE x.fleet_id = $1 AND x.tier = k.tier AND x.start = to_timestamp(k.start / 1000)
      AND x.collection = k.collection AND x.platform = k.platform AND x.app_version = k.app_version AND x.source = k.source LIMIT 1) r`,
}
const SAVE: Statement = {
  name: 'rollup_save',
  text: `INSERT INTO rollup (fleet_id, ${ROLLUP_COLUMNS})
    SELECT $1, tier, to_timestamp(start / 1000), collection, platform, app_version, source, counters, sketches, gauges,
      to_timestamp(gauges_at / 1000)
    FROM unnest($2::text[], $3::float8[], $4::text[], $5::text[], $6::text[], $7::text[], $8::json[], $9::json[], $10::json[], $11::float8[])
      k(${ROLLUP_COLUMNS})
    ON CONFLICT (fleet_id, tier, start, collection, platform, app_version, source) DO UPDATE SET counters = excluded.counters,
      sketches = excluded.sketches, gauges = excluded.gauges, gauges_at = excluded.gauges_at`,
}

export interface RollupRow extends Record<string, unknown> {
  readonly tier: string
  readonly start: Date
  readonly collection: string
  readonly platform: string
  readonly app_version: string
  /** Empty for what our own engine saw. */
  readonly source: string
  readonly counters: unknown
  readonly sketches: unknown
  readonly gauges: unknown
  readonly gauges_at: Date
}

export function bucketOf(row: RollupRow): Bucket {
  return {
    key: {
      tier: row.tier as Tier,
      startMs: ms(row.start),
      collection: originalText(row.collection),
      platform: originalText(row.platform),
      appVersion: originalText(row.app_version),
      ...(row.source === '' ? {} : { source: originalText(row.source) }),
    },
    counters: fromJson<Bucket['counters']>(row.counters),
    sketches: fromJson<Bucket['sketches']>(row.sketches),
    gauges: fromJson<Bucket['gauges']>(row.gauges),
    gaugesAtMs: ms(row.gauges_at),
  }
}

const keyValues = (keys: readonly BucketKey[]): unknown[] => [
  texts(keys.map((key) => key.tier)),
  floats(keys.map((key) => key.startMs)),
  texts(keys.map((key) => key.collection)),
  texts(keys.map((key) => key.platform)),
  texts(keys.map((key) => key.appVersion)),
  texts(keys.map((key) => key.source ?? '')),
]

export async function readBuckets(
  send: Send,
  fleetId: string,
  keys: readonly BucketKey[],
): Promise<Map<string, Bucket>> {
  if (keys.length === 0) return new Map()
  const rows = await send<RollupRow>(READ, [fleetId, ...keyValues(keys)])
  return new Map(rows.map(bucketOf).map((bucket) => [bucketId(bucket.key), bucket]))
}

export async function saveBuckets(send: Send, fleetId: string, buckets: readonly Bucket[]): Promise<void> {
  if (buckets.length === 0) return
  await send(SAVE, [
    fleetId,
    ...keyValues(buckets.map((bucket) => bucket.key)),
    jsons(buckets.map((bucket) => bucket.counters)),
    jsons(buckets.map((bucket) => bucket.sketches)),
    jsons(buckets.map((bucket) => bucket.gauges)),
    floats(buckets.map((bucket) => bucket.gaugesAtMs)),
  ])
}

/**
 * The buckets of a range, those of one start as one row: a driver takes longer over a row than over what is in it, and
 * a day has some ten thousands of them. Every list of a row is in the same order.
 */
export const ROLLUP_RANGE: Statement = {
  name: 'rollup_range',
  text: `SELECT start, json_agg(collection) AS collections, json_agg(platform) AS platforms, json_agg(app_version) AS versions,
      json_agg(source) AS sources, json_agg(extract(epoch FROM gauges_at)::float8 * 1000) AS gauges_at,
      '[' || string_agg(counters::text, ',') || ']' AS counters, '[' || string_agg(sketches::text, ',') || ']' AS sketches,
      '[' || string_agg(gauges::text, ',') || ']' AS gauges
    FROM (SELECT * FROM rollup WHERE fleet_id = $1 AND tier = $2 AND start > $3 AND start < $4
      ORDER BY start, collection, platform, app_version, source) r
    GROUP BY start ORDER BY start`,
}
export interface RangeRow extends Record<string, unknown> {
  readonly start: Date
  readonly collections: readonly string[]
  readonly platforms: readonly string[]
  readonly versions: readonly string[]
  readonly sources: readonly string[]
  readonly gauges_at: readonly number[]
  readonly counters: string
  readonly sketches: string
  readonly gauges: string
}

export function bucketsOf(tier: Tier, row: RangeRow): readonly Bucket[] {
  const startMs = ms(row.start)
  const counters = JSON.parse(row.counters) as Bucket['counters'][]
  const sketches = JSON.parse(row.sketches) as Bucket['sketches'][]
  const gauges = JSON.parse(row.gauges) as Bucket['gauges'][]
  return row.collections.map((collection, i): Bucket => {
    const source = row.sources[i] ?? ''
    return {
      key: {
        tier,
        startMs,
        collection: originalText(collection),
        platform: originalText(row.platforms[i] ?? ''),
        appVersion: originalText(row.versions[i] ?? ''),
        ...(source === '' ? {} : { source: originalText(source) }),
      },
      counters: counters[i] ?? {},
      sketches: sketches[i] ?? {},
      gauges: gauges[i] ?? {},
      gaugesAtMs: Math.round(row.gauges_at[i] ?? 0),
    }
  })
}
