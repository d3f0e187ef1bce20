import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'

export type { SessionState } from '#lib/protocol/session-states.ts'

/** What can happen to a session, in the order in which a good one meets them. */
export const SESSION_EVENTS = [
  /** A timer, a local change, a poke or a person asks for a session. */
  'start',
  /** There is something to push. */
  'scanned',
  'nothing_to_push',
  /** The server answered the push; its results are stored in the outbox. */
  'pushed',
  /** A page of changes has come, perhaps an empty one. */
  'pulled',
  'resolved',
  /** All is in, nothing is left to do. */
  'committed',
  'more_to_push',
  'more_to_pull',
  /** A page of a full sync was committed and more follow. */
  'more_to_resync',
  /** No position, `token_expired`, `token_invalid`, `epoch_changed`, a failed state hash, or an operator's command (TK4). */
  'resync_needed',
  /** A page of the full sync has come. */
  'resynced',
  /** No answer, a 5xx without Retry-After, or a local store that cannot be written: try again later. */
  'failed',
  /** 503 `shed`, 429 or 403 `device_paused`: Retry-After counts. */
  'shed',
  /** 503 `breaker_open`. */
  'breaker_open',
  /** The wait of `backoff` or `shed` has passed. */
  'wait_over',
  'network_lost',
  'network_back',
  /** Revoked, forked for good, or an app version that is no longer served. */
  'refused_for_good',
  /** A person enrolled the device again or updated the app. */
  'resumed',
  /** The process started again in the middle of a session (SM3). */
  'restarted',
] as const
export type SessionEvent = (typeof SESSION_EVENTS)[number]

type Row = Record<SessionEvent, SessionState | null>

const NOTHING = Object.fromEntries(SESSION_EVENTS.map((event) => [event, null])) as Row
/** What may happen in every state that isn't waiting for a person. */
const LIVE: Row = { ...NOTHING, network_lost: 'offline', refused_for_good: 'halted', restarted: 'idle' }
/** What may happen whenever a request is under way. */
const ASKING: Row = { ...LIVE, failed: 'backoff', shed: 'shed', breaker_open: 'shed' }

/** SM1: every state × event; `null` is refused. The SDK, the server's check and the console's picture read it. */
export const SESSION_TABLE: Record<SessionState, Row> = {
  idle: { ...LIVE, start: 'scanning', restarted: null },
  scanning: { ...ASKING, scanned: 'pushing', nothing_to_push: 'pulling', resync_needed: 'resyncing' },
  pushing: { ...ASKING, pushed: 'pulling', resync_needed: 'resyncing' },
  pulling: { ...ASKING, pulled: 'resolving', resync_needed: 'resyncing' },
  resolving: { ...LIVE, resolved: 'committing', failed: 'backoff' },
  committing: {
    ...LIVE,
    committed: 'idle',
    more_to_push: 'scanning',
    more_to_pull: 'pulling',
    more_to_resync: 'resyncing',
    failed: 'backoff',
  },
  resyncing: { ...ASKING, resynced: 'committing' },
  backoff: { ...LIVE, wait_over: 'scanning' },
  shed: { ...LIVE, wait_over: 'scanning' },
  offline: { ...LIVE, network_lost: null, network_back: 'idle' },
  halted: { ...NOTHING, resumed: 'idle' },
}

/** The next state, or `refused` when `state` doesn't take `event` (SM1: recorded, never applied). */
export function transition(state: SessionState, event: SessionEvent): Result<SessionState, 'refused'> {
  const to = SESSION_TABLE[state][event]
  return to === null ? err('refused') : ok(to)
}

const isState = (text: string): text is SessionState => (SESSION_STATES as readonly string[]).includes(text)
const isEvent = (text: string): text is SessionEvent => (SESSION_EVENTS as readonly string[]).includes(text)

/** Whether a reported transition stands in the table. Any text is accepted; an unknown name is illegal. */
export function isLegal(reported: {
  readonly from: string
  readonly event: string
  readonly to: string
}): boolean {
  const { from, event, to } = reported
  return isState(from) && isEvent(event) && SESSION_TABLE[from][event] === to
}
