import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import { encodeSketch, sketchOf } from '#lib/rollups/sketch.ts'
import type { Collection, Device } from '#lib/storage/ports.ts'
import { deviceState, pendingAge } from '#lib/telemetry/connectivity.ts'
import type { FleetGaugesEvent, GaugesEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import { OPEN_CAUSES_MAX, openByCode, totalsOf } from '#lib/telemetry/open-causes.ts'
import type { TelemetryContext } from './context.ts'
import { eventId } from './event-id.ts'

const MINUTE = 60_000
/** A device heard within this time is active (metrics.md, stages). */
const ACTIVE_MS = 86_400_000

/**
 * Writes what every device last reported as events of the minute of `startedMs`, one per platform and app version,
 * and one for the fleet. The ids are made of the minute, so a second run in it, by any process, changes nothing.
 * The events are returned for the leader's `/metrics`; none for a fleet that doesn't exist.
 */
export async function snapshotGauges(
  ctx: TelemetryContext,
  fleetId: string,
  startedMs: number = ctx.clock.now(),
): Promise<readonly TelemetryEvent[]> {
  const nowMs = ctx.clock.now()
  const { storage } = ctx
  const fleet = await storage.fleets.get(fleetId)
  if (fleet === null) return []
  const [devices, collections, causes, openConflicts, undeliveredMs] = await Promise.all([
    storage.devices.all(fleetId),
    storage.collections.list(fleetId),
    storage.deadLetters.openByCause(fleetId, OPEN_CAUSES_MAX),
    storage.conflicts.countOpen(fleetId),
    storage.telemetry.oldestUndeliveredMs(fleetId, nowMs - ACTIVE_MS),
  ])
  const whole: FleetGaugesEvent = {
    kind: 'fleet-gauges',
    openDeadLetters: totalsOf(causes).letters,
    openDeadLettersByCode: openByCode(causes),
    openConflicts,
    oldestUndeliveredAgeMs: undeliveredMs === null ? null : Math.max(0, nowMs - undeliveredMs),
  }
  const groups = groupsOf(devices).map((group) =>
    gaugesOf(group, collections, nowMs, fleet.settings.intervalMs),
  )
  const atMs = Math.floor(startedMs / MINUTE) * MINUTE
  const events = [
    { id: eventId('fleet-gauges', fleetId, String(atMs)), atMs, payload: whole },
    ...groups.map((payload) => ({
      id: eventId('gauges', fleetId, String(atMs), payload.platform, payload.appVersion),
      atMs,
      payload,
    })),
  ]
  await storage.telemetry.append(fleetId, events)
  return events
}

/** Devices that belong to the fleet still, by platform and app version. */
function groupsOf(devices: readonly Device[]): readonly (readonly Device[])[] {
  const live = devices.filter(({ status }) => status !== 'revoked')
  const counted = commonVersions(live)
  const groups = new Map<string, Device[]>()
  for (const each of live) {
    const device = counted.has(each.appVersion) ? each : { ...each, appVersion: 'other' }
    const key = JSON.stringify([device.platform, device.appVersion])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [device])
    else group.push(device)
  }
  return [...groups.values()]
}

/** The hundred versions that most devices have; the rest count as `other` (protocol.md, device API). */
function commonVersions(devices: readonly Device[]): ReadonlySet<string> {
  const counts = new Map<string, number>()
  for (const { appVersion } of devices) counts.set(appVersion, (counts.get(appVersion) ?? 0) + 1)
  const common = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return new Set(common.slice(0, APP_VERSIONS_LIVE_MAX).map(([version]) => version))
}

/** @param group devices of one platform and app version, at least one */
function gaugesOf(
  group: readonly Device[],
  collections: readonly Collection[],
  nowMs: number,
  intervalMs: number,
): GaugesEvent {
  const first = group[0] as Device
  const states = group.map((device) => deviceState(device, nowMs, intervalMs))
  const reports = group.flatMap(({ report }) => report ?? [])
  const depths = reports.map(({ depth }) => depth)
  const oldestMadeMs = reports.flatMap(({ depth, oldestMadeAtMs }) =>
    depth > 0 ? (oldestMadeAtMs ?? []) : [],
  )
  const skews = reports.flatMap(({ offsetMs }) => (offsetMs === null ? [] : Math.abs(offsetMs)))
  const ages = (offline: boolean): number[] =>
    group.flatMap((device, at) => {
      const age = pendingAge(device, nowMs, intervalMs)
      return age !== null && (states[at]?.state === 'offline') === offline ? [age.ageMs] : []
    })
  return {
    kind: 'gauges',
    platform: first.platform,
    appVersion: first.appVersion,
    devices: group.length,
    devicesByState: sumBy(states.map(({ state }) => [state ?? 'unknown', 1])),
    silent: states.filter(({ inferredOffline }) => inferredOffline).length,
    queueDepth: depths.reduce((sum, depth) => sum + depth, 0),
    queueDepthMax: depths.reduce((deepest, depth) => Math.max(deepest, depth), 0),
    devicesPending: depths.filter((depth) => depth > 0).length,
    queueByCollection: queueByCollection(reports, collections),
    queueDepths: textOf(depths),
    reportAge: textOf(reports.map(({ atMs }) => nowMs - atMs)),
    oldestPendingAgeMs:
      oldestMadeMs.length === 0
        ? null
        : oldestMadeMs.reduce((age, madeMs) => Math.max(age, nowMs - madeMs), 0),
    pendingAgeOnline: textOf(ages(false)),
    pendingAgeOffline: textOf(ages(true)),
    clockSkewMaxMs: skews.length === 0 ? null : skews.reduce((most, skew) => Math.max(most, skew)),
  }
}

/** Only the fleet's collections: a device may name anything. Empty when no device told depths by collection. */
function queueByCollection(
  reports: readonly NonNullable<Device['report']>[],
  collections: readonly Collection[],
): Record<string, number> {
  const telling = reports.filter(
    ({ depth, byCollection }) => depth === 0 || Object.keys(byCollection).length > 0,
  )
  if (telling.length === 0) return {}
  const sums = collections.map(({ name }): [string, number] => [
    name,
    telling.reduce(
      (sum, { byCollection }) => sum + (Object.hasOwn(byCollection, name) ? (byCollection[name] ?? 0) : 0),
      0,
    ),
  ])
  return Object.fromEntries(sums)
}

const textOf = (values: readonly number[]): string | null =>
  values.length === 0 ? null : encodeSketch(sketchOf(values))

function sumBy(counts: readonly (readonly [key: string, count: number])[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [key, count] of counts) sums[key] = (sums[key] ?? 0) + count
  return sums
}
