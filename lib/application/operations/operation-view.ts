import { isEnded, stageAt, takes, type OperationEvent } from '#lib/engine/operation-machine.ts'
import { OPERATION_KEPT_MS, OPERATION_START_WITHIN_MS } from '#lib/protocol/limits.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import type { OperationRow } from '#lib/storage/ports.ts'

/** What a person may do with an operation as it stands. */
export const OPERATION_ACTIONS = ['preview', 'start', 'pause', 'resume', 'cancel', 'rate'] as const
export type OperationAction = (typeof OPERATION_ACTIONS)[number]

/** An operation as it is shown. Times in Unix ms. */
export interface OperationView extends Omit<
  OperationRow,
  'conditions' | 'requestHash' | 'runDone' | 'runErrored' | 'nextAtMs' | 'waits' | 'actor'
> {
  /** The filter as it chose: ages made times, poison left out; a filter as one would type it. */
  readonly frozen: string
  readonly actor: { readonly kind: string; readonly id: string; readonly name: string }
  readonly pending: number
  /** 1, 10, 100, then the rest; `stageEndsAt` is null in the last. */
  readonly stage: number
  readonly stageEndsAt: number | null
  /** At its rate, while it runs; null otherwise. */
  readonly secondsLeft: number | null
  readonly actions: readonly OperationAction[]
  /** When it is cancelled by itself, Unix ms; null once it was started or cancelled (DL24). */
  readonly startByMs: number | null
  /** Unix ms; null until it has ended (DL24). */
  readonly keptUntilMs: number | null
}

/** Pure. */
export function operationView(row: OperationRow): OperationView {
  const {
    conditions,
    requestHash: _,
    runDone: __,
    runErrored: ___,
    nextAtMs: ____,
    waits: _____,
    ...shown
  } = row
  const settled = row.done + row.skipped + row.errored
  const pending = row.total - settled
  const { stage, endsAt } = stageAt(Math.min(settled, Math.max(0, row.total - 1)))
  return {
    ...shown,
    frozen: formatFilter(conditions),
    pending,
    stage,
    stageEndsAt: endsAt === null ? null : Math.min(endsAt, row.total),
    secondsLeft: row.state === 'running' ? Math.ceil(pending / row.ratePerSecond) : null,
    actions: OPERATION_ACTIONS.filter((action) => allows(row, action)),
    startByMs: takes(row.state, 'start')
      ? (row.previewedAtMs ?? row.createdAtMs) + OPERATION_START_WITHIN_MS
      : null,
    keptUntilMs: row.endedAtMs === null ? null : row.endedAtMs + OPERATION_KEPT_MS,
  }
}

const allows = ({ state }: OperationRow, action: OperationAction): boolean =>
  action === 'rate'
    ? !isEnded(state) && state !== 'cancelling'
    : takes(state, action satisfies OperationEvent)
