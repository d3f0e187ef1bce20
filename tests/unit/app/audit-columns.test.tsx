import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { auditColumns } from '../../../app/(console)/audit/audit-columns.tsx'
import { auditRow } from '../../../app/(console)/audit/audit-row.ts'

const NOW_MS = Date.UTC(2026, 10, 28, 12)
const ID = '01890000-0000-7000-8000-00000000abcd'
const FLEET = '01890000-0000-7000-8000-00000000f1ee'
const row = (atMs: number) =>
  auditRow({
    id: 'i',
    atMs,
    seq: 1,
    mac: 'm',
    fleetId: FLEET,
    actor: { kind: 'user', id: 'u', name: 'Ada' },
    action: 'device.pause',
    target: ID,
    reason: null,
    before: null,
    after: null,
    address: null,
    outcome: 'done',
  })
const columns = auditColumns(NOW_MS, 'range=24h&q=x')
const shown = (key: string, atMs = NOW_MS - 5_000): string =>
  renderToStaticMarkup(<>{columns.find((column) => column.key === key)?.cell(row(atMs))}</>)

test('when: the clock today, with the date on another day', () => {
  expect(shown('at')).toContain('>11:59:55<')
  expect(shown('at', NOW_MS - 86_400_000)).toContain('>Fri 27 Nov 12:00:00<')
})

test('the target is a link into its own fleet, and is shown on a phone too', () => {
  expect(shown('target')).toContain(`href="/devices/${ID}?fleet=${FLEET}&amp;range=24h"`)
  expect(columns.filter(({ hideOnPhone }) => hideOnPhone !== true).map(({ key }) => key)).toEqual([
    'at',
    'who',
    'action',
    'target',
    'outcome',
  ])
})

test('what was done is in words, with the action as it is written beside it', () => {
  expect(shown('action')).toContain('paused a device')
  expect(shown('action')).toContain('device.pause')
})
