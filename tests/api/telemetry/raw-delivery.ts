import type { Client } from 'pg'
import type { RawQuantiles } from '#tests/support/raw-pillars.ts'
import type { Shown } from './driven-fleet.ts'

/** One sample per change and other device, once its first snapshot was complete (metrics.md, stages). */
const DELIVERY = `
  WITH shown AS (
    SELECT * FROM unnest($4::uuid[], $5::float8[], $6::text[], $7::bigint[]) AS s(device_id, at, collection, version)
  ), complete AS (
    SELECT device_id, collection, min(at) AS at FROM shown GROUP BY device_id, collection
  ), sample AS (
    SELECT d.at AS delivered, extract(epoch FROM c.committed_at) * 1000 AS committed, extract(epoch FROM c.made_at) * 1000 AS made
    FROM change_log c
    JOIN complete f ON f.collection = c.collection AND f.device_id <> c.device_id
      AND f.at < extract(epoch FROM c.committed_at) * 1000
    CROSS JOIN LATERAL (
      SELECT min(at) AS at FROM shown s
      WHERE s.device_id = f.device_id AND s.collection = c.collection AND s.version >= c.version
    ) d
    WHERE c.fleet_id = $1 AND d.at >= $2 AND d.at < $3
  )
  SELECT count(*)::int AS count,
    percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY delivered - committed)::float8[] AS delivery,
    percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY greatest(0, delivered - made))::float8[] AS visibility
  FROM sample`

/** Delivery and visibility lag of [fromMs, toMs), from the change log and what devices showed. */
export async function rawDelivery(
  client: Client,
  fleetId: string,
  fromMs: number,
  toMs: number,
  shown: readonly Shown[],
): Promise<{ readonly delivery: RawQuantiles; readonly visibility: RawQuantiles }> {
  const rows = shown.flatMap(({ deviceId, atMs, positions }) =>
    Object.entries(positions).map(([collection, version]) => ({ deviceId, atMs, collection, version })),
  )
  const answered = await client.query<{
    count: number
    delivery: number[] | null
    visibility: number[] | null
  }>(DELIVERY, [
    fleetId,
    fromMs,
    toMs,
    rows.map((row) => row.deviceId),
    rows.map((row) => row.atMs),
    rows.map((row) => row.collection),
    rows.map((row) => row.version),
  ])
  const [row] = answered.rows
  if (row === undefined) throw new Error('an aggregate has one row')
  const quantiles = (at: readonly number[] | null): RawQuantiles => ({
    count: row.count,
    p50: at?.[0] ?? null,
    p95: at?.[1] ?? null,
    p99: at?.[2] ?? null,
    max: at?.[3] ?? null,
  })
  return { delivery: quantiles(row.delivery), visibility: quantiles(row.visibility) }
}
