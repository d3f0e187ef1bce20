import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'

/** One device as the generator sees it. */
export interface DeviceLook {
  readonly state: string
  readonly pending: number
  /** How long it has been out of reach; null while it is not. */
  readonly awayMs: number | null
}

const MINUTE_MS = 60_000

/**
 * The fleet in a line. What is out of reach, the console can't know yet: a device counts as offline there once it has
 * been silent for some time, and tells of its changes when it is back. Pure.
 */
export function fleetLine(devices: readonly DeviceLook[]): string {
  const states = new Map<string, number>()
  for (const { state } of devices) states.set(state, (states.get(state) ?? 0) + 1)
  const words = [...states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([state, count]) => `${count} ${state}`)
  const limitMs = silenceLimitMs(0)
  const away = devices.filter(({ awayMs }) => awayMs !== null)
  const silent = away.filter(({ awayMs }) => (awayMs ?? 0) > limitMs).length
  const [all, unseen] = [waiting(devices), waiting(away)]
  const far =
    away.length === 0
      ? ''
      : `; ${away.length} out of reach, ${silent} of them for more than ${limitMs / MINUTE_MS} min, when the console counts them as offline`
  const hidden = unseen === 0 ? '' : `, ${unseen} of them where the console cannot see them yet`
  return `${devices.length} devices: ${words.join(', ')}${far}; ${all} changes wait${hidden}`
}

const waiting = (devices: readonly DeviceLook[]): number =>
  devices.reduce((sum, { pending }) => sum + pending, 0)
