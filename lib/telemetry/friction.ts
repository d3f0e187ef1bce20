import type { Share } from './pillars.ts'
import { CHANGES_FOR_LEVEL_MIN } from './thresholds.ts'

/**
 * Whether people get into each other's way: more of what was pushed needed resolution than the collection's friction limit.
 * `few`: under CHANGES_FOR_LEVEL_MIN changes no rate says anything. `unknown`: nothing was counted.
 */
export type FrictionVerdict = 'friction' | 'calm' | 'few' | 'unknown'

/** Of the newest conflicts over a field, who had made what the change met. */
export interface MetWriters {
  /** Another device. */
  readonly devices: number
  /** The same device, as one that was restored. */
  readonly sameDevice: number
  /** A decision at the desk, or a program through the API. */
  readonly desk: number
  /** The change log has it no more. */
  readonly unknown: number
}

/** When at least half of a field's conflicts arose: once, or at the same hours of every day (minutes of the day, UTC). */
export type FrictionTime =
  | { readonly kind: 'once'; readonly fromMs: number; readonly toMs: number; readonly share: number }
  | { readonly kind: 'daily'; readonly fromMinute: number; readonly toMinute: number; readonly share: number }

export interface FrictionCause {
  /** As the conflicts' filter names it: a JSON Pointer, or `record` for the whole record. */
  readonly place: string
  readonly count: number
  /** Of the collection's conflicts. */
  readonly share: number | null
  /** As the schema names the screen on which it is edited, and the field; null where it doesn't. */
  readonly screen: string | null
  readonly title: string | null
  /** The app versions between which it is contested most; null where the conflicts of this part aren't told by version. */
  readonly pair: {
    readonly appVersion: string
    readonly remoteAppVersion: string | null
    readonly count: number
    readonly of: number
  } | null
  readonly writers: MetWriters | null
  /** Null where they are spread over the time, or are few. */
  readonly time: FrictionTime | null
}

export interface CollectionFriction {
  readonly collection: string
  readonly verdict: FrictionVerdict
  readonly changes: Share
  /** The collection's own, else its fleet's. */
  readonly limit: number
  /** Null without friction, and where no conflict names a field, as those that other engines tell. */
  readonly cause: FrictionCause | null
}

/** @param limit from 0 to 1; a rate above it is friction. Pure. */
export function frictionVerdict({ whole, rate }: Share, limit: number): FrictionVerdict {
  if (rate === null || whole === 0) return 'unknown'
  if (whole < CHANGES_FOR_LEVEL_MIN) return 'few'
  return rate > limit ? 'friction' : 'calm'
}

const ORDER: Readonly<Record<FrictionVerdict, number>> = { friction: 0, calm: 1, few: 2, unknown: 3 }

/** Friction first, of those the one that is furthest over its limit; the others by their rate; of those that are alike the one with more conflicts. Pure. */
export const byFriction = (a: CollectionFriction, b: CollectionFriction): number =>
  ORDER[a.verdict] - ORDER[b.verdict] ||
  excess(b) - excess(a) ||
  b.changes.part - a.changes.part ||
  (a.collection < b.collection ? -1 : a.collection === b.collection ? 0 : 1)

const excess = ({ verdict, changes, limit }: CollectionFriction): number =>
  (changes.rate ?? 0) / (verdict === 'friction' ? Math.max(limit, Number.EPSILON) : 1)

/** Fewer conflicts than these lie together by chance. */
export const CLUSTERED_MIN = 10
/** What is called "most of the time" and "a short time". */
const MOST = 0.5
const SHORT = 0.25
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** Hours of the day are told of where there are several days, and steps that tell them apart. */
const DAYS_MIN = 2
const DAILY_STEP_MAX_MS = 6 * 60 * MINUTE_MS

/**
 * When a field's conflicts cluster: the shortest stretch that holds half of them, if that is at most a quarter of the time that
 * is known; else the same over the hours of the day. Null where they don't, and of fewer than CLUSTERED_MIN. Pure.
 * @param columns by time; null where telemetry is missing
 */
export function frictionTime(
  columns: readonly { readonly atMs: number; readonly count: number | null }[],
  stepMs: number,
  toMs: number,
): FrictionTime | null {
  const known = columns.flatMap(({ atMs, count }) => (count === null ? [] : [{ atMs, count }]))
  const total = known.reduce((sum, { count }) => sum + count, 0)
  if (total < CLUSTERED_MIN) return null
  const run = shortestRun(
    known.map(({ count }) => count),
    total,
  )
  const [first, last] = [known[run.from], known[run.to - 1]]
  if (run.to - run.from <= known.length * SHORT && first && last) {
    const endMs = Math.min(Math.floor(last.atMs / stepMs) * stepMs + stepMs, toMs)
    return { kind: 'once', fromMs: first.atMs, toMs: endMs, share: run.count / total }
  }
  return dailyTime(known, stepMs, total)
}

function dailyTime(
  known: readonly { readonly atMs: number; readonly count: number }[],
  stepMs: number,
  total: number,
): FrictionTime | null {
  const [start, end] = [known[0]?.atMs ?? 0, known.at(-1)?.atMs ?? 0]
  if (DAY_MS % stepMs !== 0 || stepMs > DAILY_STEP_MAX_MS || end - start < DAYS_MIN * DAY_MS) return null
  const slots = Array.from({ length: DAY_MS / stepMs }, () => 0)
  for (const { atMs, count } of known) {
    const slot = Math.floor((atMs % DAY_MS) / stepMs)
    slots[slot] = (slots[slot] ?? 0) + count
  }
  // A night begins before midnight and ends after it.
  const run = shortestRun([...slots, ...slots], total)
  if (run.to - run.from > slots.length * SHORT) return null
  const minuteOf = (slot: number): number => ((slot % slots.length) * stepMs) / MINUTE_MS
  return {
    kind: 'daily',
    fromMinute: minuteOf(run.from),
    toMinute: minuteOf(run.to),
    share: run.count / total,
  }
}

/** The shortest stretch of these that holds most of the total; of several the one with the most. */
function shortestRun(
  counts: readonly number[],
  total: number,
): { readonly from: number; readonly to: number; readonly count: number } {
  let best = { from: 0, to: counts.length, count: total }
  let from = 0
  let count = 0
  for (const [at, here] of counts.entries()) {
    count += here
    while (count - (counts[from] ?? 0) >= total * MOST) count -= counts[from++] ?? 0
    const length = at + 1 - from
    const isShorter = length < best.to - best.from
    if (count >= total * MOST && (isShorter || (length === best.to - best.from && count > best.count)))
      best = { from, to: at + 1, count }
  }
  return best
}
