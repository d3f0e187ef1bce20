import { afterEvent } from '#lib/engine/operation-machine.ts'
import { PREVIEW_ITEMS_SHOWN_MAX } from '#lib/protocol/limits.ts'
import type { OperationEdit, OutcomeCount } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { checkEdit } from './check-edit.ts'
import { viewOfOperation } from './masked-edit.ts'
import { membershipOf } from './membership.ts'
import { previewInput, previewOwnInput } from './operation-input.ts'
import type { OperationView } from './operation-view.ts'
import { countPredictions, predict, type Predicted, type Prediction } from './predict.ts'
import { stateError } from './turn-operation.ts'

/** What a dry run says: all that it looked at counted, the first of each outcome and code named. */
export interface Preview {
  readonly matched: number
  readonly total: number
  readonly looked: number
  readonly counts: readonly OutcomeCount[]
  readonly items: readonly Prediction[]
  readonly assumesAuthority: boolean
}

/**
 * What an operation over a filter would do if it ran now. Writes nothing.
 * @throws ApplicationError `forbidden`, `bad_request`, `shed`
 */
export async function previewFilter(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<Preview> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const asked = parsedOrThrow(previewInput, input.body)
  const membership = membershipOf(asked, ctx.clock.now())
  const edit = (asked.edit as OperationEdit | undefined) ?? null
  await checkEdit(ctx, fleetId, edit, membership.conditions)
  const order = { id: '', kind: asked.kind, edit, reason: '', actor }
  return shown(await predict(ctx, fleetId, order, { membership }))
}

/**
 * What an operation's own members would become if it ran now, kept with it as counts.
 * @throws ApplicationError `forbidden`, `not_found`, `operation_state`, `shed`
 */
export async function previewOperation(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body?: unknown },
): Promise<Preview & { readonly operation: OperationView }> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  parsedOrThrow(previewOwnInput, input.body ?? {})
  const { operations } = ctx.storage
  const order = await operations.get(fleetId, id)
  if (!order) throw new ApplicationError('not_found')
  if (afterEvent(order.state, 'preview') === null) throw stateError(order)
  await checkEdit(ctx, fleetId, order.edit, order.conditions)
  const preview = shown(await predict(ctx, fleetId, order, { operation: order }))
  const { looked, counts } = preview
  const row = await operations.change(fleetId, id, (now) => {
    const state = afterEvent(now.state, 'preview')
    if (state === null) throw stateError(now)
    const next = { ...now, state, preview: { looked, counts }, version: now.version + 1 }
    return { row: { ...next, previewedAtMs: ctx.clock.now() }, audit: null }
  })
  if (!row) throw new ApplicationError('not_found')
  return { ...preview, operation: await viewOfOperation(ctx, row) }
}

function shown({ items, ...rest }: Predicted): Preview {
  return {
    ...rest,
    looked: items.length,
    counts: countPredictions(items),
    items: items.slice(0, PREVIEW_ITEMS_SHOWN_MAX),
  }
}
