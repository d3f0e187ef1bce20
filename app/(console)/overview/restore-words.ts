import { plural } from '#components/ui/format.ts'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { ToldGap } from '#lib/application/restores/restore-gap.ts'
import { formatFilter } from '#lib/query/format-filter.ts'

/** So long after a restore a device still has what it had acknowledged; so long it is news, too. */
const NEWS_MS = 7 * 86_400_000

/** While devices are missing, and for a week. Pure. */
export const isRestoreTold = ({ notBack, restoredAt }: ToldGap, nowMs: number): boolean =>
  notBack > 0 || !isOver(restoredAt, nowMs)

/** How far a restore is with its devices, and whether its file was proven. Pure. */
export function restoreTitle({ notBack, proven }: Pick<ToldGap, 'notBack' | 'proven'>): string {
  const from = proven ? 'Restored from a backup' : 'Restored from a backup that was not proven'
  return notBack === 0
    ? `${from}; every device is back`
    : `${from}; ${plural(notBack, 'device')} ${notBack === 1 ? 'has' : 'have'} not come back`
}

/** What came back of the time behind the backup, what may still be out, and what is to be done about it. Pure. */
export function restoreDetail(
  { regained, regainedDevices, notBack, restoredAt }: ToldGap,
  nowMs: number,
): string {
  const had =
    regained === 0
      ? 'No device has brought back a change that the backup lacks.'
      : `${plural(regained, 'change')} of ${plural(regainedDevices, 'device')} had been acknowledged after the backup and came back.`
  if (notBack === 0) return `${had} What devices had kept is complete.`
  return `${had} ${isOver(restoredAt, nowMs) ? OVER : 'What the others keep comes with their next session; a device keeps it for 7 days.'}`
}

const OVER =
  'The 7 days that a device keeps it are over: what the others had been told was safe after the backup is lost unless they still have it. What they never sent comes when they do. Revoke those that will not come back; leave the rest.'

const isOver = (restoredAt: string, nowMs: number): boolean => nowMs - Date.parse(restoredAt) >= NEWS_MS

/** The list of those that were not heard since a restore, those that were never heard among them. Pure. */
export function silentSinceHref(query: string, restoredAt: string, nowMs: number): string {
  const kept = new URL(carryShared('/devices', query), 'http://local.invalid').search
  // In whole minutes: rather one that was heard in the first of them, too, than one too few.
  const minutes = Math.max(1, Math.floor((nowMs - Date.parse(restoredAt)) / 60_000))
  const q = formatFilter([
    {
      kind: 'compare',
      key: 'contact',
      not: true,
      comparison: '<',
      amount: minutes * 60_000,
      unit: 'ms',
    },
    { kind: 'is', key: 'state', not: true, values: ['revoked'] },
  ])
  return withParams('/devices', kept, { q })
}
