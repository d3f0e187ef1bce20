import type { MemberLetters } from '#lib/storage/ports.ts'
import { CLOSED, fate, GONE, HELD, type Fate } from './fate.ts'
import { restorableSinceMs } from './membership.ts'
import type { Member } from './run-members.ts'

const DISCARDED = fate('discarded')
const RESTORED = fate('restored')

/** What letters are by now, those that this run has closed or opened among them. */
export type Statuses = ReadonlyMap<string, 'discarded' | 'open'>

/**
 * What a bulk discard or restore makes of each member: of those that came along only where the one that they are held behind
 * is discarded as well (DL3). Pure.
 * @param letters the members', and those that they are behind
 * @param changed what members before these have become
 */
export function closeMembers(
  kind: 'discard' | 'restore',
  members: readonly Member[],
  letters: MemberLetters,
  changed: Statuses,
  nowMs: number,
): readonly { readonly member: Member; readonly fate: Fate }[] {
  const now = new Map(changed)
  const statusOf = (id: string) => now.get(id) ?? letters.get(id)?.letter.status
  return members.map((member) => {
    const { letterId, behind } = member
    const letter = letters.get(letterId)?.letter
    if (!letter) return { member, fate: GONE }
    if (kind === 'restore') {
      const isOpen = statusOf(letterId) !== 'discarded'
      if (isOpen || (letter.discardedAtMs ?? 0) < restorableSinceMs(nowMs))
        return { member, fate: CLOSED.discarded }
      now.set(letterId, 'open')
      return { member, fate: RESTORED }
    }
    if (statusOf(letterId) !== 'open') return { member, fate: CLOSED.open }
    if (behind !== null && statusOf(behind) !== 'discarded') return { member, fate: HELD }
    now.set(letterId, 'discarded')
    return { member, fate: DISCARDED }
  })
}

/** Letters that must be looked at for these members. */
export const lettersFor = (members: readonly Member[]): readonly string[] => [
  ...new Set(members.flatMap(({ letterId, behind }) => (behind === null ? [letterId] : [letterId, behind]))),
]
