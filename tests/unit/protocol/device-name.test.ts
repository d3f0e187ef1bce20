import { expect, test } from 'vitest'
import { deviceInfo } from '#lib/protocol/device.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'

test('a device has a name that can be read: a blank one would be an empty row', () => {
  const named = (name: string): boolean =>
    safeParse(deviceInfo, { name, platform: 'ios', appVersion: '1.0.0' }).success
  expect(['Tablet 7', ' 7 ', '', '  '].map(named)).toEqual([true, true, false, false])
})
