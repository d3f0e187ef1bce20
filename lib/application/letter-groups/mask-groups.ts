import type { LetterGroup } from '#lib/telemetry/letter-groups.ts'
import type { Context } from '../context.ts'
import { letterMasks, type LetterMasks } from '../dead-letters/letter-masks.ts'

/** Letters that are read at once. */
const SLICE = 20

/**
 * Groups whose words repeat no masked value (DL20). What is said of a group is said of one of its letters, which is read for
 * that where its collection masks something.
 */
export async function maskGroups(
  ctx: Pick<Context, 'storage' | 'secret'>,
  fleetId: string,
  groups: readonly LetterGroup[],
): Promise<readonly LetterGroup[]> {
  const masks = await letterMasks(ctx, fleetId)
  const shown: LetterGroup[] = []
  for (let at = 0; at < groups.length; at += SLICE) {
    const slice = groups.slice(at, at + SLICE)
    shown.push(...(await Promise.all(slice.map((group) => masked(ctx, fleetId, group, masks)))))
  }
  return shown
}

async function masked(
  ctx: Pick<Context, 'storage'>,
  fleetId: string,
  group: LetterGroup,
  masks: LetterMasks,
): Promise<LetterGroup> {
  if (!masks.isMasked(group.collection)) return group
  const { lastReplay } = group
  const [detail, replayed] = await Promise.all([
    maskedDetail(ctx, fleetId, group, masks),
    lastReplay?.detail ? ctx.storage.deadLetters.get(fleetId, lastReplay.letterId) : null,
  ])
  return {
    ...group,
    detail,
    lastReplay: lastReplay?.detail
      ? { ...lastReplay, detail: replayed ? masks.of(replayed).text(lastReplay.detail) : null }
      : lastReplay,
  }
}

/** What a group's newest letter was refused with, without masked values. */
export async function maskedDetail(
  ctx: Pick<Context, 'storage'>,
  fleetId: string,
  said: Pick<LetterGroup, 'collection' | 'code' | 'detail' | 'newestLetterId'>,
  masks: LetterMasks,
): Promise<string> {
  if (!masks.isMasked(said.collection)) return said.detail
  const newest = await ctx.storage.deadLetters.get(fleetId, said.newestLetterId)
  // Purged or moved meanwhile: then nothing says which of the words are values.
  return newest ? masks.of(newest).said(said.detail) : said.code
}
