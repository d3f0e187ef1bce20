import { pendingAge } from '../connectivity.ts'
import { durationText, pluralText } from '../format.ts'
import type { Evidence, EvidenceLine, Finding } from './evidence.ts'
import { ownAnswers } from './slow.ts'
import { SLOW_MS, toldSessions } from './pace.ts'
import { agoText, contactLine, depthOf, drainText, drainedAt, line, queueLine, sessionLine } from './words.ts'

/** A change waits longer than it may and nothing stored says why, or nothing is stored at all. */
export function notKnown(evidence: Evidence): Finding | null {
  const { device, limits, nowMs, intervalMs, sessions } = evidence
  const pending = pendingAge(device, nowMs, intervalMs)
  const [last] = sessions
  const isUntold = device.report === null
  const isLong = pending !== null && pending.ageMs > limits.oldestWarnMs
  if (!isUntold && !isLong) return null
  const { lastContactMs } = device
  const heard = lastContactMs === null ? 'is enrolled' : `was heard ${agoText(evidence, lastContactMs)} ago`
  return {
    verdict: 'not_known',
    level: isLong ? 'warn' : 'unk',
    sentence: isLong
      ? `Not known why: ${device.name} is heard, yet a change has waited for ${durationText(pending.ageMs)}`
      : `Not known: ${device.name} ${heard} and has not told how it is`,
    because: isLong ? 'Nothing that is stored explains it' : 'It has sent no report',
    evidence: [
      contactLine(evidence),
      queueLine(evidence),
      ...(last === undefined ? [] : [sessionLine(evidence, last)]),
      ...slowHere(evidence),
    ],
    next: {
      title: 'Ask the device itself',
      detail: 'Its diagnostics name what is in its queue and what it last tried.',
      action: { kind: 'command', label: 'Ask for diagnostics', type: 'diagnostics' },
      endsAtMs: null,
    },
  }
}

/** Slow for this device alone: its network. */
function slowHere(evidence: Evidence): readonly EvidenceLine[] {
  const own = ownAnswers(evidence)
  if (own === null || own.medianMs <= SLOW_MS) return []
  const others = evidence.others
  const beside = others === null ? '' : `, those of other devices ${durationText(others.medianMs)}`
  return [line(`Its requests take ${durationText(own.medianMs)}${beside}`, { detail: 'look at its network' })]
}

/** It is heard, its sessions end well, and nothing waits longer than it may. */
export function healthy(evidence: Evidence): Finding {
  const { device, nowMs } = evidence
  const depth = depthOf(evidence)
  const [last] = toldSessions(evidence)
  return {
    verdict: 'healthy',
    level: 'ok',
    sentence:
      depth === 0
        ? `${device.name} is in sync`
        : `${device.name} is in sync but for ${pluralText(depth, 'change')} that it is about to send`,
    because: 'Nothing holds it up',
    evidence: [
      contactLine(evidence),
      queueLine(evidence),
      ...(last === undefined ? [] : [sessionLine(evidence, last)]),
    ],
    next: {
      title: depth === 0 ? 'Nothing to do' : 'Leave it; it drains by itself',
      detail: depth === 0 ? 'It syncs by itself with its next change or interval.' : drainText(evidence),
      action: null,
      endsAtMs: depth === 0 ? null : drainedAt(evidence, nowMs),
    },
  }
}
