import { formatCount, formatDuration, plural } from '#components/ui/format.ts'
import { matchSentence, type ListScope } from '../list-scope.ts'
import type { DeviceView } from '#lib/application/devices/device-views.ts'

/** "≥ 2 h 38 min" where the true age may be more; null where nothing waits. Pure. */
export function pendingText(pending: DeviceView['pending']): string | null {
  if (pending === null) return null
  return `${pending.lowerBound ? '≥ ' : ''}${formatDuration(pending.ageMs)}`
}

/** How far a device's clock is from the server's; ahead is positive on the device. Pure. */
export function offsetText(offsetMs: number | null): string {
  if (offsetMs === null) return 'not known'
  if (offsetMs === 0) return '0 ms'
  return `${formatDuration(Math.abs(offsetMs))} ${offsetMs > 0 ? 'behind' : 'ahead'}`
}

/** The devices list in a sentence, which says what it counts. Pure. */
export function devicesListSentence(rows: readonly DeviceView[], scope: ListScope): string {
  const { q, more, later } = scope
  if (rows.length === 0) return q === '' ? 'No device to show' : `No device matches “${q}”`
  const live = rows.filter(({ device }) => device.status !== 'revoked')
  const offline = live.filter(({ state }) => state.state === 'offline').length
  const waiting = live.filter(({ device }) => (device.report?.depth ?? 0) > 0).length
  const revoked = rows.length - live.length
  const left = revoked === 0 ? '' : `; ${formatCount(revoked)} ${revoked === 1 ? 'is' : 'are'} revoked`
  const counts = `${formatCount(offline)} ${offline === 1 ? 'is' : 'are'} offline and ${formatCount(waiting)} ${waiting === 1 ? 'has' : 'have'} changes waiting${left}`
  const counted = (count: number): string => plural(count, 'device')
  if (q !== '') return `${matchSentence(rows.length, counted, scope)}; of those shown, ${counts}`
  return more || later
    ? `Of the ${counted(rows.length)} on this page, ${counts}`
    : `Of ${counted(rows.length)}, ${counts}`
}
