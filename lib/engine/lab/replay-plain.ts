import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { chooseStrategy } from '../conflict/choose-strategy.ts'
import type { ConflictDecision } from '../conflict/decision.ts'
import type { BaseDocument, RecordState } from '../types.ts'
import type { LabSettings } from './lab-report.ts'
import type { LabStamps, RecordedConflict } from './recorded-conflict.ts'

type Sides = Pick<RecordedConflict, 'base' | 'baseKnown' | 'local' | 'remote'>

/** [LB1] A conflict through the collection's strategies of plain documents, as a push goes through them. */
export function decidePlain(
  { base, baseKnown, local, remote }: Sides,
  settings: LabSettings,
  stamps: LabStamps,
): ConflictDecision {
  const context = { ...settings, local }
  const seen: BaseDocument = baseKnown ? { kind: 'known', data: base, crdt: {} } : { kind: 'unknown' }
  return chooseStrategy(context)(seen, recordOf(remote, stamps), { hlc: stamps.local } as Mutation, context)
}

const recordOf = (data: JsonObject | null, { remote, fields }: LabStamps): RecordState => ({
  collection: 'lab',
  recordId: '',
  version: 2,
  deleted: data === null,
  data,
  hlc: remote,
  deviceId: '',
  versionVector: {},
  schemaVersion: 1,
  crdt: {},
  stamps: fields,
})

/** The document that a decision leaves, which is the other side where nothing is written. */
export function documentOf(
  decision: Exclude<ConflictDecision, { kind: 'person' }>,
  sides: Sides,
): JsonObject | null {
  switch (decision.kind) {
    case 'local':
      return sides.local
    case 'merge':
      return decision.data
    case 'same':
    case 'remote':
      return sides.remote
  }
}
