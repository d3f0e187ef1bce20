import { z } from 'zod'
import type { OperationItem as StoredItem, OutcomeCount } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { itemList, pageInput, pageRequest, rangeInput, since, type ItemList } from '../page.ts'
import { itemOutcome, itemState } from './operation-input.ts'
import { operationViews, viewOfOperation } from './masked-edit.ts'
import type { OperationView } from './operation-view.ts'

export const operationsQuery = z.strictObject({ ...pageInput, ...rangeInput })
const itemsAsked = {
  state: itemState.optional(),
  outcome: itemOutcome.optional(),
}
export const operationItemsQuery = z.strictObject({ ...pageInput, ...itemsAsked })
export const operationFileQuery = z.strictObject(itemsAsked)

/** A member as it is shown: a dead letter, or a conflict of an operation that decides by a rule. */
export interface OperationItem extends Omit<StoredItem, 'letterId'> {
  readonly letterId: string | null
  readonly conflictId: string | null
}

interface Input {
  readonly actor: Actor
  readonly fleetId: string
}
type ReadContext = Pick<Context, 'storage' | 'secret'>

/** A fleet's operations, newest first. @throws ApplicationError `not_found`, `bad_request` */
export async function listOperations(
  ctx: ReadContext,
  { actor, fleetId, query }: Input & { readonly query: unknown },
): Promise<ItemList<OperationView>> {
  authorize(actor, fleetId, 'viewer')
  const { from, ...paged } = parsedOrThrow(operationsQuery, query)
  const [page, view] = await Promise.all([
    ctx.storage.operations.list(fleetId, pageRequest(paged)),
    operationViews(ctx, fleetId),
  ])
  return itemList(
    since(page, from, (row) => row.createdAtMs),
    view,
  )
}

export interface OperationDetail extends OperationView {
  /** Of the members that have a fate, most first. */
  readonly outcomes: readonly OutcomeCount[]
}

/** @throws ApplicationError `not_found` */
export async function getOperation(
  ctx: ReadContext,
  { actor, fleetId, id }: Input & { readonly id: string },
): Promise<OperationDetail> {
  authorize(actor, fleetId, 'viewer')
  const { operations } = ctx.storage
  const [row, outcomes] = await Promise.all([operations.get(fleetId, id), operations.outcomes(fleetId, id)])
  if (!row) throw new ApplicationError('not_found')
  return { ...(await viewOfOperation(ctx, row)), outcomes }
}

/** Members of an operation in the order in which they run. @throws ApplicationError `not_found`, `bad_request` */
export async function listOperationItems(
  ctx: ReadContext,
  { actor, fleetId, id, query }: Input & { readonly id: string; readonly query: unknown },
): Promise<ItemList<OperationItem>> {
  authorize(actor, fleetId, 'viewer')
  const { state = null, outcome = null, ...paged } = parsedOrThrow(operationItemsQuery, query)
  const { operations } = ctx.storage
  const row = await operations.get(fleetId, id)
  if (!row) throw new ApplicationError('not_found')
  const { cursor, limit } = pageRequest(paged)
  // Of a cursor the time is the place: an operation's members have one each.
  const found = await operations.items(fleetId, id, { state, outcome }, cursor?.atMs ?? 0, limit + 1)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  const next = last && found.length > limit ? { atMs: last.ordinal, id: last.letterId } : null
  const ofConflicts = row.kind === 'resolve'
  return itemList({ items, next }, ({ letterId: memberId, ...item }) => ({
    ...item,
    letterId: ofConflicts ? null : memberId,
    conflictId: ofConflicts ? memberId : null,
  }))
}
