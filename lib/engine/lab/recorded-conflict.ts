import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { sidesOfToday } from '../conflict/sides-of-today.ts'
import { migrateStates, type Evolving } from '../schema-evolution/migrate-pointer.ts'
import type { ConflictEffect, FieldStamps } from '../types.ts'

/** When a side was written, and by whom. Times in Unix ms. */
export interface WrittenSide {
  readonly deviceId: string
  readonly hlc: string
  /** What its clock said, corrected by how far it was off. */
  readonly madeAtMs: number
}

/** A conflict as it is replayed: its documents as today's schema has them. */
export interface RecordedConflict {
  readonly id: string
  readonly recordId: string
  readonly base: JsonObject | null
  readonly baseKnown: boolean
  readonly local: JsonObject | null
  readonly remote: JsonObject | null
  /** 0 where there was no record to meet. */
  readonly remoteVersion: number | null
  /** Null where the change log has it no more. */
  readonly localSide: WrittenSide | null
  readonly remoteSide: WrittenSide | null
  /** When the fields of the other side were written, where that isn't its `hlc`. */
  readonly remoteStamps: FieldStamps | null
}

/** With documents and stamps of its fields as today's schema has them: a field that was renamed takes its stamp along (DL5). */
export function conflictOfToday(
  rules: Evolving,
  conflict: RecordedConflict & Pick<ConflictEffect, 'schemaVersion'>,
): RecordedConflict {
  const { schemaVersion, remoteStamps } = conflict
  return {
    ...sidesOfToday(rules, conflict),
    remoteStamps: remoteStamps && migrateStates(rules, remoteStamps, schemaVersion ?? rules.schemaVersion),
  }
}

/** The stamps by which a conflict is decided. */
export interface LabStamps {
  readonly local: string
  readonly remote: string
  readonly fields: FieldStamps | undefined
}

/** As they were recorded; null where one isn't known. */
export function recordedStamps({ localSide, remoteSide, remoteStamps }: RecordedConflict): LabStamps | null {
  if (!localSide || !remoteSide) return null
  return { local: localSide.hlc, remote: remoteSide.hlc, fields: remoteStamps ?? undefined }
}

/**
 * [LB4] As clocks would have made them that are right, or off by `offMs`: ahead for half of the devices, behind for the others. Stamps
 * of fields that somebody else had written before stay, since what their clocks did isn't recorded.
 */
export function stampsByClocks(conflict: RecordedConflict, offMs: number): LabStamps | null {
  const recorded = recordedStamps(conflict)
  const { localSide, remoteSide } = conflict
  if (!recorded || !localSide || !remoteSide) return null
  const remote = stampBy(remoteSide, offMs)
  const fields =
    recorded.fields &&
    Object.fromEntries(
      Object.entries(recorded.fields).map(([place, hlc]) => [place, hlc === recorded.remote ? remote : hlc]),
    )
  return { local: stampBy(localSide, offMs), remote, fields }
}

function stampBy({ deviceId, hlc, madeAtMs }: WrittenSide, offMs: number): string {
  const parsed = parseHlc(hlc)
  const counter = parsed.ok ? parsed.value.counter : 0
  const wallMs = Math.max(0, Math.floor(madeAtMs + (isAhead(deviceId) ? offMs : -offMs)))
  return formatHlc({ wallMs, counter: offMs === 0 ? 0 : counter, deviceId })
}

/** By the last digit of its id, which is as good as chance and the same in each run. */
const isAhead = (deviceId: string): boolean => Number.parseInt(deviceId.slice(-1), 16) % 2 === 0
