import { formatCount, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { InvitationState } from '#lib/application/access/invitation-view.ts'
import type { Role } from '#lib/application/context.ts'
import { ALL_FLEETS } from '../role-words.ts'

type Person = { roles: Readonly<Record<string, Role>>; disabled: boolean; lastSeenMs: number | null }

const isFullAdmin = ({ roles, disabled }: Person): boolean => !disabled && roles[ALL_FLEETS] === 'admin'

/** "4 people come in; 2 administer every fleet", or of a search. Pure. */
export function peopleSentence(people: readonly Person[], q: string): string {
  if (q !== '') return people.length === 0 ? 'Nobody matches this search' : `${said(people.length)} match`
  const full = people.filter(isFullAdmin).length
  const active = people.filter(({ disabled }) => !disabled).length
  const can = `${said(active)} can sign in`
  return full === 0 ? can : `${can}; ${full} of them ${full === 1 ? 'administers' : 'administer'} every fleet`
}

const said = (count: number): string => (count === 1 ? '1 person' : `${count} people`)

/** Where somebody stands. Pure. */
export function personState({ disabled, roles, lastSeenMs }: Person): { kind: StatusKind; word: string } {
  if (disabled) return { kind: 'unk', word: 'disabled' }
  if (Object.keys(roles).length === 0) return { kind: 'held', word: 'no role' }
  return lastSeenMs === null ? { kind: 'unk', word: 'never signed in' } : { kind: 'ok', word: 'active' }
}

export const INVITATION_WORDS: Readonly<Record<InvitationState, { kind: StatusKind; word: string }>> = {
  open: { kind: 'ok', word: 'open' },
  accepted: { kind: 'unk', word: 'accepted' },
  revoked: { kind: 'unk', word: 'revoked' },
  expired: { kind: 'held', word: 'expired' },
}

/** The newest stand on the page. */
export const INVITATIONS_SHOWN_MAX = 100

/** What stands beside the title of the invitations: how long closed ones stay, and whether some are not shown. Pure. */
export const invitationsNote = (count: number): string => {
  const kept = 'closed ones are listed for 90 days'
  return count <= INVITATIONS_SHOWN_MAX
    ? kept
    : `the newest ${INVITATIONS_SHOWN_MAX} of ${formatCount(count)} that the API lists; ${kept}`
}

/** "2 open invitations". Pure. */
export const openText = (invitations: readonly { state: InvitationState }[]): string =>
  plural(invitations.filter(({ state }) => state === 'open').length, 'open invitation')
