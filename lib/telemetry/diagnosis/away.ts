import { deviceState, silenceLimitMs } from '../connectivity.ts'
import { durationText, pluralText } from '../format.ts'
import type { BreakerEvidence, Evidence, Finding } from './evidence.ts'
import { CLOCK_SUSPECT_MS, clockText } from './clock.ts'
import {
  agoText,
  contactLine,
  depthOf,
  drainText,
  drainedAt,
  line,
  linkTo,
  queueLine,
  safeText,
  sessionLine,
} from './words.ts'

/**
 * The breaker that this device waits for: one that shuts everything, unless it was silent long before; else one of a
 * collection that it has changes for.
 */
export function breakerInTheWay(evidence: Evidence): BreakerEvidence | null {
  const { breakers, device, intervalMs } = evidence
  const wasSilent = ({ sinceMs }: BreakerEvidence): boolean =>
    sinceMs !== null &&
    device.lastContactMs !== null &&
    device.lastContactMs + silenceLimitMs(intervalMs) < sinceMs
  const wide = breakers.find((breaker) => breaker.collection === null && !wasSilent(breaker))
  if (wide) return wide
  const waits = device.report?.byCollection ?? {}
  return breakers.find(({ collection }) => collection !== null && (waits[collection.name] ?? 0) > 0) ?? null
}

/** The server refuses it, and others with it, so that what lies behind can recover. */
export function breakerOpen(evidence: Evidence): Finding | null {
  const breaker = breakerInTheWay(evidence)
  if (breaker === null) return null
  const { device, nowMs } = evidence
  const { collection, scope, sinceMs, retryAfterMs } = breaker
  const what =
    collection === null
      ? scope === 'engine'
        ? 'the server'
        : 'its fleet'
      : `the collection ${collection.name}`
  const depths = new Map(Object.entries(device.report?.byCollection ?? {}))
  const waits = collection === null ? depthOf(evidence) : (depths.get(collection.name) ?? 0)
  const page =
    collection === null
      ? ({ page: 'overview' } as const)
      : ({ page: 'collection', id: collection.id } as const)
  const again = retryAfterMs > 0 ? `tries again in ${durationText(retryAfterMs)}` : 'is trying again now'
  const since = sinceMs === null ? '' : `, ${agoText(evidence, sinceMs)} ago`
  return {
    verdict: 'breaker_open',
    level: 'held',
    sentence: `${device.name} is held by the open breaker of ${what}${safeText(evidence)}`,
    because: `The breaker of ${what} is open, not this device`,
    evidence: [
      line(`The breaker of ${what} tripped${since}`, {
        detail: `breaker_open, scope ${scope}; it ${again}`,
        atMs: sinceMs,
        link: linkTo(collection === null ? 'overview' : 'collection', page),
      }),
      line(`${pluralText(waits, 'change')} of it ${waits === 1 ? 'goes' : 'go'} there`, {
        detail: 'as it last reported',
        atMs: device.report?.atMs ?? null,
      }),
      contactLine(evidence),
    ],
    next: {
      title: 'Leave it; it drains by itself when the breaker closes',
      detail: `${drainText(evidence)} A resync would not help: it is refused before it is read.`,
      action: {
        kind: 'link',
        label: collection === null ? 'See the overview' : `See ${collection.name}`,
        target: page,
      },
      endsAtMs: drainedAt(evidence, nowMs + retryAfterMs),
    },
  }
}

/** Silent for too long, or it said itself that it has no network (SPEC, SM7). */
export function offline(evidence: Evidence): Finding | null {
  const { device, nowMs, intervalMs, sessions } = evidence
  const { state, inferredOffline } = deviceState(device, nowMs, intervalMs)
  if (state !== 'offline' || device.lastContactMs === null) return null
  const silence = agoText(evidence, device.lastContactMs)
  const offsetMs = device.report?.offsetMs ?? null
  const last = sessions[0]
  return {
    verdict: 'offline',
    level: 'unk',
    sentence: inferredOffline
      ? `${device.name} has been silent for ${silence}${safeText(evidence)}`
      : `${device.name} said that it is offline, ${silence} ago${safeText(evidence)}`,
    because: inferredOffline ? 'It counts as offline by its silence' : 'It told so itself',
    evidence: [
      contactLine(evidence),
      queueLine(evidence),
      ...(last === undefined ? [] : [sessionLine(evidence, last)]),
      ...(offsetMs === null || Math.abs(offsetMs) < CLOCK_SUSPECT_MS
        ? []
        : [
            line(`Its clock was ${clockText(offsetMs)}`, {
              detail: 'a clock far off can keep it from making a secure connection',
            }),
          ]),
    ],
    next: {
      title: 'Leave it; it syncs by itself when it is back',
      detail: `What it made since its last contact is not known. ${drainText(evidence)}`,
      action:
        last === undefined
          ? null
          : { kind: 'link', label: 'See its last session', target: { page: 'session', id: last.sessionId } },
      endsAtMs: null,
    },
  }
}
