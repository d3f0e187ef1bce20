import type { Reading } from './read-condition.ts'
import { readCondition } from './read-condition.ts'
import type { AlertRule } from './rule.ts'
import type { FleetSeries } from './series.ts'
import { SeriesSignals } from './series.ts'
import type { AlertStatus, Tracked } from './tracker.ts'
import { statusOf, track } from './tracker.ts'

/** One time that a rule fired, or would have. Times in Unix ms. */
export interface Episode {
  /** '' of the fleet as a whole. */
  readonly key: string
  readonly firedAtMs: number
  /** Null where it still fires at the end. */
  readonly endedAtMs: number | null
  /** The worst value of it; null where only the lack of something is known. */
  readonly peak: number | null
}

export interface Replay {
  readonly episodes: readonly Episode[]
  /** Status of each part, step by step from the first one that was asked for. */
  readonly steps: readonly {
    readonly atMs: number
    readonly statuses: Readonly<Record<string, AlertStatus>>
  }[]
  /** Of the part that is named, or of the first one: its figure step by step. */
  readonly readings: readonly (Reading | null)[]
}

/** What a rule does over a series, evaluated at the end of each step from `startMs` on. Pure. */
export function replayRule(rule: AlertRule, series: FleetSeries, startMs: number = series.fromMs): Replay {
  const signals = new SeriesSignals(series)
  const tracked = new Map<string, Tracked>()
  const open = new Map<string, { firedAtMs: number; peak: number | null }>()
  const episodes: Episode[] = []
  const steps: { atMs: number; statuses: Record<string, AlertStatus> }[] = []
  const readings: (Reading | null)[] = []
  const isWorse = worseOf(rule)
  for (let step = 0; step < signals.steps; step++) {
    const nowMs = signals.endMs(step)
    if (nowMs <= startMs) continue
    const now = signals.at(step)
    const statuses: Record<string, AlertStatus> = {}
    const keys = rule.groupBy === 'fleet' ? [''] : now.keys(rule.groupBy)
    for (const [index, key] of keys.entries()) {
      const reading = readCondition(rule.condition, now, { by: rule.groupBy, key })
      if (index === 0) readings.push(reading)
      // A step of hours is the one before's next: no evaluation was missed.
      const before = tracked.get(key)
      const next = track(before ? { ...before, seenMs: nowMs } : null, reading, nowMs, rule)
      tracked.set(key, next)
      statuses[key] = statusOf(next, rule, nowMs)
      const running = open.get(key)
      if (next.held.kind === 'firing') {
        const value = reading?.value ?? null
        if (running === undefined) open.set(key, { firedAtMs: nowMs, peak: value })
        else if (value !== null && (running.peak === null || isWorse(value, running.peak)))
          running.peak = value
      } else if (running !== undefined) {
        episodes.push({ key, ...running, endedAtMs: nowMs })
        open.delete(key)
      }
    }
    steps.push({ atMs: nowMs, statuses })
  }
  for (const [key, running] of open) episodes.push({ key, ...running, endedAtMs: null })
  episodes.sort((a, b) => a.firedAtMs - b.firedAtMs || (a.key < b.key ? -1 : 1))
  return { episodes, steps, readings }
}

/** Which of two figures of a rule is the worse one. */
export function worseOf({ condition }: AlertRule): (value: number, than: number) => boolean {
  const isBelow =
    (condition.kind === 'threshold' && condition.comparison === 'below') ||
    (condition.kind === 'anomaly' && condition.direction === 'below')
  return isBelow ? (value, than) => value < than : (value, than) => value > than
}

/** A test of a rule as data: what is given, and where it has to stand when. */
export interface RuleTest {
  readonly given: FleetSeries
  readonly expect: readonly { readonly atMs: number; readonly key: string; readonly status: AlertStatus }[]
}

/** What a test of a rule finds otherwise; empty where it passes. Pure. */
export function runRuleTest(
  rule: AlertRule,
  { given, expect }: RuleTest,
): readonly { readonly atMs: number; readonly key: string; readonly status: AlertStatus | null }[] {
  const { steps } = replayRule(rule, given)
  return expect.flatMap(({ atMs, key, status }) => {
    // The last evaluation at or before it.
    const found = steps.findLast((step) => step.atMs <= atMs)?.statuses[key] ?? null
    return found === status ? [] : [{ atMs, key, status: found }]
  })
}
