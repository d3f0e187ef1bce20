import type { ItemOutcome, ItemState } from '#lib/engine/operation-machine.ts'
import type { OperationItem, OperationRow } from '../ports.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, atOrNull, fromJson, jsonText, ms, msOrNull } from './values.ts'

/** Columns of `operation o` in the order of `operationValues`. */
export const OPERATION_COLUMNS = [
  'fleet_id',
  'id',
  'kind',
  'q',
  'conditions',
  'edit',
  'rule',
  'reason',
  'request_hash',
  'actor_kind',
  'actor_id',
  'actor_name',
  'state',
  'pause',
  'rate_per_second',
  'matched',
  'total',
  'done',
  'skipped',
  'errored',
  'run_done',
  'run_errored',
  'preview',
  'created_at',
  'previewed_at',
  'started_at',
  'ended_at',
  'next_at',
  'waits',
  'version',
] as const

export const operationValues = (row: OperationRow): readonly unknown[] => [
  row.fleetId,
  row.id,
  row.kind,
  storableText(row.q),
  jsonText(row.conditions),
  jsonText(row.edit),
  row.rule,
  storableText(row.reason),
  row.requestHash,
  row.actor.kind,
  storableText(row.actor.id),
  storableText(row.actor.name),
  row.state,
  jsonText(row.pause),
  row.ratePerSecond,
  row.matched,
  row.total,
  row.done,
  row.skipped,
  row.errored,
  row.runDone,
  row.runErrored,
  jsonText(row.preview),
  at(row.createdAtMs),
  atOrNull(row.previewedAtMs),
  atOrNull(row.startedAtMs),
  atOrNull(row.endedAtMs),
  at(row.nextAtMs),
  row.waits,
  row.version,
]

export interface OperationSqlRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly kind: string
  readonly q: string
  readonly conditions: unknown
  readonly edit: unknown
  readonly rule: string | null
  readonly reason: string
  readonly request_hash: string
  readonly actor_kind: string
  readonly actor_id: string
  readonly actor_name: string
  readonly state: string
  readonly pause: unknown
  readonly rate_per_second: number
  readonly matched: number
  readonly total: number
  readonly done: number
  readonly skipped: number
  readonly errored: number
  readonly run_done: number
  readonly run_errored: number
  readonly preview: unknown
  readonly created_at: Date
  readonly previewed_at: Date | null
  readonly started_at: Date | null
  readonly ended_at: Date | null
  readonly next_at: Date
  readonly waits: number
  readonly version: number
}

export const operationOf = (row: OperationSqlRow): OperationRow => ({
  fleetId: row.fleet_id,
  id: row.id,
  kind: row.kind as OperationRow['kind'],
  q: originalText(row.q),
  conditions: fromJson<OperationRow['conditions']>(row.conditions),
  edit: fromJson<OperationRow['edit']>(row.edit),
  rule: row.rule as OperationRow['rule'],
  reason: originalText(row.reason),
  requestHash: row.request_hash,
  actor: {
    kind: row.actor_kind as OperationRow['actor']['kind'],
    id: originalText(row.actor_id),
    name: originalText(row.actor_name),
  },
  state: row.state as OperationRow['state'],
  pause: fromJson<OperationRow['pause']>(row.pause),
  ratePerSecond: row.rate_per_second,
  matched: row.matched,
  total: row.total,
  done: row.done,
  skipped: row.skipped,
  errored: row.errored,
  runDone: row.run_done,
  runErrored: row.run_errored,
  preview: fromJson<OperationRow['preview']>(row.preview),
  createdAtMs: ms(row.created_at),
  previewedAtMs: msOrNull(row.previewed_at),
  startedAtMs: msOrNull(row.started_at),
  endedAtMs: msOrNull(row.ended_at),
  nextAtMs: ms(row.next_at),
  waits: row.waits,
  version: row.version,
})

export const ITEM_COLUMNS =
  'i.ordinal, i.letter_id, i.behind, i.state, i.outcome, i.code, i.detail, i.mutation_id, i.at'

export interface ItemSqlRow extends Record<string, unknown> {
  readonly ordinal: number
  readonly letter_id: string
  readonly behind: string | null
  readonly state: string
  readonly outcome: string | null
  readonly code: string | null
  readonly detail: unknown
  readonly mutation_id: string | null
  readonly at: Date | null
}

export const itemOf = (row: ItemSqlRow): OperationItem => ({
  ordinal: row.ordinal,
  letterId: row.letter_id,
  behind: row.behind,
  state: row.state as ItemState,
  outcome: row.outcome as ItemOutcome | null,
  code: row.code,
  detail: fromJson<string | null>(row.detail),
  mutationId: row.mutation_id,
  atMs: msOrNull(row.at),
})
