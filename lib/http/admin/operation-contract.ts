import { z } from 'zod'
import { OPERATION_ACTIONS } from '#lib/application/operations/operation-view.ts'
import {
  bulkRule,
  createOperationInput,
  editOfOperation,
  itemOutcome,
  itemState,
  operationKind,
  operationState,
  previewInput,
  previewOwnInput,
  rateInput,
  turnInput,
} from '#lib/application/operations/operation-input.ts'
import {
  operationFileQuery,
  operationItemsQuery,
  operationsQuery,
} from '#lib/application/operations/list-operations.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { listOf } from './contract-answers.ts'
import { exportFormat } from './export.ts'
import type { AdminOperation } from './operation.ts'
import { outcomeCount, prediction } from './prediction-answers.ts'

/** What the operator API takes and gives about bulk actions. Times ending in `Ms` are Unix ms. */
const count = z.int().min(0)
const ms = z.int()

export const operationAnswer = z.object({
  id: uuid,
  fleetId: uuid,
  kind: operationKind,
  q: z.string(),
  /** The filter as it chose its members: ages made times, poison left out. */
  frozen: z.string(),
  edit: editOfOperation.nullable(),
  /** What decides each conflict, of kind `resolve`; null of any other. */
  rule: bulkRule.nullable(),
  reason: z.string(),
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  state: operationState,
  pause: z
    .object({ by: z.enum(['person', 'failures', 'stage', 'breaker']), detail: z.string(), atMs: ms })
    .nullable(),
  stage: count,
  stageEndsAt: count.nullable(),
  ratePerSecond: count,
  matched: count,
  total: count,
  pending: count,
  done: count,
  skipped: count,
  errored: count,
  secondsLeft: count.nullable(),
  /** Of the last dry run over its own members. */
  preview: z.object({ looked: count, counts: z.array(outcomeCount) }).nullable(),
  createdAtMs: ms,
  previewedAtMs: ms.nullable(),
  startedAtMs: ms.nullable(),
  endedAtMs: ms.nullable(),
  /** When it is cancelled by itself; null once it was started or cancelled. */
  startByMs: ms.nullable(),
  /** When it goes, with its members; null until it has ended. */
  keptUntilMs: ms.nullable(),
  /** What may be done with it as it stands. */
  actions: z.array(z.enum(OPERATION_ACTIONS)),
  version: count,
})
const item = z.object({
  ordinal: count,
  /** Null of a conflict. */
  letterId: uuid.nullable(),
  /** Of an operation that decides conflicts by a rule; null of a dead letter. */
  conflictId: uuid.nullable(),
  behind: uuid.nullable(),
  state: itemState,
  outcome: itemOutcome.nullable(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  mutationId: uuid.nullable(),
  atMs: ms.nullable(),
})
const preview = z.object({
  matched: count,
  total: count,
  /** Those of `total` that it ran, the first in their order; all of them are counted. */
  looked: count,
  counts: z.array(outcomeCount),
  items: z.array(prediction),
  /** A collection's authority is not asked: this is what follows where it accepts. */
  assumesAuthority: z.boolean(),
})

const turned = ['operation_state', 'stale_version'] as const
const turn = (summary: string): AdminOperation => ({
  summary,
  body: turnInput,
  bodyRequired: false,
  answer: operationAnswer,
  codes: turned,
})

/** By `METHOD pattern` of the route table. */
export const OPERATION_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'POST /operations/preview': {
    summary: 'What a bulk action would do to the dead letters of a filter, if it ran now; changes nothing',
    body: previewInput,
    answer: preview,
  },
  'GET /operations': {
    summary: 'Bulk actions, newest first',
    query: operationsQuery,
    answer: listOf(operationAnswer),
  },
  'POST /operations': {
    summary: 'Freeze the dead letters of a filter as a bulk action; it does not start',
    body: createOperationInput,
    answer: operationAnswer,
    codes: ['filter_required', 'count_changed', 'request_id_reused'],
  },
  'GET /operations/:id': {
    summary: 'One bulk action with its progress and outcomes',
    answer: operationAnswer.extend({ outcomes: z.array(outcomeCount) }),
  },
  'GET /operations/:id/items': {
    summary: 'Its dead letters in the order in which they run',
    query: operationItemsQuery,
    answer: listOf(item),
  },
  'GET /operations/:id/export': {
    summary: 'Its dead letters and their outcomes as a file',
    query: operationFileQuery.extend({ format: exportFormat.optional() }),
    answer: 'file',
  },
  'POST /operations/:id/preview': {
    summary: 'What it would do to its own dead letters, if it ran now',
    body: previewOwnInput,
    answer: preview.extend({ operation: operationAnswer }),
    codes: ['operation_state'],
  },
  'POST /operations/:id/start': turn('Start it: 1 letter, 10, 100, then the rest'),
  'POST /operations/:id/pause': turn('Let it stand still'),
  'POST /operations/:id/resume': turn('Let it go on'),
  'POST /operations/:id/cancel': turn('End it; what has run stays'),
  'POST /operations/:id/rate': {
    summary: 'Change how many letters run in a second',
    body: rateInput,
    answer: operationAnswer,
    codes: turned,
  },
}
