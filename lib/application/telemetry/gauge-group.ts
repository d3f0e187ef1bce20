import type { Platform } from '#lib/protocol/device.ts'
import type { Sketch } from '#lib/rollups/sketch.ts'
import { addValue, countOf, emptySketch, encodeSketch } from '#lib/rollups/sketch.ts'
import type { Device } from '#lib/storage/ports.ts'
import { deviceState, pendingAge } from '#lib/telemetry/connectivity.ts'
import type { GaugesEvent } from '#lib/telemetry/events.ts'

/** What is asked of every group of one snapshot. */
export interface Snapshot {
  readonly nowMs: number
  readonly intervalMs: number
  /** Names of the fleet's collections: a device may name anything. */
  readonly collections: readonly string[]
}

/** What the devices of a group have in common. */
export interface GroupOf {
  readonly platform: Platform
  readonly appVersion: string
  readonly source: string | undefined
}

/** Gauges of the devices of one platform and app version, of one engine, counted one by one. */
export class GaugeGroup {
  private readonly snapshot: Snapshot
  private readonly platform: Platform
  private readonly appVersion: string
  private readonly source: string | undefined
  private devices = 0
  private readonly devicesByState: Record<string, number> = {}
  private silent = 0
  private queueDepth = 0
  private queueDepthMax = 0
  private devicesPending = 0
  /** Empty until a device has told its depths by collection. */
  private readonly queueByCollection: Record<string, number> = {}
  private readonly queueDepths = emptySketch()
  private readonly reportAge = emptySketch()
  private readonly pendingAgeOnline = emptySketch()
  private readonly pendingAgeOffline = emptySketch()
  private oldestPendingAgeMs: number | null = null
  private clockSkewMaxMs: number | null = null

  constructor(snapshot: Snapshot, { platform, appVersion, source }: GroupOf) {
    this.snapshot = snapshot
    this.platform = platform
    this.appVersion = appVersion
    this.source = source
  }

  add(device: Device): void {
    const { nowMs, intervalMs } = this.snapshot
    const { state, inferredOffline } = deviceState(device, nowMs, intervalMs)
    const pending = pendingAge(device, nowMs, intervalMs)
    this.devices += 1
    this.devicesByState[state ?? 'unknown'] = (this.devicesByState[state ?? 'unknown'] ?? 0) + 1
    if (inferredOffline) this.silent += 1
    if (pending !== null)
      addValue(state === 'offline' ? this.pendingAgeOffline : this.pendingAgeOnline, pending.ageMs)
    if (device.report !== null) this.addReport(device.report)
  }

  private addReport(report: NonNullable<Device['report']>): void {
    const { depth, oldestMadeAtMs, byCollection, offsetMs, atMs } = report
    const { nowMs, collections } = this.snapshot
    this.queueDepth += depth
    this.queueDepthMax = Math.max(this.queueDepthMax, depth)
    if (depth > 0) this.devicesPending += 1
    addValue(this.queueDepths, depth)
    addValue(this.reportAge, nowMs - atMs)
    if (depth > 0 && oldestMadeAtMs !== null)
      this.oldestPendingAgeMs = Math.max(this.oldestPendingAgeMs ?? 0, nowMs - oldestMadeAtMs)
    if (offsetMs !== null) this.clockSkewMaxMs = Math.max(this.clockSkewMaxMs ?? 0, Math.abs(offsetMs))
    if (depth > 0 && Object.keys(byCollection).length === 0) return
    for (const name of collections) {
      const waiting = Object.hasOwn(byCollection, name) ? (byCollection[name] ?? 0) : 0
      this.queueByCollection[name] = (this.queueByCollection[name] ?? 0) + waiting
    }
  }

  /** Devices of our own tell what waits on them; those of other engines have no report. */
  private isTold(): boolean {
    return this.source === undefined
  }

  payload(): GaugesEvent {
    return {
      kind: 'gauges',
      platform: this.platform,
      appVersion: this.appVersion,
      ...(this.source === undefined ? {} : { source: this.source }),
      devices: this.devices,
      devicesByState: this.devicesByState,
      silent: this.silent,
      queueDepth: this.isTold() ? this.queueDepth : null,
      queueDepthMax: this.isTold() ? this.queueDepthMax : null,
      devicesPending: this.isTold() ? this.devicesPending : null,
      queueByCollection: this.queueByCollection,
      queueDepths: textOf(this.queueDepths),
      reportAge: textOf(this.reportAge),
      oldestPendingAgeMs: this.oldestPendingAgeMs,
      pendingAgeOnline: textOf(this.pendingAgeOnline),
      pendingAgeOffline: textOf(this.pendingAgeOffline),
      clockSkewMaxMs: this.clockSkewMaxMs,
    }
  }
}

const textOf = (sketch: Sketch): string | null => (countOf(sketch) === 0 ? null : encodeSketch(sketch))
