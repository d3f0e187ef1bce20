/** Counts per bucket, made ready to draw into a field of 1000 × 100. Pure; times are epoch ms. */
import {
  CHART_POINTS_MAX,
  placeMarks,
  placer,
  type Gap,
  type Mark,
  type PlacedMark,
  type Point,
} from '#components/charts/prepare.ts'
import { niceTicks, timeTicks, type TimeTick, type ValueTick } from '#components/charts/ticks.ts'

export type BarInput = {
  fromMs: number
  toMs: number
  bucketMs: number
  points: readonly Point[]
  marks?: readonly Mark[]
  zone: string
}

export type Bar = { x: number; width: number; height: number }

export type PreparedBars = {
  bars: Bar[]
  rows: { t: number; value: number | null }[]
  yTicks: ValueTick[]
  xTicks: TimeTick[]
  gaps: Gap[]
  marks: PlacedMark[]
}

const BAR_SPACE = 1.6
const COUNT_TOP_MIN = 4

/** A zero draws nothing; a null is a gap; more than the most points are cut from the left. */
export function prepareBars({ fromMs, toMs, bucketMs, points, marks = [], zone }: BarInput): PreparedBars {
  const rows = points
    .filter((point) => point.t + bucketMs > fromMs && point.t < toMs)
    .slice(-CHART_POINTS_MAX)
  const top = rows.reduce((most, row) => Math.max(most, row.value ?? 0), 0)
  const yMax = Math.max(top * 1.1, COUNT_TOP_MIN)
  const place = placer(fromMs, toMs)
  const bars: Bar[] = []
  const gaps: Gap[] = []
  for (const { t, value } of rows) {
    const leftPct = place(t)
    const widthPct = place(t + bucketMs) - leftPct
    if (value === null) gaps.push({ leftPct, widthPct, word: null })
    else if (value > 0) {
      const width = Math.max(1, widthPct * 10 - BAR_SPACE)
      bars.push({ x: leftPct * 10, width, height: Math.round((value / yMax) * 10_000) / 100 })
    }
  }
  return {
    bars,
    rows,
    yTicks: niceTicks(yMax, 'count'),
    xTicks: timeTicks(fromMs, toMs, zone),
    gaps,
    marks: placeMarks(marks, fromMs, toMs),
  }
}
