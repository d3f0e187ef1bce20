import type { Incident } from '#lib/telemetry/alerts/incident.ts'
import { overAtMs } from '../alert-port.ts'
import type { AlertPort, AlertStates } from '../ports.ts'
import { openCounts } from '../alert-values.ts'
import { pageOf } from './page.ts'
import { putNotices } from './put-notices.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Undo } from './table.ts'

const ONE = 'one'
const FIRST: AlertStates = { revision: 0, evaluatedAtMs: 0, states: [] }

export function memoryAlerts(state: MemoryState): AlertPort {
  return {
    rules: (fleetId) => state.inFleet(fleetId, rulesOf),
    saveRule: (rule, max, audit) =>
      state.inFleet(rule.fleetId, ({ alertRules }, undo) => {
        const { name } = rule.rule
        const stored = alertRules.get(name)
        if ((stored?.version ?? 0) !== rule.version - 1) return 'stale'
        if (stored === undefined && alertRules.values().length >= max) return 'full'
        alertRules.set(undo, name, rule)
        state.audit.set(undo, audit.id, audit)
        return 'saved'
      }),
    removeRule: (fleetId, name, version, audit) =>
      state.inFleet(fleetId, ({ alertRules }, undo) => {
        if (alertRules.get(name)?.version !== version) return 'stale'
        alertRules.delete(undo, name)
        state.audit.set(undo, audit.id, audit)
        return 'removed'
      }),
    input: (fleetId, nowMs) =>
      state.inFleet(fleetId, (tables) => ({
        ...(tables.alertStates.get(ONE) ?? FIRST),
        rules: rulesOf(tables),
        open: tables.incidents.values().filter((one) => one.state === 'open'),
        silences: tables.silences.values().filter((one) => overAtMs(one) > nowMs),
        nextNumber: tables.incidents.values().reduce((most, { number }) => Math.max(most, number), 0) + 1,
        oldestUnresolvedMs: oldestUnresolvedOf(tables),
      })),
    commit: (fleetId, { next, incidents, entries, notices }) =>
      state.inFleet(fleetId, (tables, undo) => {
        const now = tables.alertStates.get(ONE) ?? FIRST
        if (now.revision !== next.revision - 1) return 'stale'
        if (incidents.some(({ id, version }) => (tables.incidents.get(id)?.version ?? 0) !== version - 1))
          return 'stale'
        tables.alertStates.set(undo, ONE, next)
        for (const incident of incidents) tables.incidents.set(undo, incident.id, incident)
        for (const entry of entries) tables.incidentEntries.set(undo, entry.id, entry)
        putNotices(state, undo, notices)
        return 'committed'
      }),
    incidents: (fleetId, wanted, page) =>
      state.inFleet(fleetId, ({ incidents }) =>
        pageOf(
          incidents.values().filter((one) => wanted === null || one.state === wanted),
          placeOf,
          page,
        ),
      ),
    incident: (fleetId, id) => state.inFleet(fleetId, ({ incidents }) => incidents.get(id) ?? null),
    openIncidents: (fleetId) => state.inFleet(fleetId, ({ incidents }) => openCounts(incidents.values())),
    entries: (fleetId, incidentId, page) =>
      state.inFleet(fleetId, ({ incidentEntries }) =>
        pageOf(
          incidentEntries.values().filter((entry) => entry.incidentId === incidentId),
          ({ atMs, id }) => ({ atMs, id }),
          page,
        ),
      ),
    changeIncident: (fleetId, id, change) =>
      state.inFleet(fleetId, (tables, undo) => {
        const incident = tables.incidents.get(id)
        if (!incident) return null
        const { next, entries, notices, audit } = change(incident)
        tables.incidents.set(undo, id, next)
        for (const entry of entries) tables.incidentEntries.set(undo, entry.id, entry)
        putNotices(state, undo, notices)
        state.audit.set(undo, audit.id, audit)
        return next
      }),
    silences: (fleetId, page) =>
      state.inFleet(fleetId, ({ silences }) =>
        pageOf(silences.values(), ({ createdAtMs, id }) => ({ atMs: createdAtMs, id }), page),
      ),
    silence: (fleetId, id) => state.inFleet(fleetId, ({ silences }) => silences.get(id) ?? null),
    saveSilence: (silence, max, nowMs, audit) =>
      state.inFleet(silence.fleetId, ({ silences }, undo) => {
        const stored = silences.get(silence.id)
        if ((stored?.version ?? 0) !== silence.version - 1) return 'stale'
        const live = silences.values().filter((one) => overAtMs(one) > nowMs).length
        if (stored === undefined && live >= max) return 'full'
        silences.set(undo, silence.id, silence)
        state.audit.set(undo, audit.id, audit)
        return 'saved'
      }),
    noteRound: (round) => state.inGlobal((undo: Undo) => state.alertRounds.set(undo, ONE, round)),
    lastRound: async () => state.alertRounds.get(ONE) ?? null,
    mark: (fleetId) =>
      state.inFleet(fleetId, ({ alertRules, alertStates, incidents, silences }) =>
        JSON.stringify([
          alertStates.get(ONE)?.revision ?? 0,
          sumOf(alertRules.values()),
          alertRules.values().length,
          sumOf(incidents.values()),
          sumOf(silences.values()),
        ]),
      ),
  }
}

const rulesOf = ({ alertRules }: FleetTables) =>
  alertRules.values().sort((a, b) => (a.rule.name < b.rule.name ? -1 : 1))

const placeOf = ({ openedAtMs, id }: Incident) => ({ atMs: openedAtMs, id })

const sumOf = (rows: readonly { readonly version: number }[]): number =>
  rows.reduce((sum, { version }) => sum + version, 0)

function oldestUnresolvedOf({ deadLetters, conflicts }: FleetTables): number | null {
  const times = [
    ...deadLetters.values().flatMap(({ status, createdAtMs }) => (status === 'open' ? [createdAtMs] : [])),
    ...conflicts.values().flatMap(({ status, createdAtMs }) => (status === 'open' ? [createdAtMs] : [])),
  ]
  return times.length === 0 ? null : Math.min(...times)
}
