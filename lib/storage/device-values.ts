import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import type {
  Connectivity,
  DeviceKey,
  DeviceListState,
  DeviceMark,
  DeviceSort,
} from '#lib/query/device-fields.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import { deviceState, pendingAge } from '#lib/telemetry/connectivity.ts'
import type { Device, DeviceFilter } from './ports.ts'

type Clock = Pick<DeviceFilter, 'nowMs' | 'intervalMs'>

function stateOf(device: Device, { nowMs, intervalMs }: Clock): DeviceListState {
  if (device.status !== 'active') return device.status
  return deviceState(device, nowMs, intervalMs).state ?? 'unheard'
}

function connectivityOf(device: Device, { nowMs, intervalMs }: Clock): readonly Connectivity[] {
  if (device.status === 'revoked') return []
  const { state } = deviceState(device, nowMs, intervalMs)
  return [state === null ? 'unheard' : state === 'offline' ? 'offline' : 'online']
}

const pendingOf = (device: Device, { nowMs, intervalMs }: Clock): number | null =>
  device.status === 'revoked' ? null : (pendingAge(device, nowMs, intervalMs)?.ageMs ?? null)

const marksOf = ({ status, report, linkedIds, clockJumps }: Device): readonly DeviceMark[] => [
  ...(status !== 'revoked' && (report?.depth ?? 0) > 0 ? (['waiting'] as const) : []),
  ...(report === null ? [] : (['report'] as const)),
  ...(linkedIds.length > 0 ? (['fork'] as const) : []),
  ...(clockJumps === null ? [] : (['jump'] as const)),
]

/** What a device is at a moment under each key of its filter. */
export const deviceReader = (clock: Clock): RowReader<Device, DeviceKey> => ({
  values: {
    device: ({ name, id }) => [name, id],
    state: (device) => [stateOf(device, clock)],
    connectivity: (device) => connectivityOf(device, clock),
    version: ({ appVersion }) => [appVersion],
    platform: ({ platform }) => [platform],
    source: ({ source }) => [source ?? OWN_SOURCE],
    has: marksOf,
    queue: ({ report }) => report?.depth ?? null,
    pending: (device) => pendingOf(device, clock),
    contact: ({ lastContactMs }) =>
      lastContactMs === null ? null : Math.max(0, clock.nowMs - lastContactMs),
    clock: ({ report }) => (typeof report?.offsetMs === 'number' ? Math.abs(report.offsetMs) : null),
  },
  words: ({ name, id }) => [name, id],
})

/** Of a device about which the order says nothing: it comes last. */
const LAST = Number.MAX_SAFE_INTEGER

/**
 * What a list is ordered by, lowest first. Of an age that is the time since when: it stays where it is while the age
 * grows, so that pages meet.
 */
export function sortValueOf(device: Device, sort: DeviceSort, clock: Clock): number | string {
  switch (sort) {
    case 'contact':
      return device.lastContactMs === null ? LAST : -device.lastContactMs
    case 'pending':
      return pendingSinceMs(device, clock) ?? LAST
    case 'queue':
      return device.report === null ? LAST : -device.report.depth
    case 'name':
      return device.name.toLowerCase()
  }
}

/** As `pendingAge`, before it is kept from being negative. */
function pendingSinceMs(device: Device, { nowMs, intervalMs }: Clock): number | null {
  const { report, lastContactMs, status } = device
  if (status === 'revoked' || lastContactMs === null) return null
  const waits = report !== null && report.depth > 0
  const toldMs = waits && report.oldestMadeAtMs !== null ? Math.min(report.oldestMadeAtMs, report.atMs) : null
  if (deviceState(device, nowMs, intervalMs).state === 'offline') return toldMs ?? lastContactMs
  return waits ? (toldMs ?? report.atMs) : null
}
