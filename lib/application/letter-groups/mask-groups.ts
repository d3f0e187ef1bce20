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
  const { newestLetterId, lastReplay } = group
  const [newest, replayed] = await Promise.all([
    ctx.storage.deadLetters.get(fleetId, newestLetterId),
    lastReplay?.detail ? ctx.storage.deadLetters.get(fleetId, lastReplay.letterId) : null,
  ])
  return {
    ...group,
    // Purged or moved meanwhile: then nothing says which of the words are values.
    detail: newest ? masks.of(newest).said(group.detail) : group.code,
    lastReplay: lastReplay?.detail
      ? { ...lastReplay, detail: replayed ? masks.of(replayed).text(lastReplay.detail) : null }
      : lastReplay,
  }
}
