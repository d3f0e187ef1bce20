import { conflictPlaces } from '#lib/query/conflict-fields.ts'
import { sumAll } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS, EACH_COLLECTION } from '#lib/rollups/bucket.ts'
import { byPart, COUNTER } from '#lib/rollups/counters.ts'
import type { ConflictHeat, ContestedCollection, ContestedField } from '#lib/telemetry/conflict-heat.ts'
import { FIELD_HEAT_COLUMNS_MAX, HEAT_FIELDS_MAX } from '#lib/telemetry/conflict-heat.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { PillarQuery } from './pillar.ts'
import { keeperOf, splitFor } from './pillar.ts'
import { readRange, stepsOf } from './window.ts'

/**
 * Which fields are contested, when, and how much of their collection's conflicts that is: from the rollups, as the rate, so
 * that both count the same. Of one conflict at most CONFLICT_FIELDS_MAX fields are counted by name.
 */
export async function conflictHeat(
  ctx: TelemetryContext,
  query: Omit<PillarQuery, 'groupBy' | 'stepMs'>,
): Promise<ConflictHeat> {
  const split = splitFor({ ...query, groupBy: 'collection' })
  const { buckets, fromMs, toMs, stepMs } = await readRange(
    ctx,
    { ...query, stepMs: split === 'full' ? wholeHours(query) : undefined },
    { split, parts: ['counters'] },
    COLUMNS_AIMED,
  )
  const keep = keeperOf(query)
  const collections = collectionsOf(buckets.filter(({ key }) => keep(key)))
  const all = collections.flatMap(({ fields }) => fields).toSorted(byCount)
  const rows = all.slice(0, HEAT_FIELDS_MAX)
  const rowOf = new Map(rows.map((row, at) => [nameOf(row.collection, row.place), at]))
  return {
    fromMs,
    toMs,
    stepMs,
    rows,
    fields: all.length,
    columns: stepsOf(buckets, fromMs, toMs, stepMs).map(({ atMs, buckets: here }) => ({
      atMs,
      counts:
        here.length === 0
          ? null
          : countsOf(
              here.filter(({ key }) => keep(key)),
              rows.length,
              rowOf,
            ),
    })),
    collections: collections.map((one) => ({ ...one, fields: one.fields.slice(0, HEAT_FIELDS_MAX) })),
  }
}

/** The first column may be a part of one. */
const COLUMNS_AIMED = FIELD_HEAT_COLUMNS_MAX - 1
const HOUR_MS = 3_600_000
const MINUTES_SPAN_MAX_MS = 6 * HOUR_MS

/** Buckets by version and platform are many: columns of whole hours are read from an hour's, and not from sixty minutes'. */
function wholeHours({ fromMs, toMs }: Pick<PillarQuery, 'fromMs' | 'toMs'>): number | undefined {
  const span = toMs - fromMs
  return span > MINUTES_SPAN_MAX_MS ? Math.ceil(span / COLUMNS_AIMED / HOUR_MS) * HOUR_MS : undefined
}

/** How much each collection met, by name, with all its fields. Pure. */
function collectionsOf(buckets: readonly Bucket[]): readonly ContestedCollection[] {
  return byCollection(buckets).map(([name, own]) => {
    const counts = sumAll(own)
    const conflicts = counts[COUNTER.conflicts] ?? 0
    const fields = placesIn(own).map(([place, count]): ContestedField => {
      return { collection: name, place, count, share: conflicts === 0 ? null : count / conflicts }
    })
    return { name, conflicts, pushed: counts[COUNTER.pushed] ?? 0, fields: fields.toSorted(byCount) }
  })
}

function byCollection(buckets: readonly Bucket[]): readonly (readonly [string, readonly Bucket[]])[] {
  const parts = new Map<string, Bucket[]>()
  for (const bucket of buckets) {
    const { collection } = bucket.key
    if (collection === ALL_COLLECTIONS || collection === EACH_COLLECTION) continue
    const part = parts.get(collection)
    if (part) part.push(bucket)
    else parts.set(collection, [bucket])
  }
  return [...parts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** As the conflicts' filter names them. */
const placesIn = (buckets: readonly Bucket[]): readonly (readonly [string, number])[] =>
  Object.entries(byPart(sumAll(buckets), 'conflictField')).map(
    ([field, count]) => [conflictPlaces([field])[0] ?? field, count] as const,
  )

function countsOf(
  buckets: readonly Bucket[],
  rows: number,
  rowOf: ReadonlyMap<string, number>,
): readonly number[] {
  const counts = Array.from({ length: rows + 1 }, () => 0)
  for (const [collection, own] of byCollection(buckets)) {
    for (const [place, count] of placesIn(own)) {
      const at = rowOf.get(nameOf(collection, place)) ?? rows
      counts[at] = (counts[at] ?? 0) + count
    }
  }
  return counts
}

const nameOf = (collection: string, place: string): string => JSON.stringify([collection, place])

const byCount = (a: ContestedField, b: ContestedField): number =>
  b.count - a.count || (nameOf(a.collection, a.place) < nameOf(b.collection, b.place) ? -1 : 1)
