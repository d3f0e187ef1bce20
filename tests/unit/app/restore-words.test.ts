import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { OverviewRestore } from '#app/(console)/overview/overview-restore.tsx'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import type { ToldGap } from '#lib/application/restores/restore-gap.ts'
import {
  isRestoreTold,
  restoreDetail,
  restoreTitle,
  silentSinceHref,
} from '#app/(console)/overview/restore-words.ts'

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
  expect(restoreDetail(gap, restoredMs)).toBe(
    '12 changes of 2 devices had been acknowledged after the backup and came back. What the others keep comes with their next session; a device keeps it for 7 days.',
  )
  expect(restoreDetail({ ...gap, notBack: 0, regained: 0, regainedDevices: 0 }, restoredMs)).toBe(
    'No device has brought back a change that the backup lacks. What devices had kept is complete.',
  )
})

it('is told while devices are missing, and for a week', () => {
  expect(isRestoreTold(gap, restoredMs + 90 * DAY_MS)).toBe(true)
  expect(isRestoreTold({ ...gap, notBack: 0 }, restoredMs + 6 * DAY_MS)).toBe(true)
  expect(isRestoreTold({ ...gap, notBack: 0 }, restoredMs + 8 * DAY_MS)).toBe(false)
})

it('says what is lost once the days are over, and what to do', () => {
  const said = restoreDetail(gap, restoredMs + 7 * DAY_MS)
  expect(said).toContain('The 7 days that a device keeps it are over')
  expect(said).toContain('Revoke those that will not come back')
  expect(said).not.toContain('next session')
  expect(restoreDetail({ ...gap, notBack: 0 }, restoredMs + 8 * DAY_MS)).not.toContain('Revoke')
})

it('leads to the devices that were not heard since, the unheard among them and no revoked one', () => {
  const href = silentSinceHref('fleet=f', gap.restoredAt, restoredMs + 90 * 60_000)
  const q = new URL(href, 'http://x.invalid').searchParams.get('q') ?? ''
  expect(href).toContain('fleet=f')
  const parsed = parseFilter(q, DEVICE_FIELDS)
  expect(parsed.ok && parsed.value).toMatchObject([
    { key: 'contact', not: true, comparison: '<', amount: 90 * 60_000 },
    { key: 'state', not: true, values: ['revoked'] },
  ])
})

it('is drawn with the way to those, and says that a file was not proven', () => {
  const drawn = (restore: ToldGap) =>
    renderToStaticMarkup(createElement(OverviewRestore, { restore, query: '', nowMs: restoredMs + DAY_MS }))
  expect(drawn(gap)).toContain('/devices?')
  expect(drawn(gap)).not.toContain('Not proven')
  expect(drawn({ ...gap, notBack: 0 })).not.toContain('/devices?')
  expect(drawn({ ...gap, proven: false })).toContain('Not proven')
  expect(restoreTitle({ ...gap, proven: false })).toContain('a backup that was not proven')
})
