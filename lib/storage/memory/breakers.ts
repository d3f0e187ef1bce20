import { FORCED_KINDS } from '#lib/engine/breaker/breaker.ts'
import type { BreakerPort, BreakerTransition } from '../ports.ts'
import { APPLIED_KEPT_MAX, BREAKER_CONTROLS_MAX } from '../breaker-port.ts'
import type { MemoryState } from './state.ts'
import { keyOf } from './state.ts'
import type { Undo } from './table.ts'

export function memoryBreakers(state: MemoryState): BreakerPort {
  const revision = (): number => state.breakerRevision.get(ONE) ?? 0
  return {
    controls: async () => ({
      revision: revision(),
      controls: state.breakerControls
        .values()
        .sort((a, b) => Number(a.fleetId !== null) - Number(b.fleetId !== null))
        .slice(0, BREAKER_CONTROLS_MAX),
    }),
    control: async (scope) => state.breakerControls.get(scope) ?? null,
    save: async (control, audit) => {
      const saved = await state.inGlobal((undo) => {
        const { scope, version } = control
        if ((state.breakerControls.get(scope)?.version ?? 0) !== version - 1) return 'stale' as const
        const stored = { ...control, changedAtMs: state.nowMs(), revision: raiseRevision(state, undo) }
        state.breakerControls.set(undo, scope, stored)
        state.audit.set(undo, audit.id, audit)
        return 'saved' as const
      })
      if (saved === 'saved') for (const listener of state.listeners) listener.controlled()
      return saved
    },
    beat: (process) =>
      state.inGlobal((undo) => {
        const known = state.breakerProcesses.get(process.id)
        const nowMs = state.nowMs()
        const before = known?.applied ?? []
        const isNew = before[0]?.revision !== process.revision
        const applied = isNew ? [{ revision: process.revision, atMs: nowMs }, ...before] : before
        const kept = applied.slice(0, APPLIED_KEPT_MAX)
        state.breakerProcesses.set(undo, process.id, { ...process, applied: kept, seenAtMs: nowMs })
        return revision()
      }),
    processes: async () => state.breakerProcesses.values().sort((a, b) => (a.name < b.name ? -1 : 1)),
    note: (minutes, changes) =>
      state.inGlobal((undo) => {
        for (const minute of minutes)
          state.breakerMinutes.set(undo, keyOf(minute.scope, minute.minuteMs, minute.processId), minute)
        for (const change of changes) state.breakerChanges.set(undo, change.id, change)
      }),
    minutes: async (scope, fromMs, toMs) =>
      state.breakerMinutes
        .values()
        .filter((one) => one.scope === scope && one.minuteMs >= fromMs && one.minuteMs < toMs)
        .sort((a, b) => a.minuteMs - b.minuteMs || (a.processId < b.processId ? -1 : 1)),
    changes: async (scopes, { fromMs, toMs }, limit) =>
      state.breakerChanges
        .values()
        .filter((one) => scopes.includes(one.scope) && one.atMs >= fromMs && one.atMs < toMs)
        .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    turns: async (fleetId, { fromMs, toMs }, limit) =>
      state.breakerChanges
        .values()
        .filter((one) => one.fleetId === fleetId || one.fleetId === null)
        .filter((one) => isTurn(one) && one.atMs >= fromMs && one.atMs < toMs)
        .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    countControls: async (fleetId) =>
      state.breakerControls.values().filter((one) => one.fleetId === fleetId).length,
    expire: ({ minutesMs, changesMs, seenMs, saidMs }, batch) =>
      state.inGlobal((undo) => {
        const unused = state.breakerControls
          .values()
          .filter((one) => one.changedAtMs < saidMs && one.settings === null)
        const forgotten = new Set(unused.slice(0, batch).map(({ scope }) => scope))
        forgetControls(state, undo, (scope) => forgotten.has(scope))
        const tables = [
          [
            state.breakerMinutes,
            state.breakerMinutes.entries().filter(([, row]) => row.minuteMs < minutesMs),
          ],
          [state.breakerChanges, state.breakerChanges.entries().filter(([, row]) => row.atMs < changesMs)],
          [
            state.breakerProcesses,
            state.breakerProcesses.entries().filter(([, row]) => row.seenAtMs < seenMs),
          ],
        ] as const
        for (const [table, rows] of tables) for (const [key] of rows.slice(0, batch)) table.delete(undo, key)
        return unused.length > batch || tables.some(([, rows]) => rows.length > batch)
      }),
  }
}

const isTurn = ({ before, after }: BreakerTransition): boolean =>
  (before === 'closed' && after === 'open') || FORCED_KINDS.some((kind) => kind === before || kind === after)

const ONE = 'one'

function raiseRevision(state: MemoryState, undo: Undo): number {
  const next = (state.breakerRevision.get(ONE) ?? 0) + 1
  state.breakerRevision.set(undo, ONE, next)
  return next
}

/** What was said of what is no more; every process finds it gone. */
export function forgetControls(state: MemoryState, undo: Undo, isGone: (scope: string) => boolean): void {
  const scopes = state.breakerControls.values().filter(({ scope }) => isGone(scope))
  for (const { scope } of scopes) state.breakerControls.delete(undo, scope)
  if (scopes.length > 0) raiseRevision(state, undo)
}
