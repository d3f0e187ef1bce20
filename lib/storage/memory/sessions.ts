import { assert } from '#lib/kernel/result.ts'
import { countFacets, splitFilter } from '#lib/query/facets.ts'
import { matchesFilter } from '#lib/query/matches-filter.ts'
import {
  isByDeviceId,
  SESSION_FACET_ROWS_MAX,
  SESSION_FACETS,
  SESSION_FIELDS,
  sessionLook,
} from '#lib/query/session-fields.ts'
import { sessionEvent } from '#lib/telemetry/session-event.ts'
import { inferredSession } from '../inferred-session.ts'
import type {
  Cursor,
  ListedSession,
  SessionFilter,
  SessionOutcome,
  SessionPort,
  SessionRow,
} from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { sessionKey } from '../session-key.ts'
import { SESSION_READER } from '../session-values.ts'
import { appendEvents } from './events.ts'
import { pageOf } from './page.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Undo } from './table.ts'

export function memorySessions(state: MemoryState): SessionPort {
  return {
    store: (fleetId, rows, events) =>
      state.inFleet(fleetId, (tables, undo) => {
        if (!state.fleets.has(fleetId)) throw new FleetGone(`fleet ${fleetId} was removed`)
        const outcomes = rows.map((row) => storeOne(tables, undo, row))
        const stored = new Set(rows.filter((_, i) => outcomes[i] === 'stored').map(sessionKey))
        const told = events.filter(
          ({ payload }) => payload.kind !== 'session' || stored.has(sessionKey(payload)),
        )
        appendEvents(state, tables, undo, told)
        return outcomes
      }),
    list: (fleetId, filter, page) =>
      state.inFleet(fleetId, (tables) => {
        const { rows, last } = lookedAt(tables, filter, page.cursor)
        const found = pageOf(
          rows.filter((row) => matches(row, filter)),
          placeOf,
          page,
        )
        return found.next === null && last ? { ...found, next: placeOf(last) } : found
      }),
    facets: (fleetId, filter) =>
      state.inFleet(fleetId, (tables) => {
        const { base } = splitFilter(filter.conditions, SESSION_FACETS)
        const asked = { ...filter, conditions: base }
        const { rows, last } = lookedAt(tables, asked, null)
        const found = rows.filter((row) => matches(row, asked))
        const max = SESSION_FACET_ROWS_MAX
        const counts = countFacets(
          found,
          max,
          filter.conditions,
          SESSION_FACETS,
          SESSION_FIELDS,
          SESSION_READER,
        )
        return { ...counts, capped: counts.capped || last !== null }
      }),
    get: (fleetId, sessionId) => state.inFleet(fleetId, (tables) => tables.sessions.get(sessionId) ?? null),
    unreported: (fleetId, deviceId, sinceMs, limit) =>
      state.inFleet(fleetId, (tables) =>
        tables.pushedSessions
          .entries()
          .filter(
            ([sessionId, pushed]) =>
              pushed.deviceId === deviceId && pushed.firstAtMs >= sinceMs && !tables.sessions.has(sessionId),
          )
          .map(([sessionId, { firstAtMs, lastAtMs }]) => ({
            sessionId,
            firstPushMs: firstAtMs,
            lastPushMs: lastAtMs,
            pushed: tables.changes
              .values()
              .filter((row) => row.sessionId === sessionId && row.deviceId === deviceId).length,
          }))
          .sort((a, b) => b.firstPushMs - a.firstPushMs || (a.sessionId < b.sessionId ? 1 : -1))
          .slice(0, limit),
      ),
    inferAbandoned: (fleetId, beforeMs, nowMs, limit) =>
      state.inFleet(fleetId, (tables, undo) => {
        const rows = silentSessions(tables, beforeMs, nowMs).slice(0, limit)
        for (const row of rows) storeOne(tables, undo, row)
        appendEvents(state, tables, undo, rows.map(sessionEvent))
        return rows.length
      }),
  }
}

const placeOf = (row: ListedSession) => ({ atMs: row.endedAtMs, id: row.sessionId })

/** The newest of a range behind a cursor, as many as are looked through; the last of them where that many are there. */
function lookedAt(
  tables: FleetTables,
  filter: SessionFilter,
  cursor: Cursor | null,
): { readonly rows: readonly ListedSession[]; readonly last: ListedSession | null } {
  const { fromMs, toMs, conditions } = filter
  const ofDevices = conditions.filter(isByDeviceId)
  const rows = listed(tables)
    .filter(({ endedAtMs }) => endedAtMs >= fromMs && endedAtMs < toMs)
    .filter((row) => matches(row, { ...filter, conditions: ofDevices }))
    .filter(
      ({ endedAtMs, sessionId }) =>
        cursor === null || endedAtMs < cursor.atMs || (endedAtMs === cursor.atMs && sessionId < cursor.id),
    )
    .toSorted((a, b) => b.endedAtMs - a.endedAtMs || (a.sessionId < b.sessionId ? 1 : -1))
  const max = filter.lookMax ?? sessionLook(conditions)
  return { rows: rows.slice(0, max), last: rows[max - 1] ?? null }
}

function storeOne(tables: FleetTables, undo: Undo, row: SessionRow): SessionOutcome {
  const known = tables.sessions.get(row.sessionId)
  const device = tables.devices.get(row.deviceId)
  const owner = (known ?? tables.pushedSessions.get(row.sessionId))?.deviceId
  if (owner !== undefined && owner !== row.deviceId && !device?.linkedIds.includes(owner))
    return 'other_device'
  if (known) return 'duplicate'
  tables.sessions.set(undo, row.sessionId, row)
  if (device && row.result === 'ok') {
    const lastSessionOkMs = Math.max(device.lastSessionOkMs ?? 0, row.endedAtMs)
    tables.devices.set(undo, device.id, { ...device, lastSessionOkMs })
  }
  return 'stored'
}

function silentSessions(tables: FleetTables, beforeMs: number, nowMs: number): SessionRow[] {
  const rows: SessionRow[] = []
  for (const [sessionId, pushed] of tables.pushedSessions.entries()) {
    if (pushed.firstAtMs >= beforeMs || tables.sessions.has(sessionId)) continue
    const isOfSession = (row: { readonly sessionId: string | null; readonly deviceId: string }): boolean =>
      row.sessionId === sessionId && row.deviceId === pushed.deviceId
    const changes = tables.changes.values().filter(isOfSession)
    const conflicts = tables.conflicts.values().filter(isOfSession)
    const device = tables.devices.get(pushed.deviceId)
    assert(device, `device ${pushed.deviceId} exists`)
    const counts = {
      sessionId,
      firstPushMs: pushed.firstAtMs,
      lastPushMs: pushed.lastAtMs,
      pushed: changes.length,
      conflicts: conflicts.length,
      deadLettered: changes.filter((row) => row.status === 'dead_lettered').length,
    }
    rows.push(inferredSession(device, counts, nowMs))
  }
  return rows.sort((a, b) => a.startedAtMs - b.startedAtMs || (a.sessionId < b.sessionId ? -1 : 1))
}

/** Sessions beside what their pushes left in the change log. */
function listed(tables: FleetTables): ListedSession[] {
  const pushed = new Map<string, { readonly collections: Set<string>; lagMs: number | null }>()
  for (const change of tables.changes.values()) {
    const { sessionId, mutation, version, committedAtMs, correctedMadeAtMs } = change
    const owner = sessionId === null ? undefined : tables.sessions.get(sessionId)?.deviceId
    if (sessionId === null || owner === undefined) continue
    const isOwn = change.deviceId === owner || tables.devices.get(owner)?.linkedIds.includes(change.deviceId)
    if (!isOwn) continue
    const work = pushed.get(sessionId) ?? { collections: new Set(), lagMs: null }
    work.collections.add(mutation.collection)
    if (version !== null) work.lagMs = Math.max(work.lagMs ?? 0, committedAtMs - correctedMadeAtMs)
    pushed.set(sessionId, work)
  }
  return tables.sessions.values().map((row) => {
    const work = pushed.get(row.sessionId)
    return { ...row, collections: [...(work?.collections ?? [])].toSorted(), lagMs: work?.lagMs ?? null }
  })
}

const matches = (row: ListedSession, { fromMs, toMs, conditions }: SessionFilter): boolean =>
  row.endedAtMs >= fromMs &&
  row.endedAtMs < toMs &&
  matchesFilter(row, conditions, SESSION_FIELDS, SESSION_READER)
