import type { Bucket } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS } from '#lib/rollups/bucket.ts'
import type { AlertCounter } from '#lib/telemetry/alerts/measures.ts'
import { measureOf } from '#lib/telemetry/alerts/measures.ts'
import type { Reading } from '#lib/telemetry/alerts/read-condition.ts'
import type { Replay } from '#lib/telemetry/alerts/replay-rule.ts'
import { worseOf } from '#lib/telemetry/alerts/replay-rule.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { ANOMALY_WEEKS, WEEK_MS } from '#lib/telemetry/alerts/rule.ts'
import type { PartSeries } from '#lib/telemetry/alerts/series.ts'
import type { Part } from '#lib/telemetry/alerts/signals.ts'
import type { Context } from '../context.ts'
import { readBuckets } from '../pillars/read-buckets.ts'
import { alertCounters, partsOfTotal, partsOfVersion } from './counters.ts'
import { gaugesOf } from './fleet-figures.ts'

/** Points of a figure that a chart shows. */
export const POINTS_MAX = 1_500

/** The figure of a rule and its bound at one time; null where not known. */
export interface PastPoint {
  readonly atMs: number
  readonly value: number | null
  readonly bound: number | null
}

/** One point for so many steps: the worst of them, so that what fired is seen to be over its bound. */
export function pointsOf(rule: AlertRule, { steps, readings }: Replay, every: number): readonly PastPoint[] {
  const isWorse = worseOf(rule)
  return steps.flatMap(({ atMs }, first) => {
    if (first % every !== 0) return []
    const known = readings.slice(first, first + every).filter((reading) => reading !== null)
    const worst = known.reduce<Reading | null>((before, one) => {
      const than = before?.value ?? null
      return than === null || (one.value !== null && isWorse(one.value, than)) ? one : before
    }, null)
    return [{ atMs, value: worst?.value ?? null, bound: worst?.bound ?? null }]
  })
}

/** Whether the past of its figure is kept: that of breakers, of what waits for a person, and of folding isn't. */
export function isPastKept({ condition }: AlertRule): boolean {
  if (!('measure' in condition)) return true
  const measure = measureOf(condition.measure)
  if (measure.kind !== 'gauge') return true
  return KEPT_GAUGES.has(measure.gauge)
}
const KEPT_GAUGES: ReadonlySet<string> = new Set(gaugesOf([]).map(([gauge]) => gauge))

/** How far back the first evaluation looks. What is kept no more isn't known: an anomaly is judged from where its weeks are. */
export function leadMs({ condition }: AlertRule): number {
  switch (condition.kind) {
    case 'threshold':
      return condition.windowMs
    case 'burn_rate':
      return Math.max(...condition.windows.map(({ longMs }) => longMs))
    case 'absence':
      return condition.windowMs + condition.before.windowMs
    case 'anomaly':
      return condition.windowMs + ANOMALY_WEEKS * WEEK_MS
  }
}

type Growing = { -readonly [K in 'by' | 'key']: Part[K] } & {
  counters: Partial<Record<AlertCounter, (number | null)[]>>
  gauges: Partial<Record<string, (number | null)[]>>
  weight: number
}

/** The parts that the rule looks at, the busiest first, in steps of whole minutes. */
export async function readPastParts(
  { storage }: Pick<Context, 'storage'>,
  fleetId: string,
  rule: AlertRule,
  { fromMs, toMs, stepMs }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): Promise<readonly PartSeries[]> {
  const byVersion = rule.groupBy === 'version'
  const buckets = await readBuckets(
    storage.telemetry,
    fleetId,
    { fromMs, toMs, stepMs },
    {
      split: byVersion ? 'version' : 'total',
      parts: needsSketches(rule) ? ['counters', 'gauges', 'sketches'] : ['counters', 'gauges'],
    },
  )
  const steps = Math.round((toMs - fromMs) / stepMs)
  const parts = new Map<string, Growing>()
  const heard = new Set<number>()
  const snapshots = new Map<string, Bucket[]>()
  for (const bucket of buckets) {
    const step = Math.floor((bucket.key.startMs - fromMs) / stepMs)
    heard.add(step)
    const of = (byVersion ? partsOfVersion : partsOfTotal)(bucket.key).filter(({ by }) => by === rule.groupBy)
    for (const { by, key } of of) {
      const part = parts.get(key) ?? { by, key, counters: {}, gauges: {}, weight: 0 }
      parts.set(key, part)
      for (const [counter, value] of alertCounters(bucket.counters)) {
        const column = (part.counters[counter] ??= Array.from<number | null>({ length: steps }).fill(null))
        column[step] = (column[step] ?? 0) + value
        part.weight += value
      }
      if (bucket.gaugesAtMs > 0 && bucket.key.collection === ALL_COLLECTIONS) {
        const name = `${step} ${key}`
        snapshots.set(name, [...(snapshots.get(name) ?? []), bucket])
      }
    }
  }
  fillGauges(parts, snapshots, steps)
  for (const part of parts.values()) fillHeard(part, heard, steps)
  return [...parts.values()].sort((a, b) => b.weight - a.weight) as readonly PartSeries[]
}

function fillGauges(
  parts: ReadonlyMap<string, Growing>,
  snapshots: ReadonlyMap<string, readonly Bucket[]>,
  steps: number,
): void {
  for (const [name, buckets] of snapshots) {
    const at = name.indexOf(' ')
    const part = parts.get(name.slice(at + 1))
    const newest = Math.max(...buckets.map(({ gaugesAtMs }) => gaugesAtMs))
    if (!part) continue
    for (const [gauge, value] of gaugesOf(buckets.filter(({ gaugesAtMs }) => gaugesAtMs === newest))) {
      const column = (part.gauges[gauge] ??= Array.from<number | null>({ length: steps }).fill(null))
      column[Number(name.slice(0, at))] = value
    }
  }
}

/** Where the fleet was heard and a part of it not, it is 0; where nobody was, it isn't known. */
function fillHeard(part: Growing, heard: ReadonlySet<number>, steps: number): void {
  const [column] = Object.values(part.counters)
  const known = column ?? (part.counters.requests = Array.from<number | null>({ length: steps }).fill(null))
  for (const step of heard) if (step >= 0 && step < steps) known[step] ??= 0
}

const needsSketches = ({ condition }: AlertRule): boolean =>
  'measure' in condition && (condition.measure === 'pendingAge' || condition.measure === 'stuckShare')
