import type { Platform } from '#lib/protocol/device.ts'
import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import { ALL_DEVICES } from '#lib/rollups/bucket.ts'
import type { RequestsEvent, Route, StatusClass, TelemetryEvent } from '#lib/telemetry/events.ts'
import { isStorageError } from './errors.ts'
import { isWithin } from './is-within.ts'
import type { Surroundings } from './surroundings.ts'
import { eventId } from './telemetry/event-id.ts'

export type { Route, StatusClass } from '#lib/telemetry/events.ts'

/** One answer, as it is counted. */
export interface AnsweredRequest {
  readonly route: Route
  readonly statusClass: StatusClass
  readonly code: string | null
  readonly platform: Platform
  readonly appVersion: string
}

/** Seconds that wait for a database that is away; older ones are lost, and counted as lost. */
const WAITING_PER_FLEET_MAX = 120

/** What versions without a place of their own are counted as together. */
export const OTHER_VERSIONS = 'other'
/** A version that no request has named for so long leaves its place to a new one. */
export const VERSION_UNUSED_MS = 60 * 60_000
/** Named again within so long, a version keeps its place in the order. */
const SAME_PLACE_MS = 1_000

type Deps = Pick<Surroundings, 'storage' | 'clock' | 'log' | 'metrics' | 'processId'>
type Count = RequestsEvent['counts'][number]
type Counting = { -readonly [K in keyof Count]: Count[K] }

/** Answers of this process by fleet and second. Pushes that committed are not counted here. */
export class RequestCounter {
  private readonly deps: Deps
  private sequence = 0
  private counts = new Map<string, Map<string, Counting>>()
  /** By fleet. */
  private rejected = new Map<string, number>()
  private readonly waiting = new Map<string, TelemetryEvent[]>()
  /** By fleet: when each live version was named last, longest unused first. */
  private readonly versions = new Map<string, Map<string, number>>()

  constructor(deps: Deps) {
    this.deps = deps
  }

  count(fleetId: string, answered: AnsweredRequest): void {
    let ofFleet = this.counts.get(fleetId)
    if (!ofFleet) this.counts.set(fleetId, (ofFleet = new Map()))
    const { route, statusClass, code, platform } = answered
    const appVersion = this.liveVersion(fleetId, answered.appVersion)
    // Only the version, which comes last, is anybody's own text.
    const key = `${route} ${statusClass} ${code} ${platform} ${appVersion}`
    const known = ofFleet.get(key)
    if (known) known.count += 1
    else ofFleet.set(key, { route, statusClass, code, platform, appVersion, count: 1 })
  }

  /** A request was refused for a credential that names this fleet; of one that isn't there nothing is kept. */
  countRejected(fleetId: string): void {
    if (!this.deps.metrics.fleets().includes(fleetId)) return
    this.rejected.set(fleetId, (this.rejected.get(fleetId) ?? 0) + 1)
  }

  /**
   * At most 100 versions a fleet, the rest is `other`. A new one takes the place of one that
   * nobody has named for an hour, so that a release is told from those that it replaced, and made-up names from nothing.
   * So is one that is called as all versions together are.
   */
  liveVersion(fleetId: string, appVersion: string): string {
    if (appVersion === ALL_DEVICES) return OTHER_VERSIONS
    const nowMs = this.deps.clock.now()
    const live = this.versions.get(fleetId) ?? new Map<string, number>()
    this.versions.set(fleetId, live)
    const namedAtMs = live.get(appVersion)
    if (namedAtMs !== undefined && isWithin(namedAtMs, nowMs, SAME_PLACE_MS)) return appVersion
    if (!live.delete(appVersion) && live.size >= APP_VERSIONS_LIVE_MAX) {
      const [oldest] = live
      if (!oldest || nowMs - oldest[1] < VERSION_UNUSED_MS) return OTHER_VERSIONS
      live.delete(oldest[0])
      this.deps.metrics.forgetVersion(fleetId, oldest[0])
    }
    live.set(appVersion, nowMs)
    return appVersion
  }

  /** What a version would be counted as, without a place being taken for it: anybody may name one. */
  knownVersion(fleetId: string, appVersion: string): string {
    const live = this.versions.get(fleetId)
    return !live || live.has(appVersion) || live.size < APP_VERSIONS_LIVE_MAX ? appVersion : OTHER_VERSIONS
  }

  /** Those that have a place of their own in this process; at most 100. */
  liveVersions(fleetId: string): readonly string[] {
    return [...(this.versions.get(fleetId)?.keys() ?? [])]
  }

  /** Drops what is counted of a fleet that was removed. */
  forget(fleetId: string): void {
    this.counts.delete(fleetId)
    this.rejected.delete(fleetId)
    this.waiting.delete(fleetId)
    this.versions.delete(fleetId)
  }

  /**
   * Writes what was counted since the last time; called each second. The event's id makes a repeat harmless, and one
   * fleet's failure doesn't keep the others from theirs. @throws the first failure
   */
  async flush(): Promise<void> {
    const atMs = this.deps.clock.now()
    const [taken, rejected] = [this.counts, this.rejected]
    this.counts = new Map()
    this.rejected = new Map()
    for (const fleetId of new Set([...taken.keys(), ...rejected.keys()]))
      this.enqueue(fleetId, atMs, [...(taken.get(fleetId)?.values() ?? [])], rejected.get(fleetId) ?? 0)
    const failures: unknown[] = []
    for (const [fleetId, events] of this.waiting) {
      await this.write(fleetId, events).catch((error: unknown) => failures.push(error))
      // With the database away each try would take as long as it may.
      if (failures.some((error) => isStorageError(error, 'storage_unavailable'))) break
    }
    if (failures.length > 0) throw failures[0]
  }

  private async write(fleetId: string, events: readonly TelemetryEvent[]): Promise<void> {
    await this.deps.storage.telemetry.append(fleetId, events)
    this.waiting.delete(fleetId)
    for (const event of events) this.deps.metrics.observeEvent(fleetId, event)
  }

  private enqueue(fleetId: string, atMs: number, counts: readonly Count[], rejected: number): void {
    this.sequence += 1
    const payload: RequestsEvent = {
      kind: 'requests',
      process: this.deps.processId,
      sequence: this.sequence,
      counts,
      ...(rejected === 0 ? {} : { rejected }),
    }
    const events = this.waiting.get(fleetId) ?? []
    events.push({ id: eventId('requests', this.deps.processId, String(this.sequence)), atMs, payload })
    this.waiting.set(fleetId, events)
    while (events.length > WAITING_PER_FLEET_MAX) this.lose(events.shift())
  }

  private lose(event: TelemetryEvent | undefined): void {
    if (event?.payload.kind !== 'requests') return
    const answers = event.payload.counts.reduce((sum, { count }) => sum + count, 0)
    this.deps.metrics.observeCountsLost(answers)
    this.deps.log.warn('request counts lost while the database was away', { answers })
  }
}
