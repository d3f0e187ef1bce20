import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import type { LetterGroup } from '#lib/telemetry/letter-groups.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { assertRoom } from './change-group.ts'
import { plainRow, rootOf, withRoots } from './group-rows.ts'
import { getGroup } from './list-groups.ts'

/** Groups that one merge takes. */
const MERGE_MAX = 100

export const mergeInput = z.strictObject({
  groups: z.array(uuid).min(1).max(MERGE_MAX),
  reason: z.string().trim().min(1).max(1_000).optional(),
})
export const unmergeInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000).optional() })

type GroupInput = {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
  readonly body: unknown
}

/**
 * Puts other groups into this one, with the letters that they will get: one cause has several faces. No letter is
 * written for it, so `unmerge` of each gives all of it back. What people said of the others stays with them.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function mergeGroups(ctx: Context, input: GroupInput): Promise<LetterGroup> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { groups, reason } = parsedOrThrow(mergeInput, input.body)
  const { id } = await getGroup(ctx, input)
  const others = new Set<string>()
  for (const one of groups) others.add((await getGroup(ctx, { actor, fleetId, id: one })).id)
  if (others.has(id))
    throw badRequest([{ path: '/groups', message: 'must be other groups than the one they go into' }])
  await ctx.storage.letterGroups.change(fleetId, (rows) => {
    assertRoom(rows, id, ...others)
    // Somebody may have merged either of them meanwhile.
    if ([id, ...others].some((one) => rootOf(one, rows) !== one)) throw new ApplicationError('stale_version')
    const into = rows.get(id) ?? plainRow(id)
    const put = [...others].map((one) => {
      const row = rows.get(one) ?? plainRow(one)
      return { ...row, mergedInto: id, version: row.version + 1 }
    })
    const after = { groups: [...others] }
    const audit = auditEntry(ctx, actor, {
      action: 'dead-letter-group.merge',
      target: id,
      fleetId,
      reason: reason ?? null,
      after,
    })
    return { put: withRoots([into, ...put], rows), move: null, drop: [], audit }
  })
  return getGroup(ctx, { actor, fleetId, id })
}

/**
 * Takes a group out of what it was merged into, with what had been merged into it.
 * @throws ApplicationError `forbidden`, `bad_request`, `not_found` for one that isn't merged
 */
export async function unmergeGroup(ctx: Context, input: GroupInput): Promise<LetterGroup> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason } = parsedOrThrow(unmergeInput, input.body ?? {})
  await ctx.storage.letterGroups.change(fleetId, (rows) => {
    const row = rows.get(id)
    if (!row || row.mergedInto === null) throw new ApplicationError('not_found')
    const audit = auditEntry(ctx, actor, {
      action: 'dead-letter-group.unmerge',
      target: id,
      fleetId,
      reason: reason ?? null,
      before: { mergedInto: row.mergedInto },
    })
    const put = withRoots([{ ...row, mergedInto: null, version: row.version + 1 }], rows)
    return { put, move: null, drop: [], audit }
  })
  return getGroup(ctx, { actor, fleetId, id })
}
