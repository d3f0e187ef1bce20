import type { StatusKind } from '#components/ui/status.tsx'
import { formatCount, formatDuration, plural } from '#components/ui/format.ts'
import { matchSentence, type ListScope } from '../list-scope.ts'
import type { SessionRow } from './session-row.ts'

/** The result of a session as a status. */
export const RESULT_KINDS: Record<SessionRow['result'], StatusKind> = {
  ok: 'ok',
  failed: 'crit',
  abandoned: 'unk',
}

export type SessionVerdict = { kind: StatusKind; sentence: string; evidence: string }

const FAILED_STATUS_MIN = 400

/** What happened in a session, in a sentence, and what it rests on. Pure. */
export function sessionVerdict(session: SessionRow): SessionVerdict {
  const took = formatDuration(session.endedAtMs - session.startedAtMs)
  const name = session.deviceName
  const kind = RESULT_KINDS[session.result]
  if (session.inferred) {
    return {
      kind,
      sentence: `${name} pushed and never told how the session ended`,
      evidence:
        'Made by the server from pushes whose report did not come within a day; the pushed changes stand',
    }
  }
  switch (session.result) {
    case 'ok':
      return { kind, sentence: `${name} synced in ${took}${troubles(session)}`, evidence: workText(session) }
    case 'failed':
      return {
        kind,
        sentence: `${name} could not sync: ${lastFailure(session)}`,
        evidence: `Gave up after ${took}. ${workText(session)}`,
      }
    case 'abandoned':
      return {
        kind,
        sentence: `${name} stopped in the middle of a session, after ${took}`,
        evidence: `The app was closed or restarted; the next session goes on from there. ${workText(session)}`,
      }
  }
}

function troubles({ conflicts, deadLettered }: SessionRow): string {
  const found = [
    !conflicts ? [] : [`${plural(conflicts, 'change')} met a conflict`],
    !deadLettered
      ? []
      : [`${plural(deadLettered, 'change')} ${deadLettered === 1 ? 'is a dead letter' : 'are dead letters'}`],
  ].flat()
  return found.length === 0 ? '' : `; ${found.join(', ')}`
}

function workText({ mode, pushed, pulled, queueDepthBefore, queueDepthAfter }: SessionRow): string {
  const sync = mode === null ? 'Sync' : mode === 'full' ? 'Full sync' : 'Delta sync'
  const told = [
    pushed === null ? null : `${plural(pushed, 'change')} pushed`,
    pulled === null ? null : `${formatCount(pulled)} pulled`,
    queueText(queueDepthBefore, queueDepthAfter),
  ].filter((text) => text !== null)
  return `${sync}: ${told.length === 0 ? 'what it did is not reported' : told.join(', ')}`
}

function queueText(before: number | null, after: number | null): string | null {
  if (after === null) return null
  if (before === null || before === after) return `${plural(after, 'change')} in its queue`
  return `queue from ${formatCount(before)} to ${formatCount(after)}`
}

/** The last request that was not answered well: "push answered 504 (timeout)". */
function lastFailure({ attempts, transitions }: SessionRow): string {
  const failed = attempts.findLast(({ status }) => status === 0 || status >= FAILED_STATUS_MIN)
  if (failed === undefined) {
    const last = transitions.findLast(({ event }) => event === 'failed' || event === 'refused_for_good')
    return last === undefined ? 'it did not say why' : `it failed while ${last.from}`
  }
  if (failed.status === 0) return `the ${failed.kind} request got no answer`
  return `the ${failed.kind} request was answered ${failed.status}${failed.code === undefined ? '' : ` (${failed.code})`}`
}

/**
 * The sessions list in a sentence, which says what it counts. Pure.
 * @param looked how many a page looks through for its search
 * @param all how many of all sessions of the range failed, where that is known: a page is only the newest of them
 */
export function sessionsSentence(
  rows: readonly Pick<SessionRow, 'result'>[],
  scope: ListScope,
  range: string,
  all: { readonly part: number; readonly whole: number } | null = null,
  looked = 0,
): string {
  const { q, more, later } = scope
  const bad = rows.filter(({ result }) => result !== 'ok').length
  const sessionsIn = (count: number): string => `${plural(count, 'session')} in the ${range}`
  if (rows.length === 0 && more)
    return `Of ${later ? `the next ${formatCount(looked)}` : `the newest ${formatCount(looked)}`} sessions in the ${range} none matches “${q}”`
  if (rows.length === 0)
    return q === ''
      ? `No session ended in the ${range}`
      : later
        ? `No further session in the ${range} matches “${q}”`
        : `No session in the ${range} matches “${q}”`
  if (q !== '') {
    const found = matchSentence(rows.length, sessionsIn, scope)
    // Where all ended alike, as a filter by result makes it, there is no share to tell.
    return bad === 0 || bad === rows.length
      ? found
      : `${found}; of those shown, ${formatCount(bad)} did not end well`
  }
  // Counts trail the list by their fold: they can't speak of more than they have seen.
  if ((more || later) && all !== null && all.whole >= rows.length)
    return `${all.part === 0 ? 'None' : formatCount(all.part)} of ${plural(all.whole, 'session')} in the ${range} failed`
  const rest = bad === 0 ? 'every one ended well' : `${formatCount(bad)} did not end well`
  if (later) return `Of the ${plural(rows.length, 'session')} on this page, ${rest}`
  return `Of ${more ? 'the newest ' : ''}${sessionsIn(rows.length)}, ${rest}`
}
