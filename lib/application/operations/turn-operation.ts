import { afterEvent, isEnded, type OperationEvent } from '#lib/engine/operation-machine.ts'
import type { OperationRow } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { keepsMasks, viewOfOperation } from './masked-edit.ts'
import { rateInput, turnInput } from './operation-input.ts'
import type { OperationView } from './operation-view.ts'
import { wakeOperations } from './run-operations.ts'

interface Turned {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
  readonly body: unknown
}

export const stateError = ({ state }: OperationRow): ApplicationError =>
  new ApplicationError('operation_state', { extra: { state } })

/**
 * Starts, pauses, resumes or cancels an operation (DL12); what runs at that moment is let end first.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `operation_state`, `stale_version`
 */
export async function turnOperation(
  ctx: Context,
  event: Extract<OperationEvent, 'start' | 'pause' | 'resume' | 'cancel'>,
  input: Turned,
): Promise<OperationView> {
  const { version, reason } = parsedOrThrow(turnInput, input.body ?? {})
  const nowMs = ctx.clock.now()
  if (event === 'start' || event === 'resume') await stillKeepsMasks(ctx, input)
  return change(ctx, input, `operation.${event}`, reason ?? null, version, (row) => {
    const state = afterEvent(row.state, event)
    if (state === null) throw stateError(row)
    const pause = event === 'pause' ? { by: 'person' as const, detail: reason ?? '', atMs: nowMs } : null
    const begins = event === 'start' || event === 'resume'
    return {
      ...row,
      state,
      pause,
      ...(begins ? { runDone: 0, runErrored: 0, waits: 0 } : {}),
      startedAtMs: row.startedAtMs ?? (event === 'start' ? nowMs : null),
    }
  })
}

/** A collection may mask more by now than when the operation was made. */
async function stillKeepsMasks(ctx: Context, { actor, fleetId, id }: Turned): Promise<void> {
  authorize(actor, fleetId, 'operator')
  const row = await ctx.storage.operations.get(fleetId, id)
  if (row) await keepsMasks(ctx, fleetId, row.edit, row.conditions)
}

/**
 * Changes how many of an operation's letters run in a second, from its next transaction on.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `operation_state`, `stale_version`
 */
export async function changeRate(ctx: Context, input: Turned): Promise<OperationView> {
  const { rate, version } = parsedOrThrow(rateInput, input.body)
  return change(ctx, input, 'operation.rate', null, version, (row) => {
    if (isEnded(row.state) || row.state === 'cancelling') throw stateError(row)
    return { ...row, ratePerSecond: rate }
  })
}

async function change(
  ctx: Context,
  { actor, fleetId, id }: Turned,
  action: string,
  reason: string | null,
  version: number | undefined,
  next: (row: OperationRow) => OperationRow,
): Promise<OperationView> {
  authorize(actor, fleetId, 'operator')
  const row = await ctx.storage.operations.change(fleetId, id, (now) => {
    if (version !== undefined && version !== now.version) throw new ApplicationError('stale_version')
    const row = { ...next(now), version: now.version + 1 }
    const [before, after] = [now, row].map(({ state, ratePerSecond }) => ({ state, ratePerSecond }))
    const details = { action, target: id, fleetId, reason, before: before ?? null, after: after ?? null }
    return { row, audit: auditEntry(ctx, actor, details) }
  })
  if (!row) throw new ApplicationError('not_found')
  wakeOperations(ctx)
  return viewOfOperation(ctx, row)
}
