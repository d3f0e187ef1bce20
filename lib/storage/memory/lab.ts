import type { LabConflict, LabPort, LabRange, LabRun, Page, PageRequest, ConflictRow } from '../ports.ts'
import { changeAt } from './apply-changes.ts'
import type { FleetTables, MemoryState, StoredChange } from './state.ts'

export function memoryLab(state: MemoryState): LabPort {
  return {
    count: (fleetId, range, max) =>
      state.inFleet(fleetId, (tables) => Math.min(max, inRange(tables, range).length)),
    conflicts: (fleetId, range, page) =>
      state.inFleet(fleetId, (tables) => {
        const { items, next } = pageBehind(inRange(tables, range), page)
        return { items: items.map((row) => conflictOf(tables, row)), next }
      }),
    begin: (run, { kept, atOnce, goneBeforeMs, lost }, audit) =>
      state.inFleet(run.fleetId, (tables, undo) => {
        const { labRuns } = tables
        for (const other of labRuns.values())
          if (other.state === 'running' && other.toldAtMs < goneBeforeMs)
            labRuns.set(undo, other.id, {
              ...other,
              state: 'failed',
              problem: lost,
              endedAtMs: run.createdAtMs,
            })
        if (labRuns.values().filter((other) => other.state === 'running').length >= atOnce) return 'busy'
        labRuns.set(undo, run.id, { ...run, report: null })
        const ofCollection = newestFirst(
          labRuns.values().filter((other) => other.collectionId === run.collectionId),
        )
        for (const { id } of ofCollection.slice(kept)) labRuns.delete(undo, id)
        state.audit.set(undo, audit.id, audit)
        return 'begun'
      }),
    tell: (fleetId, id, { looked, atMs }) =>
      state.inFleet(fleetId, ({ labRuns }, undo) => {
        const run = labRuns.get(id)
        if (run?.state !== 'running') return false
        labRuns.set(undo, id, { ...run, looked, toldAtMs: atMs })
        return true
      }),
    end: (fleetId, id, { state: ended, problem, report, atMs }, audit) =>
      state.inFleet(fleetId, ({ labRuns }, undo) => {
        const run = labRuns.get(id)
        if (run?.state !== 'running') return false
        labRuns.set(undo, id, { ...run, state: ended, problem, report, endedAtMs: atMs, toldAtMs: atMs })
        if (audit) state.audit.set(undo, audit.id, audit)
        return true
      }),
    list: (fleetId, { collectionId, fromMs, toMs }, page) =>
      state.inFleet(fleetId, ({ labRuns }) => {
        const found = labRuns
          .values()
          .filter((run) => collectionId === null || run.collectionId === collectionId)
          .filter(({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < toMs)
        const { items, next } = pageBehind(newestFirst(found), page)
        return { items: items.map(withoutReport), next }
      }),
    get: (fleetId, id) => state.inFleet(fleetId, ({ labRuns }) => labRuns.get(id) ?? null),
    weights: (fleetId, collectionId) =>
      state.inFleet(fleetId, ({ labWeights }) => labWeights.get(collectionId) ?? null),
    setWeights: (fleetId, collectionId, { version, weights }, audit) =>
      state.inFleet(fleetId, ({ labWeights }, undo) => {
        if ((labWeights.get(collectionId)?.version ?? 0) !== version) return 'stale'
        const next = { weights, version: version + 1 }
        labWeights.set(undo, collectionId, next)
        state.audit.set(undo, audit.id, audit)
        return next
      }),
  }
}

interface Placed {
  readonly id: string
  readonly createdAtMs: number
}

const newestFirst = <T extends Placed>(rows: readonly T[]): readonly T[] =>
  rows.toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))

function pageBehind<T extends Placed>(rows: readonly T[], { cursor, limit }: PageRequest): Page<T> {
  const behind = rows.filter(
    ({ createdAtMs, id }) =>
      cursor === null || createdAtMs < cursor.atMs || (createdAtMs === cursor.atMs && id < cursor.id),
  )
  const last = behind[limit - 1]
  const next = last && behind.length > limit ? { atMs: last.createdAtMs, id: last.id } : null
  return { items: behind.slice(0, limit), next }
}

const inRange = (tables: FleetTables, { collection, fromMs, toMs }: LabRange): readonly ConflictRow[] =>
  newestFirst(
    tables.conflicts
      .values()
      .filter((row) => row.collection === collection && row.createdAtMs >= fromMs && row.createdAtMs < toMs),
  )

function conflictOf(tables: FleetTables, row: ConflictRow): LabConflict {
  const { id, recordId, base, baseKnown, local, remote, remoteVersion, schemaVersion, createdAtMs } = row
  const met = remoteVersion === null ? undefined : changeAt(tables, row.collection, remoteVersion)
  return {
    id,
    recordId,
    base,
    baseKnown,
    local,
    remote,
    remoteVersion,
    schemaVersion,
    createdAtMs,
    localSide: sideOf(tables.changes.get(row.mutationId)),
    remoteSide: sideOf(met),
    remoteStamps: row.remoteStamps ?? null,
  }
}

const sideOf = (change: StoredChange | undefined): LabConflict['localSide'] =>
  change ? { deviceId: change.deviceId, hlc: change.mutation.hlc, madeAtMs: change.correctedMadeAtMs } : null

const withoutReport = ({ report: _report, ...run }: LabRun & { readonly report: unknown }): LabRun => run
