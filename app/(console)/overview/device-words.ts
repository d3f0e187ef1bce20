import { formatCount, plural } from '#components/ui/format.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { SESSION_STATES, type SessionState } from '#lib/protocol/session-states.ts'

type Devices = Pick<OverviewAnswer['devices'], 'byState' | 'waitingByState' | 'silent' | 'paused'>

/** What keeps a device from syncing by itself, gravest first, and how it is said. */
const TROUBLED: readonly (readonly [SessionState, one: string, many: string])[] = [
  ['halted', 'is halted and needs a person', 'are halted and need a person'],
  ['shed', 'is told to wait', 'are told to wait'],
  ['backoff', 'failed and tries again', 'failed and try again'],
  ['offline', 'is offline', 'are offline'],
]

/** Every state with its count; a state that no device is in counts 0. Pure. */
export function stateCounts({ byState }: Pick<Devices, 'byState'>): Record<SessionState, number> {
  return Object.fromEntries(SESSION_STATES.map((state) => [state, byState[state] ?? 0])) as Record<
    SessionState,
    number
  >
}

/**
 * "36 devices are in sync or syncing now; 2 have changes waiting; 2 are offline". One whose collection's breaker is shut
 * rests in `idle` like one in sync, and keeps its changes. Of devices behind an open breaker that shuts everything nothing
 * is claimed: they are refused before they can tell. Pure.
 */
export function devicesSentence({ byState, waitingByState, silent, paused }: Devices, shutOut = 0): string {
  if (shutOut > 0)
    return `${plural(shutOut, 'device')} ${shutOut === 1 ? 'is' : 'are'} shut out by a breaker, and ${shutOut === 1 ? 'stands' : 'stand'} here as last heard`
  const counts = stateCounts({ byState })
  const troubled = new Set(TROUBLED.map(([state]) => state))
  // One that is in a session has changes because it syncs them.
  const waiting = waitingByState.idle ?? 0
  const untroubled = SESSION_STATES.reduce((sum, state) => sum + (troubled.has(state) ? 0 : counts[state]), 0)
  const well = untroubled - waiting
  const rest = TROUBLED.flatMap(([state, one, many]) => {
    const count = counts[state]
    if (count === 0) return []
    const heard = state === 'offline' && silent > 0 ? `, ${formatCount(silent)} of them by silence` : ''
    return [`${formatCount(count)} ${count === 1 ? one : many}${heard}`]
  })
  const first = `${plural(well, 'device')} ${well === 1 ? 'is' : 'are'} in sync or syncing now`
  const kept =
    waiting === 0 ? [] : [`${formatCount(waiting)} ${waiting === 1 ? 'has' : 'have'} changes waiting`]
  const held =
    paused === 0 ? [] : [`${formatCount(paused)} ${paused === 1 ? 'is' : 'are'} paused by an operator`]
  return [first, ...kept, ...rest, ...held].join('; ')
}

/** `1 of 9 breakers is not closed`. Pure. */
export function breakersTitle({ total, notClosed }: OverviewAnswer['breakers']): string {
  const shut = notClosed.length
  if (shut === 0)
    return total === 1 ? 'The only breaker is closed' : `All ${formatCount(total)} breakers are closed`
  return `${formatCount(shut)} of ${plural(total, 'breaker')} ${shut === 1 ? 'is' : 'are'} not closed`
}

/** `3/4 processes agree`: those that run all that people said. Pure. */
export const agreeSentence = ({ processes: { live, applied } }: OverviewAnswer['breakers']): string =>
  `${formatCount(applied)}/${plural(live, 'process agrees', 'processes agree')}`
