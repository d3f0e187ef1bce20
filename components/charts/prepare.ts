/**
 * Prepare, then draw: everything a time chart shows, worked out before anything is drawn.
 * Pure. Times are epoch ms, positions are percent of the plot from its left or top edge.
 */
import {
  niceTicks,
  timeTicks,
  type ValueFormat,
  type ValueTick,
  type TimeTick,
} from '#components/charts/ticks.ts'

/** More points than this are merged; the server buckets to about as many. */
export const CHART_POINTS_MAX = 1_500

export type Point = { t: number; value: number | null }

export type Threshold = { value: number; word: string; tone: 'warn' | 'crit' }

/** An annotation: `word` stands beside its line, `letter` in its place where the plot is narrow. */
export type Mark = { t: number; word: string; letter: string }

/** A stretch of time. */
export type Stretch = { fromMs: number; toMs: number }
export type PlacedStretch = { leftPct: number; widthPct: number }

export type ChartInput = {
  fromMs: number
  toMs: number
  bucketMs: number
  format: ValueFormat
  /** In time order; a missing bucket counts as null. */
  points: readonly Point[]
  /** The same time before, already moved onto this axis. */
  past?: readonly Point[]
  thresholds?: readonly Threshold[]
  marks?: readonly Mark[]
  /** Stretches that are shaded: when a rule would have fired. */
  stretches?: readonly Stretch[]
  /** Why a bucket can be null, when it isn't that data is missing: "too few calls". */
  gapWord?: string
  zone: string
}

/** `subject` and `past` are clipped to the axis for drawing; `said` and `saidPast` are the true values. */
export type Row = {
  t: number
  subject: number | null
  past: number | null
  said: number | null
  saidPast: number | null
  /** A value between two gaps: a line of one point needs a dot to be seen. */
  alone: boolean
}

export type PreparedThreshold = Threshold & { topPct: number; onScale: boolean }
export type Gap = { leftPct: number; widthPct: number; word: string | null }
export type PlacedMark = Mark & { leftPct: number; align: 'a' | 'z' | '' }

export type PreparedChart = {
  fromMs: number
  toMs: number
  yMax: number
  rows: Row[]
  yTicks: ValueTick[]
  xTicks: TimeTick[]
  thresholds: PreparedThreshold[]
  gaps: Gap[]
  marks: PlacedMark[]
  stretches: PlacedStretch[]
  /** The highest value, where it is cut off at the top edge. */
  peak: { leftPct: number; value: number; align: 'a' | 'z' } | null
  end: { leftPct: number; topPct: number } | null
  /** Said when points were merged: "720 of 2,880 points". */
  merged: { shown: number; of: number } | null
}

/** A gap's word is shown only where there is room for it. */
const GAP_WORD_WIDTH_PCT_MIN = 22

/** Works out axes, gaps, clipping and places. Empty input gives a frame that is one gap. */
export function prepareChart(input: ChartInput): PreparedChart {
  const { fromMs, toMs } = input
  const filled = fillBuckets(input)
  const rows = mergeRows(filled, CHART_POINTS_MAX)
  const scale = valueScale(rows, input)
  const drawn = markAlone(rows.map((row) => clip(row, scale.yMax)))
  const place = placer(fromMs, toMs)
  const last = drawn.findLast((row) => row.subject !== null)
  return {
    fromMs,
    toMs,
    yMax: scale.yMax,
    rows: drawn,
    yTicks: niceTicks(scale.yMax, input.format),
    xTicks: timeTicks(fromMs, toMs, input.zone),
    thresholds: placeThresholds(input.thresholds ?? [], scale.yMax),
    gaps: findGaps(rows, input),
    marks: placeMarks(input.marks ?? [], fromMs, toMs),
    stretches: placeStretches(input.stretches ?? [], fromMs, toMs),
    peak: findPeak(rows, scale.yMax, place),
    end:
      last?.subject == null
        ? null
        : { leftPct: place(last.t), topPct: round(100 - (last.subject / scale.yMax) * 100) },
    merged: rows.length < filled.length ? { shown: rows.length, of: filled.length } : null,
  }
}

/** Percent from the left edge for a time, held inside the plot. */
export function placer(fromMs: number, toMs: number): (t: number) => number {
  const width = Math.max(1, toMs - fromMs)
  return (t) => round(Math.min(100, Math.max(0, ((t - fromMs) / width) * 100)))
}

/** Marks inside the range; near an edge the word grows inward. */
export function placeMarks(marks: readonly Mark[], fromMs: number, toMs: number): PlacedMark[] {
  const place = placer(fromMs, toMs)
  return marks
    .filter((mark) => mark.t >= fromMs && mark.t <= toMs)
    .map((mark) => {
      const leftPct = place(mark.t)
      return { ...mark, leftPct, align: leftPct < 8 ? 'a' : leftPct > 92 ? 'z' : '' }
    })
}

/** A shorter one would not be seen. */
const STRETCH_WIDTH_PCT_MIN = 0.25

/** Those that reach into the range, cut at its ends. */
function placeStretches(stretches: readonly Stretch[], fromMs: number, toMs: number): PlacedStretch[] {
  const place = placer(fromMs, toMs)
  return stretches
    .filter((one) => one.toMs >= fromMs && one.fromMs <= toMs)
    .map((one) => {
      const leftPct = Math.min(place(one.fromMs), 100 - STRETCH_WIDTH_PCT_MIN)
      return { leftPct, widthPct: Math.max(round(place(one.toMs) - leftPct), STRETCH_WIDTH_PCT_MIN) }
    })
}

type Raw = Omit<Row, 'alone'>

/** One row for every bucket of the range, so that a missing bucket is a null and not a longer line. */
function fillBuckets({ fromMs, toMs, bucketMs, points, past = [] }: ChartInput): Raw[] {
  const before = new Map(past.map((point) => [bucketOf(point.t, bucketMs), cleanValue(point.value)]))
  const inside = points.filter((point) => point.t >= fromMs && point.t <= toMs)
  const rows: Raw[] = []
  let expected = bucketOf(fromMs, bucketMs)
  const pushEmpty = (bucket: number): void => {
    const t = bucket * bucketMs
    if (t < fromMs || t > toMs) return
    const saidPast = before.get(bucket) ?? null
    rows.push({ t, subject: null, past: saidPast, said: null, saidPast })
  }
  for (const point of inside) {
    const bucket = bucketOf(point.t, bucketMs)
    for (; expected < bucket; expected += 1) pushEmpty(expected)
    const value = cleanValue(point.value)
    const saidPast = before.get(bucket) ?? null
    rows.push({ t: point.t, subject: value, past: saidPast, said: value, saidPast })
    expected = bucket + 1
  }
  // The bucket that is still open at the right edge isn't missing: it isn't over.
  for (; (expected + 1) * bucketMs <= toMs; expected += 1) pushEmpty(expected)
  return rows
}

function bucketOf(t: number, bucketMs: number): number {
  return Math.floor(t / bucketMs)
}

function cleanValue(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}

/** Keeps the highest of each group: a merged chart may lose a calm minute, never a peak. */
function mergeRows(rows: Raw[], max: number): Raw[] {
  if (rows.length <= max) return rows
  const size = Math.ceil(rows.length / max)
  const merged: Raw[] = []
  for (let start = 0; start < rows.length; start += size) {
    const group = rows.slice(start, start + size)
    const first = group[0]
    if (first === undefined) continue
    const said = highest(group.map((row) => row.said))
    const saidPast = highest(group.map((row) => row.saidPast))
    merged.push({ t: first.t, subject: said, past: saidPast, said, saidPast })
  }
  return merged
}

function highest(values: readonly (number | null)[]): number | null {
  return values.reduce(
    (top, value) => (value === null ? top : top === null ? value : Math.max(top, value)),
    null,
  )
}

/** One peak this many times over the ordinary top is cut off and said, so the rest stays readable. */
const CLIP_FACTOR = 2
/** Of fewer values none is ordinary, so none is cut off. */
const CLIP_VALUES_MIN = 10
/** A threshold further above the data than this stays off the scale, with an arrow at its word. */
const THRESHOLD_REACH = 6

function valueScale(rows: readonly Raw[], input: ChartInput): { yMax: number } {
  const values = rows.flatMap((row) => [row.said, row.saidPast]).filter((value) => value !== null)
  const sorted = values.toSorted((a, b) => a - b)
  const top = sorted.at(-1) ?? 0
  const usual = sorted[Math.floor((sorted.length - 1) * 0.97)] ?? 0
  const lowest = Math.min(...(input.thresholds ?? []).map((threshold) => threshold.value))
  const reached = Number.isFinite(lowest) && (usual === 0 || lowest <= usual * THRESHOLD_REACH) ? lowest : 0
  const wanted = Math.max(usual * 1.2, reached * 1.25)
  // What holds now must be readable: the newest value is always on the scale.
  const newest = rows.findLast((row) => row.said !== null)?.said ?? 0
  const isPeak = values.length >= CLIP_VALUES_MIN && top > Math.max(wanted, newest * 1.05) * CLIP_FACTOR
  const yMax = Math.max(wanted, (isPeak ? newest : top) * 1.05)
  return { yMax: yMax > 0 ? yMax : emptyTop(input.format) }
}

/** The top of a chart that has nothing but zeros: small, and a whole tick. */
function emptyTop(format: ValueFormat): number {
  return { duration: 60_000, percent: 0.01, count: 4 }[format]
}

function clip(row: Raw, yMax: number): Raw {
  const cut = (value: number | null): number | null => (value === null ? null : Math.min(value, yMax))
  return { ...row, subject: cut(row.said), past: cut(row.saidPast) }
}

function markAlone(rows: readonly Raw[]): Row[] {
  return rows.map((row, index) => ({
    ...row,
    alone: row.subject !== null && rows[index - 1]?.subject == null && rows[index + 1]?.subject == null,
  }))
}

function placeThresholds(thresholds: readonly Threshold[], yMax: number): PreparedThreshold[] {
  const placed = thresholds.map((threshold) => {
    const onScale = threshold.value <= yMax
    return { ...threshold, onScale, topPct: onScale ? round(100 - (threshold.value / yMax) * 100) : 0 }
  })
  // Of those above the axis only the next one is worth a word.
  const nextAbove = placed
    .filter((threshold) => !threshold.onScale)
    .toSorted((a, b) => a.value - b.value)
    .at(0)
  const some = placed.some((threshold) => threshold.onScale)
  return placed.filter((threshold) => threshold.onScale || (!some && threshold === nextAbove))
}

function findGaps(rows: readonly Raw[], { fromMs, toMs, bucketMs, gapWord = 'no data' }: ChartInput): Gap[] {
  const place = placer(fromMs, toMs)
  const gaps: Gap[] = []
  const add = (startMs: number, endMs: number): void => {
    const leftPct = place(startMs)
    const widthPct = round(place(endMs) - leftPct)
    if (widthPct > 0)
      gaps.push({ leftPct, widthPct, word: widthPct >= GAP_WORD_WIDTH_PCT_MIN ? gapWord : null })
  }
  let lastKnown: number | null = null
  let open = false
  for (const row of rows) {
    if (row.said === null) {
      open = true
      continue
    }
    if (open) add(lastKnown ?? fromMs, row.t)
    open = false
    lastKnown = row.t
  }
  if (lastKnown === null) add(fromMs, toMs)
  else if (open) add(lastKnown + bucketMs, toMs)
  return gaps
}

function findPeak(rows: readonly Raw[], yMax: number, place: (t: number) => number): PreparedChart['peak'] {
  let peak: Raw | null = null
  for (const row of rows) if (row.said !== null && row.said > yMax && row.said > (peak?.said ?? 0)) peak = row
  if (peak?.said == null) return null
  const leftPct = place(peak.t)
  return { leftPct, value: peak.said, align: leftPct > 75 ? 'z' : 'a' }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
