import type { Quantiles } from '#lib/telemetry/pillars.ts'
import type { Bucket, BucketKey } from './bucket.ts'
import { ALL_COLLECTIONS } from './bucket.ts'
import type { Sketch } from './sketch.ts'
import { countOf, emptySketch, mergeKnown, quantiles, withSketch } from './sketch.ts'

const QUANTILES = [0.5, 0.95, 0.99, 1] as const
const NO_VALUES: Quantiles = { count: 0, p50: null, p95: null, p99: null, max: null }

function quantilesOf(sketch: Sketch): Quantiles {
  const [p50 = null, p95 = null, p99 = null, max = null] = quantiles(sketch, QUANTILES)
  return { count: countOf(sketch), p50, p95, p99, max }
}

/** Quantiles over all these buckets: those of their sketches, merged. */
export function quantilesIn(buckets: readonly Bucket[], name: string): Quantiles {
  if (!buckets.some(({ sketches }) => sketches[name] !== undefined)) return NO_VALUES
  return withSketch((sketch) => mergeInto(sketch, buckets, name), quantilesOf)
}

/** A counter over all these buckets. */
export const sumOf = (buckets: readonly Bucket[], name: string): number =>
  buckets.reduce((sum, { counters }) => sum + (counters[name] ?? 0), 0)

/** Sums of the lists that were summed before: several pillars ask for the same ones. */
const SUMMED = new WeakMap<readonly Bucket[], Readonly<Record<string, number>>>()

/** The parts that a list was cut into: they are summed anyway, and are fewer than its buckets. */
const CUT_INTO = new WeakMap<readonly Bucket[], readonly (readonly Bucket[])[]>()

export function noteCut(buckets: readonly Bucket[], parts: readonly (readonly Bucket[])[]): void {
  CUT_INTO.set(buckets, parts)
}

/** Every counter over all these buckets. */
export function sumAll(buckets: readonly Bucket[]): Readonly<Record<string, number>> {
  const known = SUMMED.get(buckets)
  if (known) return known
  // A plain object: most lists name the same counters in the same order, and V8 is at its best then. No counter has a
  // name that an object has of its own.
  const all: Record<string, number> = {}
  const add = (counters: Readonly<Record<string, number>>): void => {
    for (const name of Object.keys(counters)) all[name] = (all[name] ?? 0) + (counters[name] as number)
  }
  const parts = CUT_INTO.get(buckets)
  if (parts === undefined) for (const { counters } of buckets) add(counters)
  else for (const part of parts) add(sumAll(part))
  SUMMED.set(buckets, all)
  return all
}

/** A sketch over all these buckets: the quantile of a range is the quantile of merged sketches. */
export function mergeOf(buckets: readonly Bucket[], name: string): Sketch {
  const merged = emptySketch()
  mergeInto(merged, buckets, name)
  return merged
}

function mergeInto(sketch: Sketch, buckets: readonly Bucket[], name: string): void {
  for (const { sketches } of buckets) {
    const text = sketches[name]
    if (text !== undefined) mergeKnown(sketch, text)
  }
}

/** Buckets of one stretch of time, and the newest snapshot among them. */
export interface Slice {
  readonly buckets: readonly Bucket[]
  /** Null when no snapshot was taken in this stretch. */
  readonly snapshot: { readonly atMs: number; readonly buckets: readonly Bucket[] } | null
}

/**
 * Groups that the newest snapshot no longer names are left out of it: their devices moved to another
 * version, and would be counted under both.
 */
export function sliceOf(buckets: readonly Bucket[]): Slice {
  const ofDevices = buckets.filter(({ key }) => key.collection === ALL_COLLECTIONS)
  const atMs = ofDevices.reduce((newest, { gaugesAtMs }) => Math.max(newest, gaugesAtMs), 0)
  const snapshot =
    atMs === 0 ? null : { atMs, buckets: buckets.filter(({ gaugesAtMs }) => gaugesAtMs === atMs) }
  return { buckets, snapshot }
}

/** The part of a slice that `keep` names; the snapshot stays the fleet's newest. */
export function partOf(slice: Slice, keep: (key: BucketKey) => boolean): Slice {
  const filter = (buckets: readonly Bucket[]) => buckets.filter(({ key }) => keep(key))
  const { snapshot } = slice
  return {
    buckets: filter(slice.buckets),
    snapshot: snapshot === null ? null : { atMs: snapshot.atMs, buckets: filter(snapshot.buckets) },
  }
}

/** The gauge summed over groups; null when no group knows it. */
export function gaugeSum(buckets: readonly Bucket[], name: string): number | null {
  const known = gaugesOf(buckets, name)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
}

export function gaugeMax(buckets: readonly Bucket[], name: string): number | null {
  const known = gaugesOf(buckets, name)
  return known.length === 0 ? null : Math.max(...known)
}

const gaugesOf = (buckets: readonly Bucket[], name: string): readonly number[] =>
  buckets.flatMap(({ gauges }) => gauges[name] ?? [])
