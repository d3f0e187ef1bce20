import { z } from 'zod'
import { GROUP_ROWS_MAX } from '#lib/protocol/limits.ts'
import type { GroupRow } from '#lib/storage/ports.ts'
import type { LetterGroup } from '#lib/telemetry/letter-groups.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { bodyInstant } from '../page.ts'
import { plainRow } from './group-rows.ts'
import { getGroup } from './list-groups.ts'

export const changeGroupInput = z.strictObject({
  /** What a list says instead of the cause; null takes it back. */
  title: z.string().trim().min(1).max(120).nullable().optional(),
  note: z.string().max(4_000).optional(),
  /** A person or a team. */
  owner: z.string().trim().min(1).max(80).nullable().optional(),
  /** Unix ms or ISO 8601; null ends the snooze. */
  snoozedUntil: bodyInstant.nullable().optional(),
  version: z.int().min(0),
})

/**
 * Says something of a group. A stale `version` is refused; a group has version 0 until somebody says something of it.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`
 */
export async function changeGroup(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<LetterGroup> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { version, snoozedUntil, ...said } = parsedOrThrow(changeGroupInput, input.body)
  const { id } = await getGroup(ctx, input)
  await ctx.storage.letterGroups.change(fleetId, (rows) => {
    const row = rows.get(id) ?? plainRow(id)
    if (row.version !== version) throw new ApplicationError('stale_version')
    assertRoom(rows, id)
    const next: GroupRow = {
      ...row,
      title: said.title === undefined ? row.title : said.title,
      note: said.note ?? row.note,
      owner: said.owner === undefined ? row.owner : said.owner,
      snoozedUntilMs: snoozedUntil === undefined ? row.snoozedUntilMs : snoozedUntil,
      version: version + 1,
    }
    const [before, after] = [row, next].map(({ title, note, owner, snoozedUntilMs }) => ({
      title,
      note,
      owner,
      snoozedUntilMs,
    }))
    const audit = auditEntry(ctx, actor, {
      action: 'dead-letter-group.change',
      target: id,
      fleetId,
      before: before ?? null,
      after: after ?? null,
    })
    return { put: [next], move: null, drop: [], audit }
  })
  return getGroup(ctx, { actor, fleetId, id })
}

/** @throws ApplicationError `bad_request` where a fleet has as many groups that people spoke of as it may */
export function assertRoom(rows: ReadonlyMap<string, GroupRow>, ...ids: readonly string[]): void {
  const added = new Set(ids.filter((id) => !rows.has(id))).size
  if (rows.size + added > GROUP_ROWS_MAX)
    throw badRequest([
      { path: '', message: `a fleet has at most ${GROUP_ROWS_MAX} groups with a note or a merge` },
    ])
}
