import { baseKey, recordKey } from '#lib/engine/types.ts'
import type { BaseState, KnownConflict, KnownMutation } from '#lib/engine/types.ts'
import { assert } from '#lib/kernel/result.ts'
import {
  ANCESTORS_MAX,
  assertDense,
  basesBehind,
  basesOfChains,
  basesOfLives,
  conflictsBehind,
  FAILED_TRIES_PER_DEVICE_MAX,
} from '../change-rows.ts'
import { clockJumpsAfter } from '../clock-jumps.ts'
import type { Fleet, PushPlan, PushSnapshot, PushTx, PushWrites } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { applyChanges } from './apply-changes.ts'
import { appendEvents } from './events.ts'
import { heldReads, readsSince } from '../ot-reads.ts'
import { loadOtLog } from './ot-log.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Undo } from './table.ts'

/** One push transaction over the tables of a fleet that is already locked. */
export function memoryPushTx(state: MemoryState, fleetId: string, tables: FleetTables, undo: Undo): PushTx {
  const write = async (writes: PushWrites): Promise<void> => writePush(state, fleetId, tables, undo, writes)
  return {
    load: async (plan) => {
      const fleet = state.fleets.get(fleetId)
      if (!fleet) throw new FleetGone(`fleet ${fleetId} was removed`)
      return loadSnapshot(fleet, tables, plan)
    },
    write,
    writeLast: write,
  }
}

function loadSnapshot(fleet: Fleet, tables: FleetTables, plan: PushPlan): PushSnapshot {
  const named = loadMutations(tables, plan.mutationIds)
  const conflicts = found([...plan.conflictIds, ...conflictsBehind(named.values())], (id) =>
    knownConflict(tables, id),
  )
  const waiting = [...conflicts.values()].flatMap(({ held }) => held)
  const mutations = new Map([...named, ...loadMutations(tables, waiting)])
  const held = heldReads(waiting.flatMap((id) => mutations.get(id)?.mutation ?? []))
  const records = found(
    plan.records.map(({ collection, recordId }) => recordKey(collection, recordId)),
    (key) => {
      const stored = tables.records.get(key)
      if (!stored) return undefined
      const { committedAtMs: _, ...record } = stored
      return record
    },
  )
  const ofChains = basesOfChains(plan, records, mutations)
  const bases = [
    ...plan.bases,
    ...basesBehind(mutations.values()),
    ...basesOfLives(plan, records),
    ...ofChains,
  ]
  const responseKeys = plan.requests.map(({ deviceId, requestId }) => `${deviceId}/${requestId}`)
  return {
    fleet: { epoch: fleet.epoch, epochBefore: fleet.epochBefore, configVersion: fleet.configVersion },
    heads: new Map(plan.streams.map((name) => [name, tables.heads.get(name) ?? 0])),
    devices: found(plan.deviceIds, (id) => tables.devices.get(id)),
    responses: found(responseKeys, (key) => tables.responses.get(key)),
    records,
    bases: found(
      bases.map(({ collection, recordId, version }) => baseKey(collection, recordId, version)),
      (key): BaseState | undefined => {
        const base = tables.bases.get(key)
        return base && { data: base.data, crdt: base.crdt, schemaVersion: base.schemaVersion }
      },
    ),
    mutations,
    conflicts,
    linked: found(
      [...plan.linksOf, ...waiting.flatMap((id) => mutations.get(id)?.deviceId ?? [])],
      (id) => tables.devices.get(id)?.linkedIds,
    ),
    failedTries: found(plan.triesOf, (id) => tables.failedTries.get(id)?.tries),
    letterDays: found(plan.deviceIds, (id) => tables.letterDays.get(id)),
    ...loadOtLog(tables, [...plan.otReads, held, readsSince(ofChains, records)]),
  }
}

function found<V>(keys: readonly string[], get: (key: string) => V | undefined): Map<string, V> {
  const values = new Map<string, V>()
  for (const key of keys) {
    const value = get(key)
    if (value !== undefined) values.set(key, value)
  }
  return values
}

function knownConflict(tables: FleetTables, id: string): KnownConflict | undefined {
  const row = tables.conflicts.get(id)
  if (!row) return undefined
  const { collection, recordId, deviceId, local, schemaVersion, status, closure, result: data } = row
  return {
    id,
    collection,
    recordId,
    deviceId,
    local,
    schemaVersion,
    status,
    closure: closure && { ...closure, conflictId: id, deviceId, data },
    held: tables.held.get(id) ?? [],
  }
}

/** From each id as many links by `after` up as are followed at most; an edited form is as near as what it took the place of. */
function loadMutations(tables: FleetTables, ids: readonly string[]): Map<string, KnownMutation> {
  const letters = new Map(tables.deadLetters.values().map((letter) => [letter.mutation.id, letter]))
  const known = new Map<string, KnownMutation>()
  let wave = [...ids]
  for (let links = 0; links <= ANCESTORS_MAX && wave.length > 0; links++) {
    const parents: string[] = []
    for (const id of wave) {
      const row = tables.changes.get(id)
      if (!row || known.has(id)) continue
      const { deviceId, mutation, result, replacedBy } = row
      const letter = letters.get(id)
      const deadLetter = letter?.status ?? 'none'
      const letterId = letter?.id ?? null
      known.set(id, { id, deviceId, mutation, result, deadLetter, letterId, replacedBy })
      if (mutation.after !== undefined) parents.push(mutation.after)
      if (replacedBy !== null) wave.push(replacedBy)
    }
    wave = parents
  }
  return known
}

function writePush(
  state: MemoryState,
  fleetId: string,
  tables: FleetTables,
  undo: Undo,
  writes: PushWrites,
): void {
  const before = new Map([...writes.heads.keys()].map((name) => [name, tables.heads.get(name) ?? 0]))
  assertDense(before, writes)
  applyChanges(fleetId, tables, undo, writes)
  for (const [collection, head] of writes.heads) tables.heads.set(undo, collection, head)
  for (const response of writes.responses) {
    const key = `${response.deviceId}/${response.requestId}`
    assert(!tables.responses.has(key), `response ${key} is new`)
    tables.responses.set(undo, key, response)
  }
  for (const { deviceId, appVersion, platform, report } of writes.reports) {
    const device = tables.devices.get(deviceId)
    assert(device, `device ${deviceId} exists`)
    const lastContactMs = Math.max(device.lastContactMs ?? 0, report.atMs)
    const clockJumps = clockJumpsAfter(device, report)
    tables.devices.set(undo, deviceId, {
      ...device,
      appVersion,
      platform,
      report,
      clockJumps,
      lastContactMs,
    })
  }
  for (const { sessionId, deviceId } of writes.sessions) {
    const known = tables.pushedSessions.get(sessionId)
    if (known && known.deviceId !== deviceId) continue
    const firstAtMs = known?.firstAtMs ?? writes.committedAtMs
    tables.pushedSessions.set(undo, sessionId, { deviceId, firstAtMs, lastAtMs: writes.committedAtMs })
  }
  writeTries(tables, undo, writes)
  for (const { deviceId, day, count } of writes.letterDays)
    tables.letterDays.set(undo, deviceId, { day, count })
  appendEvents(state, tables, undo, writes.events)
  for (const entry of writes.audit) state.audit.set(undo, entry.id, entry)
}

function writeTries(tables: FleetTables, undo: Undo, writes: PushWrites): void {
  for (const id of writes.endedTries) tables.failedTries.delete(undo, id)
  const lastAtMs = writes.committedAtMs
  for (const { mutationId, deviceId, tries, spacedMs = 0 } of writes.failedTries) {
    const known = tables.failedTries.get(mutationId)
    if (known && spacedMs > 0 && known.lastAtMs > lastAtMs - spacedMs) continue
    tables.failedTries.set(undo, mutationId, { deviceId, tries, lastAtMs })
  }
  for (const deviceId of new Set(writes.failedTries.map((row) => row.deviceId))) {
    const own = tables.failedTries.entries().filter(([, row]) => row.deviceId === deviceId)
    own.sort(([a, x], [b, y]) => y.lastAtMs - x.lastAtMs || (a < b ? 1 : -1))
    for (const [id] of own.slice(FAILED_TRIES_PER_DEVICE_MAX)) tables.failedTries.delete(undo, id)
  }
}
