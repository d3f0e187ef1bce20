import { expect, it } from 'vitest'
import type { ToldGap } from '#lib/application/restores/restore-gap.ts'
import { isRestoreTold, restoreDetail, restoreTitle } from '#app/(console)/overview/restore-words.ts'

const gap: ToldGap = {
  epoch: 900,
  epochBefore: 1,
  backupId: null,
  backupAt: '2026-11-20T10:00:00.000Z',
  restoredAt: '2026-11-20T12:00:00.000Z',
  proven: true,
  devices: 3,
  back: 2,
  notBack: 1,
  regained: 12,
  regainedDevices: 2,
}
const DAY_MS = 86_400_000
const restoredMs = Date.parse(gap.restoredAt)

it('tells who is missing, and what came back', () => {
  expect(restoreTitle(gap)).toBe('Restored from a backup; 1 device has not come back')
  expect(restoreTitle({ ...gap, notBack: 2 })).toBe('Restored from a backup; 2 devices have not come back')
  expect(restoreTitle({ ...gap, notBack: 0 })).toBe('Restored from a backup; every device is back')
  expect(restoreDetail(gap)).toBe(
    '12 changes of 2 devices had been acknowledged after the backup and came back. What the others keep comes with their next session; a device keeps it for 7 days.',
  )
  expect(restoreDetail({ ...gap, notBack: 0, regained: 0, regainedDevices: 0 })).toBe(
    'No device has brought back a change that the backup lacks. What devices had kept is complete.',
  )
})

it('is told while devices are missing, and for a week', () => {
  expect(isRestoreTold(gap, restoredMs + 90 * DAY_MS)).toBe(true)
  expect(isRestoreTold({ ...gap, notBack: 0 }, restoredMs + 6 * DAY_MS)).toBe(true)
  expect(isRestoreTold({ ...gap, notBack: 0 }, restoredMs + 8 * DAY_MS)).toBe(false)
})
