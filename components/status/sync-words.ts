/** What a device's state is called, for whoever holds it. Pure. */
import type { StatusKind } from '#components/ui/status.tsx'
import { formatAge, formatDuration, plural } from '#components/ui/format.ts'
import type { ReplicaStatus } from '#lib/client/status.ts'

export interface SyncWords {
  readonly kind: StatusKind
  /** Two or three words. */
  readonly word: string
  /** Why it is so and what comes next, in a sentence. */
  readonly why: string
}

/** What the server or the connection said, by code: why a session did not go well. */
const PROBLEMS: Readonly<Record<string, string>> = {
  no_answer: 'The server could not be reached.',
  timed_out: 'The server did not answer in time.',
  bad_answer: 'The answer did not arrive whole.',
  no_credential: 'This device is in no fleet yet: enter a code.',
  unauthorized: 'The server does not know this device or its code: enter another code.',
  device_forked:
    'A copy of this device’s data goes on elsewhere: enter a code to go on here as a device of its own.',
  device_revoked: 'An operator ended this device. Ask for what waits on it before you clear it.',
  device_paused: 'An operator paused this device.',
  app_version_refused: 'This version of the app is too old: update it.',
  breaker_open: 'The server holds changes back while something there is looked at.',
  shed: 'The server is busy and asked to wait.',
  rate_limited: 'The server asked to wait: too many requests at once.',
  quota_exceeded: 'This device has no room left.',
  store_corrupt: 'What is stored on this device is damaged and is being rebuilt.',
}

/** Why, in a sentence; what no sentence is known for is told by its code. */
export const problemSentence = (code: string | null): string =>
  code === null ? '' : (PROBLEMS[code] ?? `The server said “${code}”.`)

const BUSY: Partial<Record<ReplicaStatus['state'], string>> = {
  scanning: 'Looking for changes to send.',
  pushing: 'Sending your changes.',
  pulling: 'Fetching what others changed.',
  resolving: 'Fitting your changes and others’ together.',
  committing: 'Writing what came to this device.',
}

const kept = (pending: number): string =>
  pending === 0
    ? 'Nothing waits to be sent.'
    : `${plural(pending, 'change')} ${pending === 1 ? 'is' : 'are'} kept on this device.`

/** The state in plain words: what it is, why, and that nothing is lost. */
export function syncWords(status: ReplicaStatus): SyncWords {
  const { state, paused, pending, problem, resyncPlace, storeHealth, lastSyncedAt } = status
  if (state === 'halted')
    return { kind: 'crit', word: 'Needs you', why: `${problemSentence(problem)} ${kept(pending)}`.trim() }
  if (storeHealth === 'full')
    return {
      kind: 'crit',
      word: 'No room left',
      why: 'New changes cannot be kept until there is room. What waits is still sent; free some space.',
    }
  if (paused !== 'no')
    return {
      kind: 'held',
      word: 'Paused',
      why: `${paused === 'here' ? 'Paused on this device.' : 'An operator paused this device.'} ${kept(pending)}`,
    }
  if (state === 'offline') return { kind: 'unk', word: 'Offline', why: `No network. ${kept(pending)}` }
  if (state === 'resyncing')
    return {
      kind: 'unk',
      word: 'Reading anew',
      why:
        resyncPlace === null || resyncPlace === 0
          ? 'Everything is being read anew; your own changes stay.'
          : `${plural(resyncPlace, 'device')} before this one; your own changes stay.`,
    }
  const busy = BUSY[state]
  if (busy !== undefined) return { kind: 'unk', word: 'Syncing', why: busy }
  if (state === 'shed')
    return {
      kind: 'held',
      word: 'Waiting',
      why: `${problemSentence(problem ?? 'shed')} ${kept(pending)}`,
    }
  if (state === 'backoff')
    return {
      kind: 'warn',
      word: 'Will try again',
      why: `${problemSentence(problem)} ${kept(pending)}`.trim(),
    }
  if (pending > 0) return { kind: 'unk', word: 'To be sent', why: kept(pending) }
  if (problem !== null) return { kind: 'warn', word: 'Not in sync', why: problemSentence(problem) }
  if (lastSyncedAt === null)
    return { kind: 'unk', word: 'Not synced yet', why: 'Not since the app was opened.' }
  return { kind: 'ok', word: 'Up to date', why: kept(0) }
}

/** What of a person's work did not go through, or waits for the person. */
export interface OpenWork {
  readonly toDecide: number
  readonly notApplied: number
  /** Work that a damaged store lost, and that the person has not been told of yet. */
  readonly isLost: boolean
}

/** The state in a few words for the head of every page: that all is up to date is said only where nothing is open. */
export function headWords(
  status: ReplicaStatus,
  { toDecide, notApplied, isLost }: OpenWork,
): Pick<SyncWords, 'kind' | 'word'> {
  const { kind, word } = syncWords(status)
  const open = [
    ...(isLost ? ['changes lost'] : []),
    ...(notApplied > 0 ? [`${notApplied} not applied`] : []),
    ...(toDecide > 0 ? [`${toDecide} to decide`] : []),
  ].join(' · ')
  if (open === '') return { kind, word }
  if (kind !== 'ok') return { kind, word: `${word} · ${open}` }
  return {
    kind: isLost || notApplied > 0 ? 'crit' : 'warn',
    word: open.slice(0, 1).toUpperCase() + open.slice(1),
  }
}

export interface SyncFacts {
  /** "3 changes", "nothing". */
  readonly waiting: string
  /** How old the oldest change is that waits; null when none does. */
  readonly oldest: string | null
  readonly last: string
  /** When the next try is; null when none is planned. */
  readonly next: string | null
}

/** The figures beside the state. `nowMs` is by the device's own clock, as the status' times are. */
export function syncFacts(status: ReplicaStatus, nowMs: number): SyncFacts {
  const { pending, oldestPendingAt, lastSyncedAt, nextSyncAt } = status
  const since = (at: string): number => Math.max(0, nowMs - Date.parse(at))
  const untilMs = nextSyncAt === null ? null : Date.parse(nextSyncAt) - nowMs
  return {
    waiting: pending === 0 ? 'nothing' : plural(pending, 'change'),
    oldest: oldestPendingAt === null ? null : formatAge(since(oldestPendingAt)),
    last: lastSyncedAt === null ? 'not since the app was opened' : formatAge(since(lastSyncedAt)),
    next:
      untilMs === null
        ? null
        : untilMs < 1_000
          ? 'now'
          : `in ${formatDuration(Math.ceil(untilMs / 1_000) * 1_000)}`,
  }
}
