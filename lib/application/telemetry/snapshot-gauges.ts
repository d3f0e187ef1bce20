import { ALL_DEVICES } from '#lib/rollups/bucket.ts'
import type { Device } from '#lib/storage/ports.ts'
import type { FleetGaugesEvent, GaugesEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import { sourceGauges } from '#lib/telemetry/told/source-gauges.ts'
import type { TelemetryContext } from './context.ts'
import { eventId } from './event-id.ts'
import { GaugeGroup, type Snapshot } from './gauge-group.ts'

const MINUTE = 60_000
/** A device heard within this time is active. */
const ACTIVE_MS = 86_400_000
/** A figure of another engine that is told no more is not known after this time. */
export const GAUGE_STANDS_MS = 15 * MINUTE
/** Devices read at once. */
const DEVICES_READ_MAX = 1_000

/**
 * Writes what every device last reported as events of the minute of `startedMs`, one per platform, app version and
 * engine, one for the fleet, and one for each engine of others that tells figures of its own. The ids are made of the minute, so a second run in it, by any process, changes nothing.
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
  const collections = (await storage.collections.list(fleetId)).map(({ name }) => name)
  const { intervalMs } = fleet.settings
  const [groups, told, openByCode, openConflicts, undeliveredMs] = await Promise.all([
    groupsOf(ctx, fleetId, { nowMs, intervalMs, collections }),
    storage.ingest.gauges(fleetId, nowMs - GAUGE_STANDS_MS),
    storage.deadLetters.countOpenByCode(fleetId),
    storage.conflicts.countOpen(fleetId),
    storage.telemetry.oldestUndeliveredMs(fleetId, nowMs - ACTIVE_MS),
  ])
  const whole: FleetGaugesEvent = {
    kind: 'fleet-gauges',
    openDeadLetters: Object.values(openByCode).reduce((sum, count) => sum + count, 0),
    openDeadLettersByCode: openByCode,
    openConflicts,
    oldestUndeliveredAgeMs: undeliveredMs === null ? null : Math.max(0, nowMs - undeliveredMs),
  }
  const sources = sourceGauges(told)
  const atMs = Math.floor(startedMs / MINUTE) * MINUTE
  const events = [
    { id: eventId('fleet-gauges', fleetId, String(atMs)), atMs, payload: whole },
    ...groups.map((payload) => ({
      id: eventId('gauges', fleetId, String(atMs), ...namesOf(payload)),
      atMs,
      payload,
    })),
    ...sources.map((payload) => ({
      id: eventId('source-gauges', fleetId, String(atMs), payload.source),
      atMs,
      payload,
    })),
  ]
  await storage.telemetry.append(fleetId, events)
  return events
}

const namesOf = ({ platform, appVersion, source }: GaugesEvent): readonly string[] =>
  source === undefined ? [platform, appVersion] : [platform, appVersion, source]

/**
 * Devices that belong to the fleet still, by platform, app version and engine. Of versions the hundred that most devices have;
 * the rest count as `other`.
 */
async function groupsOf(
  { storage }: TelemetryContext,
  fleetId: string,
  snapshot: Snapshot,
): Promise<readonly GaugesEvent[]> {
  const { versions } = await storage.devices.now(fleetId, snapshot.nowMs, snapshot.intervalMs)
  const common = new Set(versions.map(({ appVersion }) => appVersion))
  common.delete(ALL_DEVICES)
  const groups = new Map<string, GaugeGroup>()
  let lastId: string | null = null
  do {
    const devices: readonly Device[] = await storage.devices.byId(fleetId, lastId, DEVICES_READ_MAX)
    for (const device of devices) {
      if (device.status === 'revoked') continue
      const appVersion = common.has(device.appVersion) ? device.appVersion : 'other'
      const { platform, source } = device
      const key = JSON.stringify([platform, appVersion, source])
      const group = groups.get(key) ?? new GaugeGroup(snapshot, { platform, appVersion, source })
      groups.set(key, group)
      group.add(device)
    }
    lastId = devices.length < DEVICES_READ_MAX ? null : (devices.at(-1)?.id ?? null)
  } while (lastId !== null)
  return [...groups.values()].map((group) => group.payload())
}
