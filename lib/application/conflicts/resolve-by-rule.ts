import { hash } from 'node:crypto'
import { z } from 'zod'
import { CONFLICTS_BY_RULE_MAX, OPERATION_RATE } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { requireRoom } from '../operations/create-operation.ts'
import { viewOfOperation } from '../operations/masked-edit.ts'
import { freshOperation } from '../operations/new-row.ts'
import type { OperationView } from '../operations/operation-view.ts'
import { wakeOperations } from '../operations/run-operations.ts'
import { byRuleAsked, countOpenOnes, openOnes, type OpenCount } from './by-rule.ts'

export const resolveByRuleInput = z.strictObject({
  ...byRuleAsked,
  /** Made by whoever asks: sent again it is the same operation. */
  id: uuid.optional(),
  reason: z.string().trim().min(1).max(1_000),
  rate: z.int().min(OPERATION_RATE.min).max(OPERATION_RATE.max).optional(),
  /** How many the filter takes, as it was shown and typed: refused where that is another number by now. */
  count: z.int().min(0),
})

/**
 * Begins to decide the open conflicts of a filter by a rule, as an operation whose members are those of this moment, longest
 * wait first (CS11). It runs at once, in whichever process comes to it: who asks has seen the preview. The same `id` again is
 * the same operation.
 * @throws ApplicationError `forbidden`, `bad_request`, `count_changed`, `request_id_reused`
 */
export async function resolveByRule(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<OperationView> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { id: given, rule, reason, rate, count, ...asked } = parsedOrThrow(resolveByRuleInput, input.body)
  const { q = '', before } = asked
  const id = given ?? ctx.ids()
  const requestHash = hash('sha256', JSON.stringify(['resolve', q, rule, before, reason]))
  const there = given === undefined ? null : await ctx.storage.operations.get(fleetId, id)
  const row = there ?? (await begin())
  if (row.requestHash !== requestHash) throw new ApplicationError('request_id_reused')
  wakeOperations(ctx)
  return viewOfOperation(ctx, row)

  async function begin() {
    const nowMs = ctx.clock.now()
    const { conditions } = openOnes(asked, nowMs)
    const ids = await chosen(ctx, fleetId, conditions, count)
    const after = { kind: 'resolve', q, rule, count, state: 'running' }
    const audit = auditEntry(ctx, actor, { action: 'operation.create', target: id, fleetId, reason, after })
    const created = await ctx.storage.operations.create(
      {
        ...freshOperation({ id, fleetId, q, reason, requestHash, actor, rate }, nowMs),
        kind: 'resolve',
        conditions,
        ids,
        edit: null,
        rule,
        state: 'running',
        startedAtMs: nowMs,
      },
      CONFLICTS_BY_RULE_MAX,
      ({ unfinished }) => requireRoom(unfinished),
      audit,
    )
    return created.row
  }
}

/** The conflicts that become members: no more than a preview looks at, and as many as were typed. */
async function chosen(
  ctx: Context,
  fleetId: string,
  conditions: Filter<ConflictKey>,
  count: number,
): Promise<readonly string[]> {
  const ids: string[] = []
  const found = await countOpenOnes(ctx, fleetId, { conditions, sort: 'waiting' }, (rows) => {
    ids.push(...rows.map(({ id }) => id))
    return Promise.resolve()
  })
  acceptOrThrow(found, count)
  return ids
}

function acceptOrThrow({ matched, capped, unread }: OpenCount, count: number): void {
  if (capped || unread) {
    const why = capped
      ? `takes more than ${CONFLICTS_BY_RULE_MAX} conflicts: narrow it`
      : 'takes few of so many that not all were looked through: narrow it by what is found at once, as a time or a record'
    throw badRequest([{ path: '/q', message: why }])
  }
  if (count !== matched) throw new ApplicationError('count_changed', { extra: { matched } })
  if (matched === 0) throw badRequest([{ path: '/q', message: 'takes no open conflict' }])
}
