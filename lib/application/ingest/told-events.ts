import type { Sketch } from '#lib/rollups/sketch.ts'
import { addValues, countOf, emptySketch, encodeSketch } from '#lib/rollups/sketch.ts'
import type { ToldEvent } from '#lib/telemetry/events.ts'
import type { LagStage } from '#lib/telemetry/lag-heat.ts'
import type { Gain } from '#lib/telemetry/told/advance.ts'
import type { ToldCounter, ToldPoint } from '#lib/telemetry/told/point.ts'
import { forEachBucket } from '#lib/telemetry/told/spread-values.ts'

const MINUTE_MS = 60_000

interface Group {
  readonly atMs: number
  readonly point: ToldPoint
  readonly lag: Map<LagStage, Sketch>
  readonly counts: Map<ToldCounter, number>
  readonly codes: Map<string, number>
}

/** Gathers what the points of one export add: one event for each minute, collection, platform and version. */
export class ToldEvents {
  private readonly source: string
  private readonly groups = new Map<string, Group>()

  constructor(source: string) {
    this.source = source
  }

  /** @param atMs the time that the gain counts in */
  add(point: ToldPoint, gain: Gain, atMs: number): void {
    const group = this.groupOf(point, Math.floor(atMs / MINUTE_MS) * MINUTE_MS)
    const { told } = point
    if (told.kind === 'count' && gain.kind === 'count') {
      for (const counter of told.counters) raise(group.counts, counter, gain.value)
      if (told.code !== null && gain.value > 0) raise(group.codes, told.code, gain.value)
    }
    if (told.kind === 'spread' && gain.kind === 'spread') {
      const sketch = group.lag.get(told.stage) ?? emptySketch()
      group.lag.set(told.stage, sketch)
      forEachBucket(gain.spread, (value, count) => addValues(sketch, value * told.unitMs, count))
    }
  }

  /** Those that say anything, with the time that each counts in. */
  all(): readonly { readonly atMs: number; readonly payload: ToldEvent }[] {
    const events = [...this.groups.values()].map((group) => ({
      atMs: group.atMs,
      payload: this.payloadOf(group),
    }))
    return events.filter(({ payload: { lag, requests, attemptsUnknown, pushed, conflicts, deliveries } }) =>
      [requests, attemptsUnknown, pushed ?? 0, conflicts, deliveries, Object.keys(lag).length].some(
        (count) => count > 0,
      ),
    )
  }

  private groupOf(point: ToldPoint, atMs: number): Group {
    const key = JSON.stringify([atMs, point.collection, point.platform, point.appVersion])
    const known = this.groups.get(key)
    if (known) return known
    const made: Group = { atMs, point, lag: new Map(), counts: new Map(), codes: new Map() }
    this.groups.set(key, made)
    return made
  }

  private payloadOf({ point, lag, counts, codes }: Group): ToldEvent {
    const texts = [...lag].filter(([, sketch]) => countOf(sketch) > 0)
    return {
      kind: 'told',
      source: this.source,
      collection: point.collection,
      platform: point.platform,
      appVersion: point.appVersion,
      lag: Object.fromEntries(texts.map(([stage, sketch]) => [stage, encodeSketch(sketch)])),
      requests: counts.get('requests') ?? 0,
      failures: counts.get('failures') ?? 0,
      failureCodes: Object.fromEntries(codes),
      attemptsUnknown: counts.get('attempts') ?? 0,
      pushed: counts.get('pushed') ?? null,
      conflicts: counts.get('conflicts') ?? 0,
      deliveries: counts.get('deliveries') ?? 0,
      deliveryMs: counts.get('deliveryMs') ?? 0,
    }
  }
}

const raise = <K>(counts: Map<K, number>, key: K, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by)
}
