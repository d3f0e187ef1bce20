import { formatCount, formatDuration, plural } from '#components/ui/format.ts'
import type { DeviceView } from './device-view.ts'

/** "≥ 2 h 38 min" where the true age may be more; null where nothing waits. Pure. */
export function pendingText(pending: DeviceView['pending']): string | null {
  if (pending === null) return null
  return `${pending.lowerBound ? '≥ ' : ''}${formatDuration(pending.ageMs)}`
}

/** How far a device's clock is from the server's; ahead is positive on the device. Pure. */
export function offsetText(offsetMs: number | null): string {
  if (offsetMs === null) return 'not known'
  if (Math.abs(offsetMs) < 1_000) return `${formatCount(Math.abs(offsetMs))} ms`
  return `${formatDuration(Math.abs(offsetMs))} ${offsetMs > 0 ? 'behind' : 'ahead'}`
}

/** The devices list in a sentence; `more` when there are further pages. Pure. */
export function devicesListSentence(rows: readonly DeviceView[], more: boolean): string {
  if (rows.length === 0) return 'No device to show'
  const offline = rows.filter(({ state }) => state.state === 'offline').length
  const waiting = rows.filter(({ device }) => (device.report?.depth ?? 0) > 0).length
  const who = more
    ? `Of the ${plural(rows.length, 'device')} on this page`
    : `Of ${plural(rows.length, 'device')}`
  return `${who}, ${formatCount(offline)} ${offline === 1 ? 'is' : 'are'} offline and ${formatCount(waiting)} ${waiting === 1 ? 'has' : 'have'} changes waiting`
}
