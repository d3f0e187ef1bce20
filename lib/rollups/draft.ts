import type { Bucket, BucketKey } from './bucket.ts'
import { GAUGE_SKETCH, GREATEST_GAUGES } from './counters.ts'
import type { Tally } from './sketch.ts'
import { emptyTally, encodeTally } from './sketch.ts'

const GAUGE_SKETCHES: ReadonlySet<string> = new Set(Object.values(GAUGE_SKETCH))

/** The gauges of one moment: of one group, or of several groups together. */
interface Moment {
  atMs: number
  gauges: Map<string, number | null>
  /** Texts of each sketch, which are one distribution together. */
  sketches: Map<string, string[]>
}

/** A bucket while it is folded. Sketches are lists of what they are made of, and one only when it is closed. */
export interface Draft {
  readonly key: BucketKey
  readonly counters: Map<string, number>
  readonly sketches: Map<string, Tally>
  moment: Moment
}

export const emptyDraft = (key: BucketKey): Draft => ({
  key,
  counters: new Map(),
  sketches: new Map(),
  moment: { atMs: 0, gauges: new Map(), sketches: new Map() },
})

export function addCounter(draft: Draft, name: string, count: number): void {
  if (count > 0) draft.counters.set(name, (draft.counters.get(name) ?? 0) + count)
}

export function tallyIn(draft: Draft, name: string): Tally {
  let tally = draft.sketches.get(name)
  if (tally === undefined) draft.sketches.set(name, (tally = emptyTally()))
  return tally
}

/**
 * A newer moment replaces an older one as a whole, one of the same time comes beside it: the groups of one snapshot
 * stand in one bucket where they are merged. So no order of events makes a difference.
 */
export function addMoment(
  draft: Draft,
  atMs: number,
  gauges: Iterable<readonly [string, number | null]>,
  sketches: Iterable<readonly [string, string | readonly string[]]>,
): void {
  if (atMs === 0 || atMs < draft.moment.atMs) return
  if (atMs > draft.moment.atMs) draft.moment = { atMs, gauges: new Map(), sketches: new Map() }
  const { moment } = draft
  for (const [name, value] of gauges)
    moment.gauges.set(name, together(name, moment.gauges.get(name) ?? null, value))
  for (const [name, texts] of sketches) {
    const all = moment.sketches.get(name) ?? []
    moment.sketches.set(name, all.concat(texts))
  }
}

/** Null is a gauge that isn't known, so it adds nothing. */
function together(name: string, a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return GREATEST_GAUGES.has(name) ? Math.max(a, b) : a + b
}

/** Adds a stored bucket to a draft, of its own key or of one that it is merged into. */
export function addBucket(draft: Draft, { counters, sketches, gauges, gaugesAtMs }: Bucket): void {
  for (const name of Object.keys(counters)) addCounter(draft, name, counters[name] ?? 0)
  const ofMoment: [string, string][] = []
  for (const name of Object.keys(sketches)) {
    const text = sketches[name] ?? ''
    if (GAUGE_SKETCHES.has(name)) ofMoment.push([name, text])
    else tallyIn(draft, name).texts.push(text)
  }
  addMoment(draft, gaugesAtMs, Object.entries(gauges), ofMoment)
}

/** Adds all of a draft, which stays as it is from now on, to another. */
export function addDraft(draft: Draft, { counters, sketches, moment }: Draft): void {
  for (const [name, count] of counters) addCounter(draft, name, count)
  for (const [name, tally] of sketches) tallyIn(draft, name).parts.push(tally)
  addMoment(draft, moment.atMs, moment.gauges, moment.sketches)
}

/** Keys are sorted, so that equal contents are equal bytes. */
export function closeDraft({ key, counters, sketches, moment }: Draft): Bucket {
  const texts: [string, string][] = []
  for (const [name, tally] of sketches) {
    const text = encodeTally(tally)
    if (text !== '') texts.push([name, text])
  }
  for (const [name, parts] of moment.sketches)
    texts.push([
      name,
      parts.length === 1 ? (parts[0] as string) : encodeTally({ texts: parts, slots: [], parts: [] }),
    ])
  return {
    key,
    counters: sorted(counters),
    sketches: sorted(texts),
    gauges: sorted(moment.gauges),
    gaugesAtMs: moment.atMs,
  }
}

const sorted = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
