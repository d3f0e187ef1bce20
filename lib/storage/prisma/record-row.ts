import type { FieldStamps, RecordState } from '#lib/engine/types.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { OtStates } from '#lib/protocol/ot.ts'
import type { VersionVector } from '#lib/kernel/version-vector.ts'
import { originalText } from './storable-text.ts'
import { fromJson, parsedJson } from './values.ts'

/** What a page of a pull takes of a record. */
export interface RecordTextRow extends Record<string, unknown> {
  readonly collection: string
  readonly record_id: string
  readonly version: number
  readonly deleted: boolean
  readonly data: string | null
  readonly hlc: string
  readonly version_vector: string
  readonly schema_version: number
  readonly crdt: unknown
  readonly ot: unknown
}

export interface RecordRow extends RecordTextRow {
  readonly device_id: string
  readonly stamps: string | null
}

export const RECORD_COLUMNS =
  'r.collection, r.record_id, r.version, r.deleted, r.data, r.hlc, r.device_id, r.version_vector, r.schema_version, r.crdt, r.ot, r.stamps'

export function recordOf(row: RecordRow): RecordState {
  return {
    collection: originalText(row.collection),
    recordId: row.record_id,
    version: row.version,
    deleted: row.deleted,
    data: parsedJson<JsonObject | null>(row.data),
    hlc: originalText(row.hlc),
    deviceId: row.device_id,
    versionVector: parsedJson<VersionVector>(row.version_vector),
    schemaVersion: row.schema_version,
    crdt: crdtOf(row.crdt),
    ...lifeOf(row.crdt),
    ...(row.ot === null ? {} : { ot: fromJson<OtStates>(row.ot) }),
    ...(row.stamps === null ? {} : { stamps: parsedJson<FieldStamps>(row.stamps) }),
  }
}

/** The same with its JSON as the text that is stored. */
export function recordTextsOf(row: RecordTextRow): RecordTexts {
  const crdt = row.crdt === null ? {} : crdtOf(row.crdt)
  return {
    collection: originalText(row.collection),
    recordId: row.record_id,
    version: row.version,
    deleted: row.deleted,
    data: row.data ?? 'null',
    versionVector: row.version_vector,
    hlc: originalText(row.hlc),
    schemaVersion: row.schema_version,
    crdt: Object.keys(crdt).length === 0 ? null : JSON.stringify(crdt),
    ...(row.crdt === null ? {} : lifeOf(row.crdt)),
    ...(row.ot === null ? {} : { ot: fromJson<OtStates>(row.ot) }),
  }
}

/** The version that began a record's life stands at the root, where no CRDT can be; most have none. */
type StoredCrdt = CrdtStates & { readonly ''?: number }

function lifeOf(stored: unknown): { readonly life?: number } {
  const life = fromJson<StoredCrdt | null>(stored)?.['']
  return life === undefined ? {} : { life }
}

/** Most records hold no CRDT, and their column is NULL. */
export function crdtOf(stored: unknown): CrdtStates {
  const { '': _, ...states } = fromJson<StoredCrdt | null>(stored) ?? {}
  return states
}

export function crdtToStore(crdt: CrdtStates, life?: number): StoredCrdt | null {
  if (life !== undefined) return { ...crdt, '': life } as StoredCrdt
  return Object.keys(crdt).length === 0 ? null : crdt
}
