import type { OtStates, WireOtPath } from '#lib/protocol/ot.ts'
import type { PulledRecord } from '#lib/protocol/pull.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { RecordState } from './types.ts'

const wires = new WeakMap<RecordState, WireRecord>()

/** A record as results and pulls carry it: one object for all that is answered with it, so that its text is made once. */
export function toWireRecord(record: RecordState): WireRecord {
  const known = wires.get(record)
  if (known) return known
  const wire = wireOf(record)
  wires.set(record, wire)
  return wire
}

function wireOf(record: RecordState): WireRecord {
  const { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion, life } = record
  const wire = { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion }
  if (deleted) return { ...wire, life: life ?? 0 }
  const crdt = Object.keys(record.crdt).length === 0 ? {} : { crdt: record.crdt }
  const born = life === undefined ? {} : { life }
  return { ...wire, ...crdt, ...born, ...(record.ot ? { ot: revisionsOf(record.ot) } : {}) }
}

/** A record whose JSON is still the text that is stored: a page passes it on. */
export interface RecordTexts extends Pick<
  RecordState,
  'collection' | 'recordId' | 'version' | 'deleted' | 'hlc' | 'schemaVersion' | 'life' | 'ot'
> {
  readonly data: string
  readonly versionVector: string
  /** Null where the record holds none. */
  readonly crdt: string | null
  /** Where some texts are told by what came to them: `crdt` and `data` lack these. */
  readonly textsSince?: PulledRecord['textsSince']
}

/** The JSON of `toWireRecord`, or of what a pull tells instead, without reading what only passes through. @param ot of its paths, as the pull tells them */
export function wireText(
  record: RecordTexts,
  ot: WireRecord['ot'] = record.ot && revisionsOf(record.ot),
): string {
  const { collection, recordId, version, deleted, data, versionVector, hlc, schemaVersion } = record
  const text = `{"collection":${JSON.stringify(collection)},"recordId":"${recordId}","version":${version},"deleted":${deleted},"data":${data},"versionVector":${versionVector},"hlc":${JSON.stringify(hlc)},"schemaVersion":${schemaVersion}`
  if (deleted) return `${text},"life":${record.life ?? 0}}`
  const crdt = record.crdt === null ? '' : `,"crdt":${record.crdt}`
  const life = record.life === undefined ? '' : `,"life":${record.life}`
  const since = record.textsSince === undefined ? '' : `,"textsSince":${JSON.stringify(record.textsSince)}`
  return `${text}${crdt}${since}${life}${ot === undefined ? '' : `,"ot":${JSON.stringify(ot)}`}}`
}

const revisionsOf = (states: OtStates): Readonly<Record<string, WireOtPath>> =>
  Object.fromEntries(Object.entries(states).map(([path, { revision, kind }]) => [path, { revision, kind }]))
