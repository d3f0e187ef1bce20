import type { Bucket, Split } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS, TIER_MS } from '#lib/rollups/bucket.ts'
import { gaugeMax, gaugeSum, mergeOf, sliceOf } from '#lib/rollups/aggregate.ts'
import { countsInBands } from '#lib/rollups/bands.ts'
import { GAUGE, GAUGE_SKETCH } from '#lib/rollups/counters.ts'
import { quantile } from '#lib/rollups/sketch.ts'
import type { BucketPart, TelemetryPort } from '#lib/storage/ports.ts'
import type { AlertCounter, AlertGauge } from '#lib/telemetry/alerts/measures.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { ANOMALY_WEEKS, WEEK_MS } from '#lib/telemetry/alerts/rule.ts'
import type { Part } from '#lib/telemetry/alerts/signals.ts'
import { readBuckets } from '../pillars/read-buckets.ts'
import { alertCounters, partsOfTotal, partsOfVersion, seriesName } from './counters.ts'
import { Ring } from './ring.ts'

const MINUTE_MS = TIER_MS.minute
const FIVE_MS = TIER_MS.total_five
const HOUR_MS = TIER_MS.hour

/** A little more than the windows that each serves (two hours, six, three days), since the newest ends are read apart. */
const MINUTES = 150
const FIVES = 86
const HOURS = 76
/** Minutes that are read anew each time: a late event of before them counts when all is read again. */
const FRESH_MINUTES = 5
/** How often all is read again, and what was in other weeks. */
const REREAD_EVERY_MS = 10 * MINUTE_MS
const PAST_EVERY_MS = 5 * MINUTE_MS
/** A snapshot of the devices is taken each minute; an older one tells nothing of now. */
const SNAPSHOT_AGE_MAX_MS = 3 * MINUTE_MS
/** As the measure of stuck devices has it: heard, and with work that is older. */
const STUCK_AFTER_MS = HOUR_MS

interface Past {
  readonly heard: boolean
  readonly sums: ReadonlyMap<string, number>
}

/** What the rollups of one fleet tell now, kept from one evaluation to the next: only the newest minutes are read anew. */
export class FleetFigures {
  private readonly port: TelemetryPort
  private readonly fleetId: string
  private readonly minutes = new Ring(MINUTE_MS, MINUTES)
  private readonly fives = new Ring(FIVE_MS, FIVES)
  private readonly hours = new Ring(HOUR_MS, HOURS)
  private readonly keys = { collection: new Set<string>(), version: new Set<string>() }
  private readonly delayMs: number
  private nowMs = 0
  private minutesToMs = 0
  /** Fives and hours are whole up to here; behind it the minutes tell. */
  private coarseToMs = 0
  private rereadFromMs = 0
  private snapshotAtMs = 0
  private gauges = new Map<string, number>()
  private past = new Map<string, Past>()
  private pastFromMs = 0

  /** @param delayMs so much later than others it reads all again, so that fleets don't all do so at once */
  constructor(port: TelemetryPort, fleetId: string, delayMs: number) {
    this.port = port
    this.fleetId = fleetId
    this.delayMs = delayMs
  }

  /** Reads what the rules need. */
  async refresh(nowMs: number, rules: readonly AlertRule[]): Promise<void> {
    this.nowMs = nowMs
    const delayMs = this.minutesToMs === 0 ? this.delayMs : 0
    const isDue = nowMs >= this.rereadFromMs
    const isPastDue = nowMs >= this.pastFromMs
    const oldestMs = this.minutes.oldestMs(nowMs)
    const freshMs = floorTo(this.minutesToMs, MINUTE_MS) - FRESH_MINUTES * MINUTE_MS
    if (isDue) for (const keys of Object.values(this.keys)) keys.clear()
    await Promise.all([
      this.readInto(
        this.minutes,
        isDue ? oldestMs : Math.max(oldestMs, freshMs),
        floorTo(nowMs, MINUTE_MS) + MINUTE_MS,
      ),
      this.readSnapshot(nowMs),
      ...(isDue ? this.reread(nowMs) : []),
      ...(isPastDue ? [this.readPast(nowMs, rules)] : []),
    ])
    this.minutesToMs = nowMs
    if (isDue) {
      this.coarseToMs = nowMs
      this.rereadFromMs = nowMs + REREAD_EVERY_MS + delayMs
    }
    if (isPastDue) this.pastFromMs = nowMs + PAST_EVERY_MS + delayMs
  }

  keysOf(by: 'collection' | 'version'): readonly string[] {
    return [...this.keys[by]]
  }

  /** As `Signals.sum` has it. */
  sum(counter: AlertCounter, part: Part, windowMs: number, agoMs = 0): number | null {
    const name = seriesName(counter, part)
    const week = agoMs / WEEK_MS
    if (week >= 1) {
      const past = this.past.get(pastName(week, windowMs))
      return past?.heard === true ? (past.sums.get(name) ?? 0) : null
    }
    const toMs = this.nowMs - agoMs
    const fromMs = toMs - windowMs
    if (fromMs >= this.minutes.oldestMs(this.nowMs))
      return this.minutes.isHeard(fromMs, toMs) ? this.minutes.sum(name, fromMs, toMs) : null
    const coarse = fromMs >= this.fives.oldestMs(this.nowMs) ? this.fives : this.hours
    const cutMs = floorTo(this.coarseToMs, coarse.stepMs)
    if (!coarse.isHeard(fromMs, cutMs) && !this.minutes.isHeard(cutMs, toMs)) return null
    return coarse.sum(name, fromMs, cutMs) + this.minutes.sum(name, cutMs, toMs)
  }

  /** Of devices, as the newest snapshot has it; null without a fresh one. Where nothing waits ages are 0. */
  gauge(gauge: AlertGauge, part: Part): number | null {
    if (this.nowMs - this.snapshotAtMs > SNAPSHOT_AGE_MAX_MS) return null
    return this.gauges.get(gaugeName(gauge, part)) ?? 0
  }

  private reread(nowMs: number): Promise<void>[] {
    return [this.fives, this.hours].map((ring) =>
      this.readInto(ring, ring.oldestMs(nowMs), floorTo(nowMs, ring.stepMs)),
    )
  }

  private async readInto(ring: Ring, fromMs: number, toMs: number): Promise<void> {
    const range = { fromMs, toMs, stepMs: ring.stepMs }
    const [total, byVersion] = await Promise.all([
      this.read('total', range, ['counters']),
      this.read('version', range, ['counters']),
    ])
    ring.clear(fromMs, toMs)
    for (const { key, counters } of total) {
      ring.hear(key.startMs)
      this.addTo(ring, key.startMs, partsOfTotal(key), counters)
    }
    for (const { key, counters } of byVersion) this.addTo(ring, key.startMs, partsOfVersion(key), counters)
  }

  private addTo(ring: Ring, startMs: number, parts: readonly Part[], counters: Bucket['counters']): void {
    const counted = alertCounters(counters)
    for (const part of parts) {
      if (part.by === 'collection' || part.by === 'version') this.keys[part.by].add(part.key)
      for (const [counter, value] of counted) ring.add(seriesName(counter, part), startMs, value)
    }
  }

  private async readSnapshot(nowMs: number): Promise<void> {
    if (nowMs - this.snapshotAtMs < MINUTE_MS) return
    const range = {
      fromMs: floorTo(nowMs, MINUTE_MS) - SNAPSHOT_AGE_MAX_MS,
      toMs: floorTo(nowMs, MINUTE_MS) + MINUTE_MS,
      stepMs: MINUTE_MS,
    }
    const [total, byVersion] = await Promise.all([
      this.read('total', range, ['gauges', 'sketches']),
      this.read('version', range, ['gauges', 'sketches']),
    ])
    const { snapshot } = sliceOf(total)
    if (snapshot === null || snapshot.atMs <= this.snapshotAtMs) return
    const gauges = new Map<string, number>()
    const note = (part: Part, buckets: readonly Bucket[]): void => {
      for (const [gauge, value] of gaugesOf(buckets)) gauges.set(gaugeName(gauge, part), value)
    }
    const ofDevices = (buckets: readonly Bucket[]) =>
      buckets.filter(({ key }) => key.collection === ALL_COLLECTIONS)
    note({ by: 'fleet', key: '' }, ofDevices(snapshot.buckets))
    const versions = ofDevices(byVersion).filter(({ gaugesAtMs }) => gaugesAtMs === snapshot.atMs)
    for (const bucket of versions) {
      for (const part of partsOfVersion(bucket.key)) {
        this.keys.version.add(part.key)
        note(
          part,
          versions.filter(({ key }) => key.appVersion === bucket.key.appVersion),
        )
      }
    }
    this.gauges = gauges
    this.snapshotAtMs = snapshot.atMs
  }

  /** The same stretch of the week before, for rules that compare with it. */
  private async readPast(nowMs: number, rules: readonly AlertRule[]): Promise<void> {
    const windows = new Set(
      rules.flatMap(({ condition }) => (condition.kind === 'anomaly' ? [condition.windowMs] : [])),
    )
    const weeks = Array.from({ length: ANOMALY_WEEKS }, (_, i) => i + 1)
    const read = [...windows].flatMap((windowMs) =>
      weeks.map(async (week): Promise<[string, Past]> => {
        const toMs = floorTo(nowMs - week * WEEK_MS, MINUTE_MS)
        const range = { fromMs: toMs - floorTo(windowMs, MINUTE_MS), toMs }
        const [total, byVersion] = await Promise.all([
          this.read('total', range, ['counters']),
          this.read('version', range, ['counters']),
        ])
        return [pastName(week, windowMs), pastOf(total, byVersion)]
      }),
    )
    this.past = new Map(await Promise.all(read))
  }

  private read(
    split: Exclude<Split, 'full'>,
    range: { readonly fromMs: number; readonly toMs: number; readonly stepMs?: number },
    parts: readonly BucketPart[],
  ): Promise<readonly Bucket[]> {
    return readBuckets(this.port, this.fleetId, range, { split, parts })
  }
}

function pastOf(total: readonly Bucket[], byVersion: readonly Bucket[]): Past {
  const sums = new Map<string, number>()
  const add = (parts: readonly Part[], counters: Bucket['counters']): void => {
    for (const [counter, value] of alertCounters(counters))
      for (const part of parts) {
        const name = seriesName(counter, part)
        sums.set(name, (sums.get(name) ?? 0) + value)
      }
  }
  for (const { key, counters } of total) add(partsOfTotal(key), counters)
  for (const { key, counters } of byVersion) add(partsOfVersion(key), counters)
  return { heard: total.length > 0, sums }
}

/** What a snapshot says of the devices of some buckets; of those that nothing waits on ages are 0. */
export function gaugesOf(buckets: readonly Bucket[]): readonly (readonly [AlertGauge, number])[] {
  const ages = mergeOf(buckets, GAUGE_SKETCH.pendingAgeOnline)
  const [, stuck = 0] = countsInBands(ages, [STUCK_AFTER_MS])
  return [
    ['devices', gaugeSum(buckets, GAUGE.devices) ?? 0],
    ['silentDevices', gaugeSum(buckets, GAUGE.silent) ?? 0],
    ['stuckDevices', stuck],
    ['pendingAgeOnlineP95Ms', quantile(ages, 0.95) ?? 0],
    ['oldestPendingAgeMs', gaugeMax(buckets, GAUGE.oldestPendingAgeMs) ?? 0],
    ['queueDepthMax', gaugeMax(buckets, GAUGE.queueDepthMax) ?? 0],
    ['clockSkewMaxMs', gaugeMax(buckets, GAUGE.clockSkewMaxMs) ?? 0],
    ['openDeadLetters', gaugeSum(buckets, GAUGE.openDeadLetters) ?? 0],
    ['openConflicts', gaugeSum(buckets, GAUGE.openConflicts) ?? 0],
  ]
}

const gaugeName = (gauge: AlertGauge, { by, key }: Part): string => `${gauge} ${by} ${key}`
const pastName = (week: number, windowMs: number): string => `${week} ${windowMs}`
const floorTo = (ms: number, unit: number): number => Math.floor(ms / unit) * unit
