import { deviceState } from '../connectivity.ts'
import { pluralText } from '../format.ts'
import type { Evidence, EvidenceLine, Finding, SessionEvidence } from './evidence.ts'
import { failedInARow, toldSessions } from './pace.ts'
import { agoText, contactLine, failedLine, failureText, line, linkTo, sessionLine } from './words.ts'

/**
 * Of a device that syncs with another engine only what was told of it is known, and nothing can be told to it: what our
 * own server may hold up is not looked for, and nothing is promised of what the device does next.
 */
export function diagnoseForeign(evidence: Evidence, source: string): Finding {
  return (
    revoked(evidence, source) ??
    silent(evidence, source) ??
    failing(evidence, source) ??
    inSync(evidence, source) ??
    notKnown(evidence, source)
  )
}

function revoked(evidence: Evidence, source: string): Finding | null {
  const { device } = evidence
  if (device.status !== 'revoked') return null
  return {
    verdict: 'revoked',
    level: 'unk',
    sentence: `${device.name} is revoked`,
    because: 'An operator revoked it',
    evidence: [
      line('What is told of it is refused', {
        detail: `device_revoked, to whoever tells it; what it does with ${source} is not stopped`,
      }),
      contactLine(evidence),
    ],
    next: {
      title: 'Nothing to do, unless it was a mistake',
      detail: 'There is no way back: under this id of its engine nothing is taken any more.',
      action: sessionsOf(evidence, null),
      endsAtMs: null,
    },
  }
}

function silent(evidence: Evidence, source: string): Finding | null {
  const { device, nowMs, intervalMs } = evidence
  if (device.lastContactMs === null || deviceState(device, nowMs, intervalMs).state !== 'offline') return null
  return {
    verdict: 'offline',
    level: 'unk',
    sentence: `Nothing was told of ${device.name} for ${agoText(evidence, device.lastContactMs)}`,
    because: 'It counts as offline by its silence',
    evidence: whatWasTold(evidence),
    next: {
      title: `See whether ${source} still tells of it`,
      detail:
        'It may be away or at rest, or whoever told of it has stopped; which of them is not known here.',
      action: lastSession(evidence),
      endsAtMs: null,
    },
  }
}

function failing(evidence: Evidence, source: string): Finding | null {
  const [last] = toldSessions(evidence)
  const failed = failedInARow(evidence)
  if (last === undefined || failed < 2) return null
  return {
    verdict: 'failing',
    level: 'warn',
    sentence: `${evidence.device.name} cannot finish a sync: ${failureText(last)}`,
    because: 'Its sessions do not end well',
    evidence: [...whatWasTold(evidence), failedLine(evidence, failed)],
    next: {
      title: `Look at it in ${source}`,
      detail: `These are sessions with ${source}, whose own logs tell more. Nothing can be asked of the device from here.`,
      action: sessionsOf(evidence, 'failed'),
      endsAtMs: null,
    },
  }
}

function inSync(evidence: Evidence, source: string): Finding | null {
  const [last] = toldSessions(evidence)
  if (last?.result !== 'ok' || last.queueDepthAfter !== 0) return null
  return {
    verdict: 'healthy',
    level: 'ok',
    sentence: `${evidence.device.name} was in sync when its last session ended`,
    because: 'Nothing that was told holds it up',
    evidence: whatWasTold(evidence),
    next: {
      title: 'Nothing to do',
      detail: `This is what was told of ${source}; what the device made since is not known here.`,
      action: null,
      endsAtMs: null,
    },
  }
}

function notKnown(evidence: Evidence, source: string): Finding {
  return {
    verdict: 'not_known',
    level: 'unk',
    sentence: `Not known whether ${evidence.device.name} is in sync`,
    because: 'What was told of it does not say',
    evidence: whatWasTold(evidence),
    next: {
      title: `Look at it in ${source}`,
      detail: 'Nothing can be asked of the device from here.',
      action: lastSession(evidence),
      endsAtMs: null,
    },
  }
}

function whatWasTold(evidence: Evidence): readonly EvidenceLine[] {
  const [last] = toldSessions(evidence)
  return last === undefined
    ? [contactLine(evidence)]
    : [contactLine(evidence), sessionLine(evidence, last), leftLine(last)]
}

/** It sends no reports: the end of its last session is all that may tell what waits on it. */
const leftLine = ({ queueDepthAfter, endedAtMs }: SessionEvidence): EvidenceLine =>
  queueDepthAfter === null
    ? line('What waits on it is not told')
    : line(
        queueDepthAfter === 0
          ? 'Nothing waited on it then'
          : `${pluralText(queueDepthAfter, 'change')} waited on it then`,
        { atMs: endedAtMs },
      )

function lastSession(evidence: Evidence): Finding['next']['action'] {
  const [last] = toldSessions(evidence)
  if (last === undefined) return null
  return { kind: 'link', ...linkTo('See its last session', { page: 'session', id: last.sessionId }) }
}

const sessionsOf = ({ device }: Evidence, result: 'failed' | null): Finding['next']['action'] => ({
  kind: 'link',
  ...linkTo('See its sessions', { page: 'sessions', deviceId: device.id, result }),
})
