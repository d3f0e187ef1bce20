import type { Thresholds } from '../thresholds.ts'
import { DEFAULT_THRESHOLDS } from '../thresholds.ts'
import type { AlertCounter, AlertGauge, Grouping } from './measures.ts'
import type { Part, Signals } from './signals.ts'

/**
 * Figures of one fleet in steps of one length, as they were or as a test gives them. Step `i` ends at
 * `fromMs + (i + 1) * stepMs`. Series that are shorter than the longest end in what isn't known.
 */
export interface FleetSeries {
  readonly fromMs: number
  readonly stepMs: number
  readonly parts: readonly PartSeries[]
  /** By collection; null of the fleet as a whole. */
  readonly limits?: (collection: string | null) => Thresholds
}
export interface PartSeries extends Part {
  /** What each grew by in each step; null where nobody counted. */
  readonly counters: Readonly<Partial<Record<AlertCounter, readonly (number | null)[]>>>
  /** What each stood at, at the end of each step. */
  readonly gauges: Readonly<Partial<Record<AlertGauge, readonly (number | null)[]>>>
}

/** The moments of a series, one after the other: `at(i)` is how things stood when step `i` had ended. */
export class SeriesSignals {
  readonly steps: number
  private readonly series: FleetSeries
  private readonly parts = new Map<string, PartSeries>()
  /** Sums before each step: any window is two of them apart. */
  private readonly running = new Map<string, Float64Array>()
  /** Of each step whether anything of the fleet is known, as running counts. */
  private readonly heard: Float64Array

  constructor(series: FleetSeries) {
    this.series = series
    for (const part of series.parts) this.parts.set(partName(part), part)
    const all = series.parts.flatMap(({ counters }) => Object.values(counters))
    const gauges = series.parts.flatMap((part) => Object.values(part.gauges))
    this.steps = Math.max(0, ...[...all, ...gauges].map((values) => values.length))
    this.heard = new Float64Array(this.steps + 1)
    for (let i = 0; i < this.steps; i++) {
      const isHeard = all.some((values) => (values[i] ?? null) !== null)
      this.heard[i + 1] = (this.heard[i] ?? 0) + (isHeard ? 1 : 0)
    }
  }

  endMs(step: number): number {
    return this.series.fromMs + (step + 1) * this.series.stepMs
  }

  at(step: number): Signals {
    return {
      keys: (by) => this.series.parts.filter((part) => part.by === by).map(({ key }) => key),
      sum: (counter, part, windowMs, agoMs = 0) => this.sum(counter, part, step, windowMs, agoMs),
      gauge: (gauge, part) => this.parts.get(partName(part))?.gauges[gauge]?.[step] ?? null,
      limits: ({ by, key }) => this.series.limits?.(by === 'collection' ? key : null) ?? DEFAULT_THRESHOLDS,
    }
  }

  private sum(
    counter: AlertCounter,
    part: Part,
    step: number,
    windowMs: number,
    agoMs: number,
  ): number | null {
    const { stepMs } = this.series
    const end = Math.min(this.steps, step + 1 - Math.round(agoMs / stepMs))
    const start = Math.max(0, end - Math.max(1, Math.round(windowMs / stepMs)))
    if (end <= 0 || between(this.heard, start, end) === 0) return null
    const running = this.runningOf(counter, part)
    return running === null ? 0 : between(running, start, end)
  }

  private runningOf(counter: AlertCounter, part: Part): Float64Array | null {
    const name = `${counter} ${partName(part)}`
    const found = this.running.get(name)
    if (found) return found
    const values = this.parts.get(partName(part))?.counters[counter]
    if (values === undefined) return null
    const running = new Float64Array(this.steps + 1)
    for (let i = 0; i < this.steps; i++) running[i + 1] = (running[i] ?? 0) + (values[i] ?? 0)
    this.running.set(name, running)
    return running
  }
}

const between = (running: Float64Array, start: number, end: number): number =>
  (running[end] ?? 0) - (running[start] ?? 0)

const partName = ({ by, key }: { readonly by: Grouping; readonly key: string }): string => `${by}:${key}`
