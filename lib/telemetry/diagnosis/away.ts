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
  const isOfDevice = ({ appVersion }: BreakerEvidence): boolean =>
    appVersion === null || appVersion === device.appVersion
  const wide = breakers.find(
    (breaker) => breaker.collection === null && isOfDevice(breaker) && !wasSilent(breaker),
  )
  if (wide) return wide
  const waits = device.report?.byCollection ?? {}
  return breakers.find(({ collection }) => collection !== null && (waits[collection.name] ?? 0) > 0) ?? null
}

/** The server refuses it, and others with it, so that what lies behind can recover. */
export function breakerOpen(evidence: Evidence): Finding | null {
  const breaker = breakerInTheWay(evidence)
  if (breaker === null) return null
  const { device, nowMs } = evidence
  const { collection, scope, held, retryAfterMs } = breaker
  const what = breakerOf(breaker)
  const depths = new Map(Object.entries(device.report?.byCollection ?? {}))
  const waits = collection === null ? depthOf(evidence) : (depths.get(collection.name) ?? 0)
  const target = { page: 'breaker', scope } as const
  const leftMs = held === null ? retryAfterMs : Math.max(0, held.endsAtMs - nowMs)
  return {
    verdict: 'breaker_open',
    level: 'held',
    sentence:
      held === null
        ? `${device.name} is held by the open ${what}${safeText(evidence)}`
        : `${device.name} is held back by ${held.by}: the ${what} is forced open${safeText(evidence)}`,
    because:
      held === null ? `The ${what} is open, not this device` : `A person shut the ${what}, not this device`,
    evidence: [
      line(shutText(evidence, breaker), {
        detail:
          held === null
            ? `breaker_open, scope ${scope}; it ${retryAfterMs > 0 ? `tries again in ${durationText(retryAfterMs)}` : 'is trying again now'}`
            : `“${held.reason}”; it ends in ${durationText(leftMs)}`,
        atMs: breaker.sinceMs,
        link: linkTo('breaker', target),
      }),
      line(`${pluralText(waits, 'change')} of it ${waits === 1 ? 'goes' : 'go'} there`, {
        detail: 'as it last reported',
        atMs: device.report?.atMs ?? null,
      }),
      contactLine(evidence),
    ],
    next: {
      title:
        held === null
          ? 'Leave it; it drains by itself when the breaker closes'
          : 'Leave it; it drains when the override ends or somebody releases it',
      detail: `${drainText(evidence)} A resync would not help: it is refused before it is read.`,
      action: { kind: 'link', label: 'See the breaker', target },
      endsAtMs: drainedAt(evidence, nowMs + leftMs),
    },
  }
}

function breakerOf({ scope, name, collection }: BreakerEvidence): string {
  if (scope === 'engine') return 'breaker of the server'
  if (collection !== null && name === collection.name) return `breaker of the collection ${name}`
  return name === 'fleet' ? 'breaker of its fleet' : `breaker of ${name}`
}

function shutText(evidence: Evidence, breaker: BreakerEvidence): string {
  const { sinceMs, held } = breaker
  const since = sinceMs === null ? '' : `, ${agoText(evidence, sinceMs)} ago`
  const what = breakerOf(breaker)
  return held === null ? `The ${what} tripped${since}` : `${held.by} forced the ${what} open${since}`
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
