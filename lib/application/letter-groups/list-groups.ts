import { z } from 'zod'
import { LETTER_FIELDS, asks, type LetterKey } from '#lib/query/letter-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import { frozen } from '#lib/query/frozen.ts'
import { LETTER_GROUPS_MAX, type LetterGroup, type LetterGroups } from '#lib/telemetry/letter-groups.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import { maskGroups } from './mask-groups.ts'

export type { LetterGroup, GroupTotals } from '#lib/telemetry/letter-groups.ts'

export const groupsQuery = z.strictObject({
  q: filterInput(LETTER_FIELDS),
  state: z.enum(['open', 'snoozed', 'resolved']).optional(),
})

/**
 * Groups of the letters that match `q`, most letters first; where it names no status, of those that are open, and with
 * `state=resolved` of the others. Bounded by LETTER_GROUPS_MAX; the totals are of all.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function listGroups(
  ctx: Pick<Context, 'storage' | 'clock' | 'secret'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<LetterGroups> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'viewer')
  const { q, state } = parsedOrThrow(groupsQuery, input.query)
  const nowMs = ctx.clock.now()
  const asked = frozen(filterOrThrow(q, LETTER_FIELDS), nowMs)
  const conditions = hasStatus(asked)
    ? asked
    : [...asked, state === 'resolved' ? asks('status', 'replayed', 'discarded') : asks('status', 'open')]
  const found = await ctx.storage.letterGroups.list(fleetId, { conditions, nowMs }, LETTER_GROUPS_MAX)
  const groups = state === undefined ? found.groups : found.groups.filter((one) => one.state === state)
  return { ...found, groups: await maskGroups(ctx, fleetId, groups) }
}

const hasStatus = (filter: Filter<LetterKey>): boolean =>
  filter.some((one) => one.kind === 'is' && one.key === 'status')

/**
 * One group, with its open letters counted, or where none is open all of them; of one that was merged, what it was merged
 * into. @throws ApplicationError `not_found`
 */
export async function getGroup(
  ctx: Pick<Context, 'storage' | 'clock' | 'secret'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<LetterGroup> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'viewer')
  const { letterGroups } = ctx.storage
  const row = (await letterGroups.rows(fleetId)).find((one) => one.id === id)
  const group = await letterGroups.get(fleetId, row?.rootId ?? id, ctx.clock.now())
  if (!group) throw new ApplicationError('not_found')
  return (await maskGroups(ctx, fleetId, [group]))[0] ?? group
}
