import type { OtStates, WireOtPath } from '#lib/protocol/ot.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { RecordState } from './types.ts'

/** A record as results and pulls carry it. */
export function toWireRecord(record: RecordState): WireRecord {
  const { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion, life } = record
  const wire = { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion }
  if (deleted) return wire
  const crdt = Object.keys(record.crdt).length === 0 ? {} : { crdt: record.crdt }
  const born = life === undefined ? {} : { life }
  return { ...wire, ...crdt, ...born, ...(record.ot ? { ot: revisionsOf(record.ot) } : {}) }
}

const revisionsOf = (states: OtStates): Readonly<Record<string, WireOtPath>> =>
  Object.fromEntries(Object.entries(states).map(([path, { revision, kind }]) => [path, { revision, kind }]))
