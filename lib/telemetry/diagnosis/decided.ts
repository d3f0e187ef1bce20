import { isBelow } from '#lib/protocol/app-version.ts'
import { durationText } from '../format.ts'
import type { Evidence, Finding } from './evidence.ts'
import { agoText, contactLine, depthOf, line, linkTo, queueLine, safeText } from './words.ts'

/** An operator ended its credential. */
export function revoked(evidence: Evidence): Finding | null {
  const { device } = evidence
  if (device.status !== 'revoked') return null
  return {
    verdict: 'revoked',
    level: 'unk',
    sentence: `${device.name} is revoked`,
    because: 'An operator revoked it',
    evidence: [
      line('Its credential opens nothing any more', { detail: 'what it had not sent stays on it' }),
      contactLine(evidence),
      queueLine(evidence),
    ],
    next: {
      title: 'Nothing to do, unless it was a mistake',
      detail: 'There is no way back: if it must go on, enroll it again, as a new device.',
      action: {
        kind: 'link',
        label: 'See its sessions',
        target: { page: 'sessions', deviceId: device.id, result: null },
      },
      endsAtMs: null,
    },
  }
}

/** An operator has the server refuse it for a while. */
export function paused(evidence: Evidence): Finding | null {
  const { device } = evidence
  if (device.status !== 'paused') return null
  return {
    verdict: 'paused',
    level: 'held',
    sentence: `${device.name} is paused by an operator${safeText(evidence)}`,
    because: 'An operator paused it',
    evidence: [
      line('The server refuses its pushes and pulls', { detail: 'device_paused' }),
      contactLine(evidence),
      queueLine(evidence),
    ],
    next: {
      title: 'Resume it when it may go on',
      detail: 'The server answers it again then, and its changes come with its next sync.',
      action: { kind: 'command', label: 'Resume', type: 'resume' },
      endsAtMs: null,
    },
  }
}

/**
 * The fleet serves its app no longer. A refused request is not noted as a contact, so that the device also looks silent:
 * this comes before `offline`.
 */
export function appVersionRefused(evidence: Evidence): Finding | null {
  const { device, minAppVersion } = evidence
  if (minAppVersion === null || !isBelow(device.appVersion, minAppVersion)) return null
  return {
    verdict: 'app_version_refused',
    level: 'crit',
    sentence: `${device.name} runs ${device.appVersion}, which is no longer served${safeText(evidence)}`,
    because: 'Its app is too old',
    evidence: [
      line(`The fleet serves ${minAppVersion} and later`, {
        detail: `app_version_refused; it last named ${device.appVersion}`,
        link: linkTo('devices', { page: 'devices', appVersion: device.appVersion }),
      }),
      contactLine(evidence),
      queueLine(evidence),
    ],
    next: {
      title: 'Update the app on it',
      detail:
        depthOf(evidence) === 0
          ? 'It has halted and goes on by itself once the app is newer.'
          : 'It has halted; its changes are kept, and go out once the app is newer. A resync would not help: it is refused before it is read.',
      action: {
        kind: 'link',
        label: `Devices on ${device.appVersion}`,
        target: { page: 'devices', appVersion: device.appVersion },
      },
      endsAtMs: null,
    },
  }
}

/** So long may an app take from its enrollment to its first sync. */
const FIRST_SYNC_MIN_MS = 60_000

/** It got a credential, and nothing came after that. */
export function neverEnrolled(evidence: Evidence): Finding | null {
  const { device, sessions, nowMs, intervalMs } = evidence
  const sinceMs = nowMs - device.enrolledAtMs
  if (device.report !== null || sessions.length > 0) return null
  if (sinceMs <= Math.max(FIRST_SYNC_MIN_MS, 2 * intervalMs)) return null
  return {
    verdict: 'never_enrolled',
    level: 'warn',
    sentence: `${device.name} enrolled ${durationText(sinceMs)} ago and never synced`,
    because: 'Its enrollment was never finished',
    evidence: [
      line(`It got its credential ${agoText(evidence, device.enrolledAtMs)} ago`, {
        atMs: device.enrolledAtMs,
      }),
      line('No report and no session of it came since', {
        detail: 'its app may have lost its store, or was closed at once',
      }),
    ],
    next: {
      title: 'Look at the device: its app has to start once more',
      detail:
        'An app that lost its store enrolls anew, under another id; then this entry stays empty and can be revoked.',
      action: { kind: 'command', label: 'Revoke this entry', type: 'revoke' },
      endsAtMs: null,
    },
  }
}
