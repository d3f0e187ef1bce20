import { z } from 'zod'
import { GROUP_SPLIT_MAX } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { LetterGroup } from '#lib/telemetry/letter-groups.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { assertRoom } from './change-group.ts'
import { plainRow } from './group-rows.ts'
import { getGroup } from './list-groups.ts'

export const splitInput = z.strictObject({
  letters: z.array(uuid).min(1).max(GROUP_SPLIT_MAX),
  title: z.string().trim().min(1).max(120),
  reason: z.string().trim().min(1).max(1_000).optional(),
})
export const rejoinInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000).optional() })

/**
 * Takes letters by hand out of the groups that they are in, into a new one of their own: they share a cause that no
 * fingerprint tells. Letters to come go where their fingerprint says.
 * @throws ApplicationError `forbidden`, `not_found` for an unknown letter, `bad_request`
 */
export async function splitGroup(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<LetterGroup> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { title, reason, ...asked } = parsedOrThrow(splitInput, input.body)
  const letterIds = [...new Set(asked.letters)]
  const { letterGroups } = ctx.storage
  if ((await letterGroups.lettersAmong(fleetId, letterIds)).length < letterIds.length)
    throw new ApplicationError('not_found')
  const id = ctx.ids()
  await letterGroups.change(fleetId, (rows) => {
    assertRoom(rows, id)
    const audit = auditEntry(ctx, actor, {
      action: 'dead-letter-group.split',
      target: id,
      fleetId,
      reason: reason ?? null,
      after: { title, letters: letterIds },
    })
    const row = { ...plainRow(id), byHand: true, title, version: 1 }
    return { put: [row], move: { letterIds, groupId: id }, drop: [], audit }
  })
  return getGroup(ctx, { actor, fleetId, id })
}

/**
 * Undoes a split: the letters of a group made by hand go back to the groups of their fingerprints, and it is no more.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request` while something is merged with it
 */
export async function rejoinGroup(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<{ readonly id: string }> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason } = parsedOrThrow(rejoinInput, input.body ?? {})
  await ctx.storage.letterGroups.change(fleetId, (rows) => {
    const row = rows.get(id)
    if (!row?.byHand) throw new ApplicationError('not_found')
    if (row.mergedInto !== null || [...rows.values()].some(({ mergedInto }) => mergedInto === id))
      throw badRequest([{ path: '', message: 'groups are merged with it: take them apart first' }])
    const audit = auditEntry(ctx, actor, {
      action: 'dead-letter-group.rejoin',
      target: id,
      fleetId,
      reason: reason ?? null,
      before: { title: row.title },
    })
    return { put: [], move: null, drop: [id], audit }
  })
  return { id }
}
