import type { WireRecord } from '#lib/protocol/push.ts'
import type { RecordState } from './types.ts'

/** A record as results and pulls carry it. */
export function toWireRecord(record: RecordState): WireRecord {
  const { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion } = record
  const wire = { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion }
  return deleted || Object.keys(record.crdt).length === 0 ? wire : { ...wire, crdt: record.crdt }
}
