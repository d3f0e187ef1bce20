import { plural } from '#components/ui/format.ts'
import type { ToldGap } from '#lib/application/restores/restore-gap.ts'

/** So long after a restore a device still has what it had acknowledged; so long it is news, too. */
const NEWS_MS = 7 * 86_400_000

/** While devices are missing, and for a week. Pure. */
export const isRestoreTold = ({ notBack, restoredAt }: ToldGap, nowMs: number): boolean =>
  notBack > 0 || nowMs - Date.parse(restoredAt) < NEWS_MS

/** Whether all are back. Pure. */
export const restoreTitle = ({ notBack }: ToldGap): string =>
  notBack === 0
    ? 'Restored from a backup; every device is back'
    : `Restored from a backup; ${plural(notBack, 'device')} ${notBack === 1 ? 'has' : 'have'} not come back`

/** What came back of the time behind the backup, and what may still be out. Pure. */
export function restoreDetail({ regained, regainedDevices, notBack }: ToldGap): string {
  const had =
    regained === 0
      ? 'No device has brought back a change that the backup lacks.'
      : `${plural(regained, 'change')} of ${plural(regainedDevices, 'device')} had been acknowledged after the backup and came back.`
  const out =
    notBack === 0
      ? 'What devices had kept is complete.'
      : 'What the others keep comes with their next session; a device keeps it for 7 days.'
  return `${had} ${out}`
}
