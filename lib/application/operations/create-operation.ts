import { hash } from 'node:crypto'
import { OPERATION_ITEMS_MAX, OPERATIONS_UNFINISHED_MAX, UNTYPED_MAX } from '#lib/protocol/limits.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { asks, LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import type { NewCounts, OperationEdit } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { filterOrThrow } from '../filter.ts'
import { checkEdit } from './check-edit.ts'
import { toldEdit, viewOfOperation } from './masked-edit.ts'
import { membershipOf, takesAll } from './membership.ts'
import { freshOperation } from './new-row.ts'
import { createOperationInput } from './operation-input.ts'
import type { OperationView } from './operation-view.ts'

/**
 * Makes a bulk action over the dead letters that a filter takes now: its members are chosen once, in one statement, and
 * stay (DL11). Nothing runs before it is started. The same `id` again is the same operation.
 * @throws ApplicationError `forbidden`, `bad_request`, `filter_required`, `count_changed`, `request_id_reused`
 */
export async function createOperation(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<OperationView> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const {
    id: given,
    kind,
    q: asked,
    letters,
    edit,
    reason,
    rate,
    allowAll,
    count,
  } = parsedOrThrow(createOperationInput, input.body)
  const nowMs = ctx.clock.now()
  const membership = membershipOf({ kind, q: asked, letters, edit }, nowMs)
  const q = letters === undefined ? (asked ?? '') : formatFilter([asks('id', ...new Set(letters))])
  const isAll = letters === undefined && takesAll(filterOrThrow(q, LETTER_FIELDS))
  if (isAll && !(allowAll === true && count !== undefined)) throw new ApplicationError('filter_required')
  await checkEdit(ctx, fleetId, (edit as OperationEdit | undefined) ?? null, membership.conditions)
  const id = given ?? ctx.ids()
  const requestHash = hash('sha256', JSON.stringify([kind, q, edit ?? null, reason]))
  const accept = (counts: NewCounts): void => acceptOrThrow(counts, count)
  const told = edit === undefined ? null : await toldEdit(ctx, fleetId, id, edit as OperationEdit)
  const after = { kind, q, edit: told }
  const audit = auditEntry(ctx, actor, { action: 'operation.create', target: id, fleetId, reason, after })
  const { row, isNew } = await ctx.storage.operations.create(
    {
      ...freshOperation({ id, fleetId, q, reason, requestHash, actor, rate }, nowMs),
      ...membership,
      edit: (edit as OperationEdit | undefined) ?? null,
      rule: null,
    },
    OPERATION_ITEMS_MAX,
    accept,
    audit,
  )
  if (!isNew && row.requestHash !== requestHash) throw new ApplicationError('request_id_reused')
  return viewOfOperation(ctx, row)
}

/** The count that a person typed is the filter's own, without what is held behind its letters. */
function acceptOrThrow({ matched, total, unfinished }: NewCounts, count: number | undefined): void {
  requireRoom(unfinished)
  if (matched === 0) throw badRequest([{ path: '/q', message: 'takes no letter' }])
  if (total > OPERATION_ITEMS_MAX)
    throw badRequest([{ path: '/q', message: `takes more than ${OPERATION_ITEMS_MAX} letters: narrow it` }])
  if (count === undefined && total > UNTYPED_MAX.letters)
    throw badRequest([
      {
        path: '/count',
        message: `must be ${matched}, the number of letters that the filter takes: more than ${UNTYPED_MAX.letters} are confirmed`,
      },
    ])
  if (count !== undefined && count !== matched)
    throw new ApplicationError('count_changed', { extra: { matched } })
}

/** @throws ApplicationError `bad_request` where the fleet has as many unfinished operations as it may */
export function requireRoom(unfinished: number): void {
  if (unfinished < OPERATIONS_UNFINISHED_MAX) return
  throw badRequest([
    { path: '', message: `a fleet has at most ${OPERATIONS_UNFINISHED_MAX} unfinished operations` },
  ])
}
