import { countText, durationText, pluralText } from '../format.ts'
import type { Answered, Evidence, Finding } from './evidence.ts'
import { SLOW_MS, answered, paceOf, toldSessions } from './pace.ts'
import { depthOf, drainText, line, linkTo, queueLine, safeText } from './words.ts'

/** So many of its newest sessions tell of now. */
const SESSIONS_OF_NOW = 10

/** What its newest sessions waited for answers; null under three. */
export const ownAnswers = (evidence: Evidence): Answered | null =>
  answered(
    toldSessions(evidence)
      .slice(0, SESSIONS_OF_NOW)
      .flatMap(({ attempts }) => attempts),
  )

/** The server takes long over what it asks: others wait as long, or its own round trip is short. */
export function serverSlow(evidence: Evidence): Finding | null {
  const { device, others } = evidence
  const own = ownAnswers(evidence)
  if (own === null || own.medianMs <= SLOW_MS) return null
  const rttMs = device.report?.rttMs ?? null
  const isServer = others === null ? rttMs !== null && rttMs < SLOW_MS / 2 : others.medianMs > SLOW_MS
  if (!isServer) return null
  return {
    verdict: 'server_slow',
    level: 'warn',
    sentence: `The server answers ${device.name} slowly: ${durationText(own.medianMs)} a ${own.kind}${safeText(evidence)}`,
    because: 'The server is slow, not this device',
    evidence: [
      line(
        `Half of its last ${countText(own.count)} ${own.kind} requests took ${durationText(own.medianMs)} or more`,
        {
          detail: `those that were answered; over ${durationText(SLOW_MS)} is slow`,
          link: linkTo('sessions', { page: 'sessions', deviceId: device.id, result: null }),
        },
      ),
      others === null
        ? line(`Its round trip is ${durationText(rttMs ?? 0)}`, {
            detail: 'so the time is not lost on the way',
          })
        : line(`The other devices wait ${durationText(others.medianMs)}`, {
            detail: `the median of ${pluralText(others.count, `${others.kind} request`)}`,
            link: linkTo('overview', { page: 'overview' }),
          }),
      queueLine(evidence),
    ],
    next: {
      title: 'See how the whole fleet fares',
      detail: drainText(evidence),
      action: { kind: 'link', label: 'See the overview', target: { page: 'overview' } },
      endsAtMs: null,
    },
  }
}

/** It sends well, and has more than it can send in the time that a change may wait. */
export function backlog(evidence: Evidence): Finding | null {
  const { device, limits, nowMs, unreported } = evidence
  const depth = depthOf(evidence)
  const pace = paceOf(evidence)
  // One that sends nothing now has another trouble than its pace.
  const sends = unreported.length > 0 || (toldSessions(evidence)[0]?.pushed ?? 0) > 0
  if (pace === null || !sends || depth <= limits.queueWarn) return null
  if (pace.emptyInMs !== null && pace.emptyInMs <= limits.oldestWarnMs) return null
  const perHour = (rate: number): string => `${countText(rate)} an hour`
  return {
    verdict: 'backlog',
    level: 'warn',
    sentence:
      pace.emptyInMs === null
        ? `${device.name} makes changes faster than they go out: ${countText(depth)} wait`
        : `${device.name} has ${countText(depth)} changes to send and needs ${durationText(pace.emptyInMs)} for them`,
    because: 'Its backlog is larger than its rate',
    evidence: [
      line(
        `${perHour(pace.sentPerHour)} go out${pace.madePerHour === null ? '' : `, ${perHour(pace.madePerHour)} are made`}`,
        {
          detail: `over the last ${durationText(nowMs - pace.sinceMs)}`,
          link: linkTo('sessions', { page: 'sessions', deviceId: device.id, result: null }),
        },
      ),
      line(`${countText(depth)} changes wait`, {
        detail: `the limit is ${countText(limits.queueWarn)}`,
        atMs: device.report?.atMs ?? null,
      }),
    ],
    next: {
      title:
        pace.emptyInMs === null
          ? 'Find out what makes so many changes'
          : `Leave it; it is empty in about ${durationText(pace.emptyInMs)} at this pace`,
      detail: 'Nothing is lost: what it makes is sent in order. Its sessions tell what each took.',
      action: {
        kind: 'link',
        label: 'See its sessions',
        target: { page: 'sessions', deviceId: device.id, result: null },
      },
      endsAtMs: pace.emptyInMs === null ? null : nowMs + pace.emptyInMs,
    },
  }
}
