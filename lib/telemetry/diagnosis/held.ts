import { durationText, pluralText } from '../format.ts'
import type { Evidence, Finding, SessionEvidence } from './evidence.ts'
import { SAMPLES_MIN, failedInARow, toldSessions } from './pace.ts'
import {
  agoText,
  depthOf,
  drainText,
  drainedAt,
  failedLine,
  failureText,
  line,
  linkTo,
  queueLine,
  safeText,
  sessionLine,
} from './words.ts'

const FULL_REASONS: Readonly<Record<string, string>> = {
  token_expired: 'its sync token expired',
  token_invalid: 'its sync token was not good any more',
  epoch_changed: 'the fleet was restored',
  state_hash: 'what it held was not what the server has',
  command: 'an operator told it to resync',
  corrupt_store: 'its store was damaged',
  device_forked: 'two devices had one identity',
  first: 'it syncs for the first time',
}

/** It reads everything anew and waits for its turn to (SPEC, TK7); its own work goes out meanwhile. */
export function waitingForAdmission(evidence: Evidence): Finding | null {
  const { device, nowMs, turn } = evidence
  if (turn === null || turn.admitAtMs <= nowMs) return null
  const full = toldSessions(evidence).find(({ mode }) => mode === 'full')
  const why = FULL_REASONS[full?.fullReason ?? ''] ?? 'it has to read everything anew'
  const waitMs = turn.admitAtMs - nowMs
  return {
    verdict: 'waiting_for_admission',
    level: 'held',
    sentence: `${device.name} waits for its turn to read everything anew: ${why}`,
    because: 'Full syncs start at a pace',
    evidence: [
      line(`${pluralText(turn.place, 'device')} before it in the fleet's line`, {
        detail: `its turn comes in ${durationText(waitMs)}`,
        atMs: turn.admitAtMs,
      }),
      ...(full === undefined
        ? []
        : [
            line(`It needs a full sync: ${why}`, {
              detail: full.fullReason ?? null,
              atMs: full.endedAtMs,
              link: linkTo('session', { page: 'session', id: full.sessionId }),
            }),
          ]),
      queueLine(evidence),
    ],
    next: {
      title: 'Leave it; it starts by itself when its turn comes',
      detail: `${drainText(evidence)} What it reads waits; small collections and its own changes do not. Another resync would put nothing forward.`,
      action:
        full === undefined
          ? null
          : { kind: 'link', label: 'See the session', target: { page: 'session', id: full.sessionId } },
      endsAtMs: turn.admitAtMs,
    },
  }
}

/** Fewer failed tries are the usual course of things. */
export const POISON_TRIES_MIN = 3
/** Tries are at most three hours apart (SPEC, DL4): what was not tried for longer is not at the head of a queue any more. */
const TRIED_WITHIN_MS = 6 * 3_600_000
const SHED_STATUS = new Set([429, 503])

const failedPush = ({ result, attempts }: SessionEvidence): string | null => {
  const last = attempts.findLast(({ status }) => status >= 400)
  if (result !== 'failed' || last?.kind !== 'push' || SHED_STATUS.has(last.status)) return null
  return `${last.status} ${last.code ?? ''}`
}

/** The head of its queue fails each time: told by the server's count of tries, or by the same answer to each push. */
export function poison(evidence: Evidence): Finding | null {
  const { device, nowMs, tries } = evidence
  if (depthOf(evidence) === 0) return null
  const tried = tries.find((one) => one.tries >= POISON_TRIES_MIN && nowMs - one.lastAtMs < TRIED_WITHIN_MS)
  const told = toldSessions(evidence)
  const [last] = told
  const run = told.findIndex(
    (session) =>
      failedPush(session) === null || failedPush(session) !== failedPush(told[0] as SessionEvidence),
  )
  const alike = run === -1 ? told.length : run
  if (tried === undefined && alike < SAMPLES_MIN) return null
  return {
    verdict: 'poison',
    level: 'warn',
    sentence:
      tried === undefined
        ? `${device.name} cannot send its queue: the push failed ${alike} times alike`
        : `A change of ${device.name} failed ${tried.tries} times and is tried again`,
    because: tried === undefined ? 'The same push fails each time' : 'One change fails each time',
    evidence: [
      ...(tried === undefined
        ? []
        : [
            line(`Change ${tried.mutationId.slice(0, 8)} was tried ${tried.tries} times`, {
              detail: `last ${agoText(evidence, tried.lastAtMs)} ago; each time the server said "try again"`,
              atMs: tried.lastAtMs,
            }),
          ]),
      ...(last === undefined ? [] : [sessionLine(evidence, last)]),
      queueLine(evidence),
    ],
    next: {
      title:
        tried === undefined
          ? 'See what the push was answered'
          : 'Leave it, or look at what accepts its changes',
      detail:
        tried === undefined
          ? 'The same answer comes each time; diagnostics name the changes in its queue.'
          : 'It is tried less and less often, and becomes a dead letter after 20 tries, so that nothing waits behind it for ever. Where the collection asks an authority, see whether that answers.',
      action:
        last === undefined
          ? { kind: 'command', label: 'Ask for diagnostics', type: 'diagnostics' }
          : { kind: 'link', label: 'See its last session', target: { page: 'session', id: last.sessionId } },
      endsAtMs: null,
    },
  }
}

/** The server told it to come later, for load or for its own rate; no breaker is in the way any more. */
export function toldToWait(evidence: Evidence): Finding | null {
  const { device, nowMs } = evidence
  const [last] = toldSessions(evidence)
  const refused = last?.attempts.findLast(({ status }) => status >= 400)
  const isTold = last?.result === 'failed' && refused !== undefined && SHED_STATUS.has(refused.status)
  if (device.report?.state !== 'shed' && !isTold) return null
  const code = refused?.code ?? null
  return {
    verdict: 'told_to_wait',
    level: 'held',
    sentence: `${device.name} was told by the server to wait${safeText(evidence)}`,
    because: code === 'rate_limited' ? 'It asks more often than it may' : 'The server had too much to do',
    evidence: [...(last === undefined ? [] : [sessionLine(evidence, last)]), queueLine(evidence)],
    next: {
      title: 'Leave it; it tries again by itself',
      detail: drainText(evidence),
      action:
        last === undefined
          ? null
          : { kind: 'link', label: 'See its last session', target: { page: 'session', id: last.sessionId } },
      endsAtMs: drainedAt(evidence, nowMs),
    },
  }
}

/** So long may a session take, at least, before it counts as one that does not end. */
const SESSION_LONG_MIN_MS = 2 * 60_000

/** Since when it is at work without a session that ended well; null for one that rests, or that ended one lately. */
function workingSince({ device, nowMs, intervalMs }: Evidence): number | null {
  const { report, lastSessionOkMs, enrolledAtMs } = device
  if (report === null || report.state === 'idle' || report.state === 'offline') return null
  const sinceMs = lastSessionOkMs ?? enrolledAtMs
  return nowMs - sinceMs > Math.max(SESSION_LONG_MIN_MS, 2 * intervalMs) ? sinceMs : null
}

/** It is heard, and its sessions do not end well. A device tells of a failed one after the next good one alone. */
export function failing(evidence: Evidence): Finding | null {
  const { device } = evidence
  const state = device.report?.state
  const [last] = toldSessions(evidence)
  const failed = failedInARow(evidence)
  const sinceMs = workingSince(evidence)
  const isHalted = state === 'halted'
  if (!isHalted && state !== 'backoff' && failed < 2 && sinceMs === null) return null
  const cause = last?.result === 'failed' ? `: ${failureText(last)}` : ''
  const since = sinceMs === null ? '' : `, and ended none well for ${agoText(evidence, sinceMs)}`
  return {
    verdict: 'failing',
    level: isHalted ? 'crit' : 'warn',
    sentence: isHalted
      ? `${device.name} has halted and needs a person`
      : cause === ''
        ? `${device.name} begins sessions${since === '' ? ' and cannot finish them' : since}`
        : `${device.name} cannot finish a sync${cause}`,
    because: isHalted ? 'It does not try again by itself' : 'Its sessions do not end well',
    evidence: [
      ...(sinceMs === null
        ? []
        : [line(`It was ${state} when it was last heard`, { atMs: device.lastContactMs })]),
      ...(last === undefined ? [] : [sessionLine(evidence, last)]),
      ...(failed < 2 ? [] : [failedLine(evidence, failed)]),
      queueLine(evidence),
    ],
    next: {
      title: isHalted ? 'See why it halted' : 'Ask the device, or look at what lies between',
      detail: isHalted
        ? 'It waits for a person to enroll it again or to update its app.'
        : 'It tries again by itself, less and less often; why each failed it tells after the next session that ends well.',
      action: { kind: 'command', label: 'Ask for diagnostics', type: 'diagnostics' },
      endsAtMs: null,
    },
  }
}
