import type { WireRecord } from '#lib/protocol/push.ts'
import type { RecordState } from './types.ts'

/** A record as results and pulls carry it. */
export function toWireRecord(record: RecordState): WireRecord {
  const { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion } = record
  return { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion }
}
