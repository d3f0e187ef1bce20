import type { Measure } from './measures.ts'
import { measureOf } from './measures.ts'
import type {
  AbsenceCondition,
  AnomalyCondition,
  Bound,
  BurnRateCondition,
  BurnWindow,
  Condition,
  ThresholdCondition,
} from './rule.ts'
import { ANOMALY_WEEKS, WEEK_MS } from './rule.ts'
import type { Part, Signals } from './signals.ts'

/** What a condition found, with all that a sentence about it needs. */
export interface Reading {
  readonly breached: boolean
  /** Still breached by the bound that holds while it fires. */
  readonly holds: boolean
  /** Null where there is too little to make one. */
  readonly value: number | null
  readonly bound: number
  /** Of what the value is a part; null of what is none. */
  readonly share: { readonly part: number; readonly whole: number } | null
  readonly windowMs: number
  /** Of an anomaly: the same stretch in the weeks before that are known, the last one first. */
  readonly past: readonly number[]
}

/** Null where it isn't known: then nothing is said, neither that it is well nor that it isn't. Pure. */
export function readCondition(condition: Condition, signals: Signals, part: Part): Reading | null {
  switch (condition.kind) {
    case 'threshold':
      return readThreshold(condition, signals, part)
    case 'burn_rate':
      return readBurnRate(condition, signals, part)
    case 'absence':
      return readAbsence(condition, signals, part)
    case 'anomaly':
      return readAnomaly(condition, signals, part)
  }
}

interface Figure {
  readonly value: number | null
  readonly share: Reading['share']
}

function readThreshold(condition: ThresholdCondition, signals: Signals, part: Part): Reading | null {
  const { comparison, windowMs, perActivity, clear } = condition
  const figure = figureOf(measureOf(condition.measure), condition, signals, part)
  if (figure === null) return null
  const activity = perActivity ? signals.sum(perActivity.counter, part, windowMs) : 0
  if (activity === null) return null
  const scaled = perActivity ? perActivity.factor * activity : -Infinity
  const bound = Math.max(boundOf(condition.value, signals, part), scaled)
  const { value, share } = figure
  const passes = (limit: number): boolean =>
    value !== null && (comparison === 'above' ? value > limit : value < limit)
  const breached = passes(bound)
  const holds = clear === null ? breached : passes(Math.max(clear, scaled))
  return { breached, holds, value, bound, share, windowMs, past: [] }
}

const boundOf = (bound: Bound, signals: Signals, part: Part): number =>
  typeof bound === 'number' ? bound : signals.limits(part)[bound.limit]

function figureOf(
  measure: Measure,
  { windowMs, minTraffic, minPart }: Pick<ThresholdCondition, 'windowMs' | 'minTraffic' | 'minPart'>,
  signals: Signals,
  part: Part,
): Figure | null {
  const of = (some: number | null, all: number | null): Figure | null => {
    if (some === null || all === null) return null
    const isEnough = all > 0 && all >= minTraffic && some >= minPart
    return { value: isEnough ? some / all : null, share: { part: some, whole: all } }
  }
  switch (measure.kind) {
    case 'ratio':
      return of(signals.sum(measure.part, part, windowMs), signals.sum(measure.whole, part, windowMs))
    case 'share':
      return of(signals.gauge(measure.part, part), signals.gauge(measure.whole, part))
    case 'count': {
      const value = signals.sum(measure.counter, part, windowMs)
      return value === null ? null : { value, share: null }
    }
    case 'gauge': {
      const value = signals.gauge(measure.gauge, part)
      return value === null ? null : { value, share: null }
    }
  }
}

/** Of several windows that burn the first one is told; of none, the one that is nearest. */
function readBurnRate(condition: BurnRateCondition, signals: Signals, part: Part): Reading | null {
  let nearest: { readonly reading: Reading; readonly nearness: number } | null = null
  for (const window of condition.windows) {
    const reading = readWindow(condition, window, signals, part)
    if (reading === null) return null
    if (reading.breached) return reading
    const nearness = (reading.value ?? 0) / reading.bound
    if (nearest === null || nearness > nearest.nearness) nearest = { reading, nearness }
  }
  return nearest?.reading ?? null
}

function readWindow(
  { measure, target, minTraffic, minPart }: BurnRateCondition,
  { factor, longMs, shortMs }: BurnWindow,
  signals: Signals,
  part: Part,
): Reading | null {
  const bound = factor * (1 - target)
  const long = figureOf(measureOf(measure), { windowMs: longMs, minTraffic, minPart }, signals, part)
  const short = figureOf(measureOf(measure), { windowMs: shortMs, minTraffic: 0, minPart: 0 }, signals, part)
  if (long === null || short === null) return null
  const isOver = ({ value }: Figure): boolean => value !== null && value > bound
  const breached = isOver(long) && isOver(short)
  return {
    breached,
    holds: breached,
    value: long.value,
    bound,
    share: long.share,
    windowMs: longMs,
    past: [],
  }
}

function readAbsence(
  { counter, windowMs, before, devicesMin }: AbsenceCondition,
  signals: Signals,
  part: Part,
): Reading | null {
  const value = signals.sum(counter, part, windowMs)
  const came = signals.sum(counter, part, before.windowMs, windowMs)
  const devices = signals.gauge('devices', part)
  if (value === null || came === null || devices === null) return null
  // While it fires the time before empties too: only that something comes again, or that all are gone, ends it.
  const holds = value === 0 && devices >= devicesMin
  const breached = holds && came >= before.atLeast
  return { breached, holds, value, bound: 0, share: null, windowMs, past: [] }
}

/** Makes the median absolute deviation of normally distributed values their standard deviation. */
const MAD_SCALE = 1.4826

function readAnomaly(condition: AnomalyCondition, signals: Signals, part: Part): Reading | null {
  const { counter, windowMs, direction, deviations, ratio, minimum, weeksMin } = condition
  const value = signals.sum(counter, part, windowMs)
  if (value === null) return null
  const past: number[] = []
  for (let week = 1; week <= ANOMALY_WEEKS; week++) {
    const then = signals.sum(counter, part, windowMs, week * WEEK_MS)
    if (then !== null) past.push(then)
  }
  const usual = median(past)
  const spread = deviations * MAD_SCALE * median(past.map((then) => Math.abs(then - usual)))
  const bound =
    direction === 'above'
      ? Math.max(usual + spread, usual * ratio, minimum)
      : Math.min(usual - spread, usual * ratio)
  const isKnown = past.length >= weeksMin && Math.max(value, usual) >= minimum
  const breached = isKnown && (direction === 'above' ? value > bound : value < bound)
  return { breached, holds: breached, value, bound, share: null, windowMs, past }
}

/** 0 of none. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return 0
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0]
  return (low + high) / 2
}
