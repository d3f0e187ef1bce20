import { formatDuration, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { DeviceView } from '#lib/application/devices/device-views.ts'

export type DeviceVerdict = { kind: StatusKind; sentence: string; evidence: string }

/**
 * How a device stands, in a sentence, and what that means for what waits on it. Pure.
 * @param oldestWarnMs the fleet's limit for a change that waits, since a device has many collections
 */
export function deviceVerdict(view: DeviceView, nowMs: number, oldestWarnMs: number): DeviceVerdict {
  const { device, state } = view
  const { name } = device
  const waiting = waitingText(view)
  if (device.status === 'revoked')
    return {
      kind: 'unk',
      sentence: `${name} is revoked`,
      evidence: 'Its credential opens nothing any more; changes that it had not sent stay on it.',
    }
  if (device.status === 'paused')
    return { kind: 'held', sentence: `${name} is paused by an operator`, evidence: waiting }
  if (device.lastContactMs === null)
    return { kind: 'unk', sentence: `${name} is enrolled and was never heard`, evidence: waiting }
  const silence = formatDuration(Math.max(0, nowMs - device.lastContactMs))
  if (state.inferredOffline)
    return {
      kind: 'unk',
      sentence: `${name} has been silent for ${silence}`,
      evidence: `It counts as offline by its silence. ${waiting}`,
    }
  switch (state.state) {
    case 'offline':
      return { kind: 'unk', sentence: `${name} says that it is offline`, evidence: waiting }
    case 'halted':
      return {
        kind: 'crit',
        sentence: `${name} has halted and needs a person`,
        evidence: `It does not try again by itself. ${waiting}`,
      }
    case 'shed':
      return {
        kind: 'held',
        sentence: `${name} was told by the server to wait`,
        evidence: `It tries again by itself. ${waiting}`,
      }
    case 'backoff':
      return {
        kind: 'warn',
        sentence: `${name} could not sync at its last try`,
        evidence: `It tries again by itself. ${waiting}`,
      }
    case null:
      return {
        kind: 'unk',
        sentence: `${name} is connected and has not told how it is`,
        evidence: waiting,
      }
    case 'idle':
    case 'scanning':
    case 'pushing':
    case 'pulling':
    case 'resolving':
    case 'committing':
    case 'resyncing':
      return heardVerdict(view, waiting, oldestWarnMs)
  }
}

function heardVerdict({ device, pending }: DeviceView, waiting: string, oldestWarnMs: number): DeviceVerdict {
  const depth = device.report?.depth ?? 0
  if (pending !== null && pending.ageMs > oldestWarnMs)
    return {
      kind: 'warn',
      sentence: `${device.name} is heard, yet a change has waited for ${formatDuration(pending.ageMs)}`,
      evidence: waiting,
    }
  return depth === 0
    ? { kind: 'ok', sentence: `${device.name} is in sync`, evidence: waiting }
    : { kind: 'ok', sentence: `${device.name} has ${plural(depth, 'change')} to send`, evidence: waiting }
}

function waitingText({ device: { report } }: DeviceView): string {
  if (report === null) return 'What waits on it is not known: it has sent no report.'
  if (report.depth === 0) return 'Nothing waits on it, as it last reported.'
  return `${plural(report.depth, 'change')} waited on it when it last reported.`
}
