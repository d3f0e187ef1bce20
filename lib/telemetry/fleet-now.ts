import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'
import {
  deviceState,
  pendingAge,
  type DeviceContact,
  type DeviceState,
  type PendingAge,
} from './connectivity.ts'
import type { DevicesNow, OldestPending } from './overview.ts'

/** What is counted of a device; a stored device fits. */
export interface CountedDevice extends DeviceContact {
  readonly id: string
  readonly name: string
  readonly appVersion: string
  readonly status: 'active' | 'paused' | 'revoked'
  readonly lastSessionOkMs: number | null
}

/** How the devices of a fleet stand at one moment, whatever their number. */
export interface FleetNow {
  readonly devices: DevicesNow
  /** Most devices first, the later name among equals; at most APP_VERSIONS_LIVE_MAX. */
  readonly versions: readonly VersionNow[]
}

export interface VersionNow {
  readonly appVersion: string
  readonly devices: number
  /** Nearest rank, over devices that are heard; and over those that are not, as a lower bound. */
  readonly pendingAgeP95Ms: number | null
  readonly pendingAgeOfflineP95Ms: number | null
}

interface Standing {
  readonly device: CountedDevice
  readonly state: DeviceState
  readonly pending: PendingAge | null
}

/** Revoked devices are left out: they wait for nothing any more. A storage may count the same in another way. */
export function fleetNow(devices: readonly CountedDevice[], nowMs: number, intervalMs: number): FleetNow {
  const live = devices
    .filter(({ status }) => status !== 'revoked')
    .map((device) => ({
      device,
      state: deviceState(device, nowMs, intervalMs),
      pending: pendingAge(device, nowMs, intervalMs),
    }))
  return { devices: devicesNow(live), versions: versionsNow(live) }
}

function devicesNow(live: readonly Standing[]): DevicesNow {
  const isPaused = ({ device }: Standing): boolean => device.status === 'paused'
  const free = live.filter((one) => !isPaused(one))
  const byState = countByState(free)
  const isWaiting = ({ device }: Standing): boolean => (device.report?.depth ?? 0) > 0
  const isHeard = ({ device }: Standing): boolean => device.report !== null || device.lastSessionOkMs !== null
  const heard = live.filter(isHeard).length
  const contacts = live.flatMap(({ device }) => device.lastContactMs ?? [])
  return {
    total: live.length,
    heard,
    neverHeard: live.length - heard,
    byState,
    waitingByState: countByState(free.filter(isWaiting)),
    paused: live.filter((one) => isPaused(one) && isHeard(one)).length,
    offline: byState.offline ?? 0,
    silent: free.filter(({ state }) => state.inferredOffline).length,
    lastContactMs: contacts.length === 0 ? null : contacts.reduce((newest, atMs) => Math.max(newest, atMs)),
    oldestPending: oldestOf(live),
    oldestWaiting: oldestOf(live.filter(isWaiting)),
  }
}

function countByState(standing: readonly Standing[]): Partial<Record<SessionState, number>> {
  const counts: Partial<Record<SessionState, number>> = {}
  for (const { state } of standing) {
    if (state.state !== null) counts[state.state] = (counts[state.state] ?? 0) + 1
  }
  return counts
}

/** By pending age: of one whose silence alone is known that is the lower bound that it is. */
function oldestOf(live: readonly Standing[]): OldestPending | null {
  let oldest: OldestPending | null = null
  for (const { device, pending } of live) {
    if (pending === null) continue
    const { id: deviceId, name } = device
    const older = oldest === null || pending.ageMs > oldest.ageMs
    if (older || (pending.ageMs === oldest?.ageMs && deviceId < oldest.deviceId))
      oldest = { deviceId, name, ...pending }
  }
  return oldest
}

function versionsNow(live: readonly Standing[]): readonly VersionNow[] {
  const groups = new Map<string, Standing[]>()
  for (const one of live) {
    const group = groups.get(one.device.appVersion)
    if (group === undefined) groups.set(one.device.appVersion, [one])
    else group.push(one)
  }
  const rows = [...groups].map(([appVersion, group]) => ({
    appVersion,
    devices: group.length,
    pendingAgeP95Ms: pendingP95(group.filter(({ state }) => state.state !== 'offline')),
    pendingAgeOfflineP95Ms: pendingP95(group.filter(({ state }) => state.state === 'offline')),
  }))
  rows.sort((a, b) => b.devices - a.devices || (a.appVersion < b.appVersion ? 1 : -1))
  return rows.slice(0, APP_VERSIONS_LIVE_MAX)
}

function pendingP95(group: readonly Standing[]): number | null {
  const ages = group.flatMap(({ pending }) => pending?.ageMs ?? []).sort((a, b) => a - b)
  return ages[Math.ceil(0.95 * ages.length) - 1] ?? null
}
