import { ENROLL_REPEAT_MS, TOKENS_PER_DEVICE_MAX } from '#lib/protocol/limits.ts'
import { DEVICE_FACET_ROWS_MAX, DEVICE_FACETS, DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { countFacets, splitFilter } from '#lib/query/facets.ts'
import { matchesFilter } from '#lib/query/matches-filter.ts'
import { fleetNow } from '#lib/telemetry/fleet-now.ts'
import { clockJumpsAfter } from '../clock-jumps.ts'
import { linkedFamily, withLink } from '../device-commands.ts'
import { deviceReader, sortValueOf } from '../device-values.ts'
import type {
  Device,
  DeviceFilter,
  DevicePage,
  DevicePageRequest,
  DevicePlace,
  DevicePort,
} from '../ports.ts'
import { reportOrder } from '../report-order.ts'
import { memoryDeviceLife } from './device-life.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Undo } from './table.ts'

export function memoryDevices(state: MemoryState): DevicePort {
  return {
    findByToken: (fleetId, tokenHash, nowMs) =>
      state.inFleet(fleetId, (tables) => {
        const token = tables.tokens.get(tokenHash)
        if (!token || (token.endsAtMs !== null && token.endsAtMs <= nowMs)) return null
        return tables.devices.get(token.deviceId) ?? null
      }),
    rotateToken: (fleetId, deviceId, askedBy, tokenHash, _nowMs, oldEndsMs, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        const isFirst = tables.tokens.get(askedBy)?.endsAtMs === null
        for (const [hash, token] of isFirst ? tables.tokens.entries() : []) {
          if (token.deviceId !== deviceId) continue
          const endsAtMs = Math.min(token.endsAtMs ?? oldEndsMs, oldEndsMs)
          tables.tokens.set(undo, hash, { ...token, endsAtMs })
        }
        addToken(tables, undo, deviceId, tokenHash)
        state.audit.set(undo, audit.id, audit)
      }),
    get: (fleetId, id) => state.inFleet(fleetId, (tables) => tables.devices.get(id) ?? null),
    list: (fleetId, filter, page) =>
      state.inFleet(fleetId, (tables) => {
        const rows = tables.devices.values().filter((device) => matches(device, filter))
        return devicePage(rows, filter, page)
      }),
    facets: (fleetId, filter) =>
      state.inFleet(fleetId, (tables) => {
        const { base } = splitFilter(filter.conditions, DEVICE_FACETS)
        const rows = tables.devices
          .values()
          .filter((device) => matches(device, { ...filter, conditions: base }))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        const max = DEVICE_FACET_ROWS_MAX
        return countFacets(rows, max, filter.conditions, DEVICE_FACETS, DEVICE_FIELDS, deviceReader(filter))
      }),
    countEnrolled: (fleetId) =>
      state.inFleet(
        fleetId,
        (tables) => tables.devices.values().filter(({ status }) => status !== 'revoked').length,
      ),
    byId: (fleetId, afterId, limit) =>
      state.inFleet(fleetId, (tables) => {
        const rest = tables.devices.values().filter(({ id }) => afterId === null || id > afterId)
        return rest.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
      }),
    now: (fleetId, nowMs, intervalMs) =>
      state.inFleet(fleetId, (tables) => fleetNow(tables.devices.values(), nowMs, intervalMs)),
    ...enrolling(state),
    ...contacting(state),
    ...memoryDeviceLife(state),
  }
}

function enrolling(state: MemoryState): Pick<DevicePort, 'enroll' | 'findEnrolled'> {
  return {
    enroll: ({ device, tokenHash, requestId, keyId, nowMs, formerId = null }, audit) =>
      state.inFleet(device.fleetId, (tables, undo) => {
        if (!state.fleets.has(device.fleetId)) return 'gone'
        const earlier = tables.enrollments.get(requestId)
        const live = earlier && earlier.atMs > nowMs - ENROLL_REPEAT_MS ? earlier : null
        const repeated = live?.deviceId === device.id
        if (!repeated && (live || tables.devices.has(device.id))) return 'taken'
        if (!repeated) {
          if (!useKey(tables, undo, keyId, nowMs)) return 'used_up'
          tables.devices.set(undo, device.id, device)
          tables.enrollments.set(undo, requestId, { deviceId: device.id, atMs: nowMs })
        }
        if (formerId !== null) link(tables, undo, device.id, formerId)
        addToken(tables, undo, device.id, tokenHash)
        state.audit.set(undo, audit.id, audit)
        return repeated ? 'repeated' : 'enrolled'
      }),
    findEnrolled: (fleetId, requestId, nowMs) =>
      state.inFleet(fleetId, (tables) => {
        const earlier = tables.enrollments.get(requestId)
        return earlier && earlier.atMs > nowMs - ENROLL_REPEAT_MS ? earlier.deviceId : null
      }),
  }
}

/** Counts a device for the key that enrolls it; false for a key that has enrolled as many as it may. */
function useKey(tables: FleetTables, undo: Undo, keyId: string, nowMs: number): boolean {
  const key = tables.enrollmentKeys.values().find(({ id }) => id === keyId)
  if (!key) return true
  if (key.maxDevices !== null && key.devices >= key.maxDevices) return false
  tables.enrollmentKeys.set(undo, key.hash, { ...key, devices: key.devices + 1, lastUsedMs: nowMs })
  return true
}

/** The newest of a device stay. */
function addToken(tables: FleetTables, undo: Undo, deviceId: string, tokenHash: string): void {
  tables.tokens.set(undo, tokenHash, { deviceId, endsAtMs: null })
  const own = tables.tokens.entries().filter(([, token]) => token.deviceId === deviceId)
  for (const [hash] of own.slice(0, -TOKENS_PER_DEVICE_MAX)) tables.tokens.delete(undo, hash)
}

function contacting(state: MemoryState): Pick<DevicePort, 'touch' | 'touchQuiet'> {
  return {
    touch: (fleetId, deviceId, { atMs, appVersion, platform, report }) =>
      state.inFleet(fleetId, (tables, undo) => {
        const device = tables.devices.get(deviceId)
        if (!device || !state.fleets.has(fleetId)) return 'unknown'
        const order = report ? reportOrder(device.report, report) : 'repeated'
        if (order === 'forked') return 'forked'
        tables.devices.set(undo, deviceId, {
          ...device,
          appVersion,
          platform,
          lastContactMs: Math.max(device.lastContactMs ?? 0, atMs),
          ...(order === 'newer' && report ? { report, clockJumps: clockJumpsAfter(device, report) } : {}),
        })
        return 'ok'
      }),
    touchQuiet: (fleetId, contacts) =>
      state.inFleet(fleetId, (tables, undo) => {
        const taken = contacts.filter(({ deviceId, before }) => {
          const kept = tables.devices.get(deviceId)?.report
          return kept?.seq === before.seq && kept.nonce === before.nonce
        })
        for (const { deviceId, report } of taken) {
          const device = tables.devices.get(deviceId)
          if (!device) continue
          const lastContactMs = Math.max(device.lastContactMs ?? 0, report.atMs)
          tables.devices.set(undo, deviceId, { ...device, report, lastContactMs })
        }
        return new Set(taken.map(({ deviceId }) => deviceId))
      }),
  }
}

/** Both sides learn of each other, with all that they are linked to already. */
function link(tables: FleetTables, undo: Undo, id: string, formerId: string): void {
  const former = tables.devices.get(formerId)
  const device = tables.devices.get(id)
  if (!former || !device) return
  const family = linkedFamily(former)
  tables.devices.set(undo, id, { ...device, linkedIds: family.reduce(withLink, device.linkedIds) })
  for (const memberId of family) {
    const member = tables.devices.get(memberId)
    if (member) tables.devices.set(undo, memberId, { ...member, linkedIds: withLink(member.linkedIds, id) })
  }
}

function matches(device: Device, filter: DeviceFilter): boolean {
  const seenMs = device.lastContactMs ?? 0
  return (
    seenMs >= (filter.fromMs ?? 0) &&
    seenMs < (filter.toMs ?? Infinity) &&
    matchesFilter(device, filter.conditions, DEVICE_FIELDS, deviceReader(filter))
  )
}

function devicePage(
  devices: readonly Device[],
  filter: DeviceFilter,
  request: DevicePageRequest,
): DevicePage {
  const { sort, limit, after } = request
  const placed = devices
    .map((device) => ({ device, place: { value: sortValueOf(device, sort, filter), id: device.id } }))
    .toSorted((a, b) => inOrder(a.place, b.place))
    .filter(({ place }) => after === null || inOrder(place, after) > 0)
  const shown = placed.slice(0, limit)
  return {
    items: shown.map(({ device }) => device),
    next: placed.length > limit ? (shown.at(-1)?.place ?? null) : null,
  }
}

function inOrder(a: DevicePlace, b: DevicePlace): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}
