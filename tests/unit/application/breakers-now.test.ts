import { expect, test } from 'vitest'
import { shutOutOf } from '#lib/application/breakers/breakers-now.ts'
import type { BreakerNow } from '#lib/telemetry/overview.ts'

const one = (over: Partial<BreakerNow>): BreakerNow => ({
  scope: 'app:f:2.4.1',
  name: 'app 2.4.1',
  appVersion: '2.4.1',
  isWide: false,
  state: 'open',
  isShut: true,
  held: null,
  ...over,
})
const versions = [
  { appVersion: '2.4.1', devices: 12 },
  { appVersion: '2.4.0', devices: 24 },
]

test.each([
  ['an app version’s own devices', [one({})], 12],
  ['two versions', [one({}), one({ appVersion: '2.4.0', state: 'forced_open' })], 36],
  ['a version that nobody runs', [one({ appVersion: '9' })], 0],
  [
    'the fleet’s, all that are heard and not paused',
    [one({ name: 'fleet', appVersion: null, isWide: true })],
    37,
  ],
  ['a collection’s, which tell so themselves', [one({ name: 'notes', appVersion: null })], 0],
  ['a collection’s that is called fleet', [one({ name: 'fleet', appVersion: null })], 0],
  ['one that lets everybody in', [one({ state: 'metrics_only', isShut: false })], 0],
  ['one of another process', [one({ state: 'closed' })], 0],
])('devices that are shut out: %s', (_what, notClosed, count) => {
  expect(shutOutOf({ notClosed }, { heard: 40, paused: 3 }, versions)).toBe(count)
})
