import type { Spread, ToldGauge, ToldPoint, ToldValue } from './point.ts'

/** What is kept of a series between two of its points. */
export interface ToldSeries {
  readonly id: string
  readonly source: string
  /** Of a figure that stands; null for one that is counted. */
  readonly gauge: ToldGauge | null
  readonly startMs: number | null
  /** Of its newest point, Unix ms, as its teller has it. */
  readonly atMs: number
  /** When it came. */
  readonly heardMs: number
  /** The newest figure, or what was counted up to then; null where each point tells its own part. */
  readonly value: number | Spread | null
}

/** What a point adds to what was told before it. */
export type Gain =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'spread'; readonly spread: Spread }

export interface Advance {
  readonly series: ToldSeries
  /** Null where nothing is to be counted: a figure that stands, or the first point of a running count. */
  readonly gain: Gain | null
}

/**
 * A series after one more point; null when the point is not newer than what is known, as of an export that is sent again.
 * The first point of a running count is where counting begins: what was before it may be years old. After a reset (a
 * later start, or a count that fell) all that is told came since.
 */
export function advance(
  known: ToldSeries | undefined,
  point: ToldPoint,
  { id, source, heardMs }: Pick<ToldSeries, 'id' | 'source' | 'heardMs'>,
): Advance | null {
  if (known !== undefined && point.atMs <= known.atMs) return null
  const { told, startMs, atMs } = point
  const series = (value: ToldSeries['value'], gauge: ToldGauge | null = null): ToldSeries => ({
    id,
    source,
    gauge,
    startMs,
    atMs,
    heardMs,
    value,
  })
  if (told.kind === 'gauge') return { series: series(told.value, told.gauge), gain: null }
  if (!told.cumulative) return { series: series(null), gain: gainOf(told) }
  const total = told.kind === 'count' ? told.value : told.spread
  if (known === undefined) return { series: series(total), gain: null }
  const restarted = startMs !== null && known.startMs !== null && startMs > known.startMs
  const since = restarted ? null : sinceThen(known.value, told)
  return { series: series(total), gain: since ?? gainOf(told) }
}

const gainOf = (told: Exclude<ToldValue, { readonly kind: 'gauge' }>): Gain =>
  told.kind === 'count' ? { kind: 'count', value: told.value } : { kind: 'spread', spread: told.spread }

/** Null after a reset. */
function sinceThen(before: ToldSeries['value'], told: Exclude<ToldValue, { kind: 'gauge' }>): Gain | null {
  if (told.kind === 'count')
    return typeof before === 'number' && told.value >= before
      ? { kind: 'count', value: told.value - before }
      : null
  if (before === null || typeof before === 'number') return null
  const spread = difference(before, told.spread)
  return spread && { kind: 'spread', spread }
}

function difference(before: Spread, now: Spread): Spread | null {
  if (before.kind === 'explicit') {
    const same = now.kind === 'explicit' && sameNumbers(before.bounds, now.bounds)
    const counts = same ? less(now.counts, before.counts) : null
    return same && counts ? { ...now, counts } : null
  }
  if (now.kind === 'explicit') return null
  const coarse = atScale(before, now.scale)
  if (coarse === null || now.zero < coarse.zero) return null
  const lead = now.offset - coarse.offset
  // What was counted below the first bucket of today can't have gone but by a reset.
  if (coarse.counts.slice(0, Math.max(0, lead)).some((count) => count > 0)) return null
  const aligned = now.counts.map((_, i) => coarse.counts[i + lead] ?? 0)
  if (coarse.counts.slice(Math.max(0, lead + now.counts.length)).some((count) => count > 0)) return null
  const counts = less(now.counts, aligned)
  return counts && { ...now, counts, zero: now.zero - coarse.zero }
}

type Exponential = Extract<Spread, { readonly kind: 'exponential' }>

/** Two buckets become one with each step down; a finer scale can't be made of a coarser one. */
function atScale(spread: Exponential, scale: number): Exponential | null {
  const steps = spread.scale - scale
  if (steps < 0) return null
  if (steps === 0) return spread
  const place = (i: number): number => Math.floor((spread.offset + i) / 2 ** steps)
  const counts: number[] = []
  for (const [i, count] of spread.counts.entries()) {
    const at = place(i) - place(0)
    counts[at] = (counts[at] ?? 0) + count
  }
  return { ...spread, scale, offset: place(0), counts }
}

/** Null when one of them fell. */
function less(now: readonly number[], before: readonly number[]): readonly number[] | null {
  const gains = now.map((count, i) => count - (before[i] ?? 0))
  return gains.some((gain) => gain < 0) ? null : gains
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i])
