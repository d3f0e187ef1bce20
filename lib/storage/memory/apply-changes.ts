import type { ConflictClosure } from '#lib/engine/types.ts'
import { baseKey, recordKey } from '#lib/engine/types.ts'
import { assert } from '#lib/kernel/result.ts'
import type { WrittenChange } from '../change-rows.ts'
import { conflictRowOf, deadLetterRowOf, isLogged, replayOutcome } from '../change-rows.ts'
import type { PushWrites } from '../ports.ts'
import { openAgain } from './dead-letters.ts'
import { otKey } from './ot-log.ts'
import type { FleetTables, StoredChange } from './state.ts'
import type { Undo } from './table.ts'

/** Writes the effects of a group of pushes: log, records, bases, conflicts, dead letters. */
export function applyChanges(fleetId: string, tables: FleetTables, undo: Undo, writes: PushWrites): void {
  const atMs = writes.committedAtMs
  for (const change of writes.changes) {
    if (isLogged(change)) logChange(tables, undo, change, atMs)
    if (isLogged(change) && change.editOf !== null)
      linkEdited(tables, undo, change.editOf, change.incoming.mutation.id)
    const { record, replaced } = change
    if (record) {
      tables.records.set(undo, recordKey(record.collection, record.recordId), {
        ...record,
        committedAtMs: atMs,
      })
    }
    if (replaced) {
      const key = baseKey(replaced.collection, replaced.recordId, replaced.version)
      const { data, crdt, schemaVersion } = replaced
      tables.bases.set(undo, key, { data, crdt, schemaVersion, replacedAtMs: atMs })
    }
    for (const op of change.otOps) {
      const { collection, recordId } = change.incoming.mutation
      const stored = { ...op, collection, recordId }
      tables.otOps.set(undo, otKey(stored), stored)
    }
    const deviceName = tables.devices.get(change.deviceId)?.name ?? ''
    const conflict = conflictRowOf(
      fleetId,
      change,
      { deviceName, remoteAppVersion: remoteAppVersionOf(tables, change) },
      atMs,
    )
    if (conflict) tables.conflicts.set(undo, conflict.id, conflict)
    if (change.heldBy !== null)
      tables.held.set(undo, change.heldBy, [
        ...(tables.held.get(change.heldBy) ?? []),
        change.incoming.mutation.id,
      ])
    if (change.closes) closeConflict(tables, undo, change.closes, atMs)
    const letter = deadLetterRowOf(fleetId, change, deviceName, atMs)
    const known = letter && tables.deadLetters.get(letter.id)
    if (known) openAgain(tables, undo, { ...known, ...replayOutcome(change, atMs) })
    else if (letter) tables.deadLetters.set(undo, letter.id, letter)
    if (change.replayOf !== null) closeLetter(tables, undo, change.replayOf, change, atMs)
  }
}

/** Of whoever wrote the version that a change met. */
function remoteAppVersionOf(tables: FleetTables, { conflict, incoming }: WrittenChange): string | null {
  const version = conflict?.remoteVersion ?? 0
  if (version === 0) return null
  return changeAt(tables, incoming.mutation.collection, version)?.appVersion ?? null
}

/** The change that made a version of a collection; undefined where the log has it no more. */
export const changeAt = (
  tables: FleetTables,
  collection: string,
  version: number,
): StoredChange | undefined =>
  tables.changes.values().find((row) => row.version === version && row.mutation.collection === collection)

function logChange(tables: FleetTables, undo: Undo, change: WrittenChange, atMs: number): void {
  const { mutation } = change.incoming
  const earlier = tables.changes.get(mutation.id)
  if (earlier && change.releasedBy !== null) {
    const { result, record } = change
    const version = record?.version ?? null
    tables.changes.set(undo, mutation.id, {
      ...earlier,
      status: result.status,
      result,
      version,
      committedAtMs: atMs,
    })
    return
  }
  if (earlier) {
    assert(change.replayOf !== null, `mutation ${mutation.id} had no effect yet`)
    if (change.result.status === 'dead_lettered') return
  }
  tables.changes.set(undo, mutation.id, {
    mutation,
    deviceId: earlier?.deviceId ?? change.deviceId,
    requestId: earlier?.requestId ?? change.requestId,
    sessionId: earlier ? earlier.sessionId : change.sessionId,
    status: change.result.status,
    result: change.result,
    version: change.record?.version ?? null,
    appVersion: change.appVersion,
    correctedMadeAtMs: change.correctedMadeAtMs,
    receivedAtMs: change.receivedAtMs,
    committedAtMs: atMs,
    replacedBy: null,
  })
}

function linkEdited(tables: FleetTables, undo: Undo, id: string, replacedBy: string): void {
  const row = tables.changes.get(id)
  assert(row, `mutation ${id} had an effect`)
  tables.changes.set(undo, id, { ...row, replacedBy })
}

function closeConflict(tables: FleetTables, undo: Undo, closes: ConflictClosure, atMs: number): void {
  const { conflictId, mutationId, kept, version, data } = closes
  const row = tables.conflicts.get(conflictId)
  assert(row?.status === 'open', `conflict ${conflictId} is open`)
  const closure = { mutationId, kept, version, atMs }
  tables.conflicts.set(undo, conflictId, { ...row, status: 'resolved', result: data, closure })
  tables.held.delete(undo, conflictId)
}

function closeLetter(tables: FleetTables, undo: Undo, id: string, change: WrittenChange, atMs: number): void {
  const letter = tables.deadLetters.get(id)
  assert(letter?.status === 'open', `dead letter ${id} is open`)
  tables.deadLetters.set(undo, id, {
    ...letter,
    ...replayOutcome(change, atMs),
    attempts: letter.attempts + 1,
  })
}
