import { countText, durationText, pluralText } from './format.ts'
import type { Overview } from './overview.ts'
import type { Trouble } from './trouble.ts'

const OFFLINE_DEVICES = {
  label: 'Offline devices',
  target: { page: 'devices', state: 'offline', has: null, appVersion: null },
} as const

export function everySilent({ devices, asOf, breakers }: Overview): Trouble | null {
  const free = devices.heard - devices.paused
  // A breaker that refuses them all is why none is heard, and is told of itself.
  if (breakers.shutOut >= free) return null
  if (free === 0 || devices.offline < free || devices.lastContactMs === null) return null
  const which = devices.paused === 0 ? '' : ' that no operator paused'
  const all = free === 1 ? `The only device${which} is` : `All ${countText(free)} devices${which} are`
  return {
    level: 'warn',
    sentence: `${all} offline; the last contact was ${durationText(asOf.nowMs - devices.lastContactMs)} ago`,
    evidence: 'What they changed since then is not known',
    step: OFFLINE_DEVICES,
    brief: 'every device is offline',
  }
}

/**
 * Half of the fleet is away, and half of those for longer than a change may wait. Lag has samples of what arrived alone, so
 * that it looks well then.
 */
export function halfSilent({ devices, lag, limits }: Overview): Trouble | null {
  const free = devices.heard - devices.paused
  const offline = lag.figure?.pending?.offline ?? null
  const half = offline?.p50 ?? null
  if (free === 0 || devices.offline * 2 < free || half === null || half <= limits.oldestWarnMs) return null
  return {
    level: 'warn',
    sentence: `${countText(devices.offline)} of ${pluralText(free, 'device')} are offline, half of them for ${durationText(half)} or longer`,
    evidence: `What they changed since is not known: pending age p95 is at least ${durationText(offline?.p95 ?? half)}. Upload lag tells of what arrived alone`,
    step: OFFLINE_DEVICES,
    brief: `${countText(devices.offline)} of ${pluralText(free, 'device')} are offline`,
  }
}
