import { expect, test } from 'vitest'
import { foreignSession } from '#lib/protocol/ingest.ts'
import { deviceInfo } from '#lib/protocol/device.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'

test('a device has a name that can be read: a blank one would be an empty row', () => {
  const named = (name: string): boolean =>
    safeParse(deviceInfo, { name, platform: 'ios', appVersion: '1.0.0' }).success
  expect(['Tablet 7', ' 7 ', '', '  '].map(named)).toEqual([true, true, false, false])
})

const HALF = '\ud83d'

test('a name that was cut through an emoji is kept as a page can hold it: else no page that shows it hydrates', () => {
  const read = safeParse(deviceInfo, { name: `Till ${HALF}`, platform: 'ios', appVersion: `1${HALF}` })
  expect(read).toMatchObject({ success: true, data: { name: 'Till \ufffd', appVersion: '1\ufffd' } })
  const whole = safeParse(deviceInfo, { name: 'Till 🙂', platform: 'ios', appVersion: '1' })
  expect(whole).toMatchObject({ data: { name: 'Till 🙂' } })
})

test('ids of other engines are not made alike by it: one with half a pair is refused', () => {
  const told = (sessionId: string, id: string): boolean =>
    safeParse(foreignSession, {
      sessionId,
      client: { id },
      startedAt: '2026-11-27T11:00:00Z',
      endedAt: '2026-11-27T11:00:02Z',
      result: 'ok',
    }).success
  expect([told('s', 'c'), told(HALF, 'c'), told('s', HALF)]).toEqual([true, false, false])
})
