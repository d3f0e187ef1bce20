/** Axis ticks at round values and round times. Pure; positions are percent of the plot. */
import {
  formatClock,
  formatCount,
  formatDay,
  formatDuration,
  formatPercent,
  zoneOffsetMs,
} from '#components/ui/format.ts'

export type ValueFormat = 'duration' | 'percent' | 'count'
export type ValueTick = { value: number; label: string; topPct: number }
/** `align` a: starts at its place, z: ends there; `thin` ones go first where there is no room. */
export type TimeTick = { t: number; label: string; leftPct: number; align: 'a' | 'z' | ''; thin: boolean }

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const DURATION_STEPS = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 20, 30].map((n) => n * SECOND),
  ...[1, 2, 4, 5, 10, 15, 20, 30].map((n) => n * MINUTE),
  ...[1, 2, 4, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((n) => n * DAY),
]
const TIME_STEPS = [
  ...[5, 10, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10].map((n) => n * DAY),
]
const VALUE_TICKS_MAX = 3
const TIME_TICKS_MAX = 5
/** From here on a label, centred at its place, would run into the one at the end of the narrowest plot (230 px). */
const END_LABEL_FROM_PCT = 77

/** Zero and at most three round values under `max`. */
export function niceTicks(max: number, format: ValueFormat): ValueTick[] {
  const step = valueStep(max, format)
  const ticks: ValueTick[] = []
  for (let n = 0; n <= VALUE_TICKS_MAX && n * step <= max * 1.0001; n += 1) {
    const value = n * step
    ticks.push({
      value,
      label: tickLabel(value, format),
      topPct: Math.round((1 - value / max) * 10_000) / 100,
    })
  }
  return ticks
}

function valueStep(max: number, format: ValueFormat): number {
  const enough = (step: number): boolean => max / step <= VALUE_TICKS_MAX
  if (format === 'duration') return DURATION_STEPS.find(enough) ?? 200 * DAY
  const floor = format === 'count' ? 1 : 0
  const decade = 10 ** Math.floor(Math.log10(max / VALUE_TICKS_MAX))
  const step = [1, 2, 5, 10].map((n) => n * decade).find((n) => max / n <= VALUE_TICKS_MAX + 1e-9) ?? max
  return Math.max(step, floor)
}

/** A value of the axis in as few characters as stay exact: `4 min`, `0.5 %`, `20 k`. */
export function tickLabel(value: number, format: ValueFormat): string {
  if (value === 0) return '0'
  if (format === 'percent') return `${Number((value * 100).toPrecision(3))} %`
  if (format === 'count') return shortCount(value)
  if (value < SECOND) return `${value} ms`
  if (value < MINUTE) return `${value / SECOND} s`
  if (value < HOUR) return `${value / MINUTE} min`
  return value < DAY ? `${value / HOUR} h` : `${value / DAY} d`
}

/** A value of a series in full, for the tooltip, the table and a clipped peak. */
export function valueLabel(value: number | null, format: ValueFormat): string {
  if (value === null) return 'no data'
  if (format === 'percent') return formatPercent(value)
  return format === 'count' ? formatCount(value) : formatDuration(value)
}

/** A value beside a line, where there is room for little: `17 min`, `2.1 %`, `48 k`. */
export function shortLabel(value: number, format: ValueFormat): string {
  if (format === 'percent') return `${Number((value * 100).toPrecision(2))} %`
  if (format === 'count') return shortCount(Number(value.toPrecision(2)))
  const units = [DAY, HOUR, MINUTE, SECOND, 1] as const
  const unit = units.find((candidate) => value >= candidate) ?? 1
  return tickLabel(unit * Number((value / unit).toPrecision(2)), 'duration')
}

function shortCount(value: number): string {
  if (value < 1_000) return String(value)
  if (value < 1_000_000) return `${value / 1_000} k`
  return `${value / 1_000_000} M`
}

/** Round times of the zone's own clock, and the end of the range in full. */
export function timeTicks(fromMs: number, toMs: number, zone: string): TimeTick[] {
  const span = toMs - fromMs
  if (span <= 0) return []
  const step = TIME_STEPS.find((candidate) => span / candidate <= TIME_TICKS_MAX) ?? 30 * DAY
  const offset = zoneOffsetMs(toMs, zone)
  const daily = step >= DAY
  const label = (t: number): string => (daily ? shortDay(t, zone) : formatClock(t, zone, step < MINUTE))
  const ticks: TimeTick[] = []
  let t = Math.ceil((fromMs + offset) / step) * step - offset
  for (let n = 0; n <= TIME_TICKS_MAX + 1 && t < toMs; n += 1, t += step) {
    const leftPct = Math.round(((t - fromMs) / span) * 10_000) / 100
    // The end has its own label.
    if (leftPct > END_LABEL_FROM_PCT) continue
    ticks.push({ t, label: label(t), leftPct, align: leftPct < 6 ? 'a' : '', thin: false })
  }
  const thinned = ticks.map((tick, index) => ({ ...tick, thin: ticks.length > 3 && index % 2 === 1 }))
  return [...thinned, { t: toMs, label: label(toMs), leftPct: 100, align: 'z', thin: false }]
}

function shortDay(t: number, zone: string): string {
  return formatDay(t, zone).split(' ').slice(1).join(' ')
}
