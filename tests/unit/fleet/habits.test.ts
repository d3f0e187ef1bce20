import { expect, test } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'
import { fleetLine } from '../../../scripts/fleet/fleet-line.ts'
import { awayMsOf, firstLeaveMsOf, habitOf, profileFor } from '../../../scripts/fleet/habits.ts'
import { PROFILES } from '../../../scripts/fleet/profiles.ts'

const random = seededRandom(3)

test('a few of forty devices are far or have a weak network, and a handful has none', () => {
  const habits = Array.from({ length: 40 }, (_, index) => habitOf(index))
  expect(habits.filter((habit) => habit === 'far')).toHaveLength(3)
  expect(habits.filter((habit) => habit === 'weak')).toHaveLength(3)
  expect(new Set(habits.slice(0, 6))).toEqual(new Set(['near']))
})

test('a far device stays away until the console takes it as offline, and starts away when it is known', () => {
  for (let n = 0; n < 200; n++)
    expect(awayMsOf(PROFILES.steady, 'far', random)).toBeGreaterThan(silenceLimitMs(0))
  expect(firstLeaveMsOf(PROFILES.steady, 'far', false, random)).toBe(0)
  expect(firstLeaveMsOf(PROFILES.steady, 'far', true, random)).toBeGreaterThan(10_000)
})

test('a weak network is never better than the fleet’s', () => {
  expect(profileFor(PROFILES.steady, 'weak').lostAnswerRate).toBe(0.25)
  const bad = { ...PROFILES.steady, dropRate: 0.9 }
  expect(profileFor(bad, 'weak').dropRate).toBe(0.9)
})

test('the line tells what the console cannot know', () => {
  const idle = { state: 'idle', pending: 1, awayMs: null }
  const gone = { state: 'offline', pending: 4, awayMs: 60_000 }
  expect(fleetLine([idle, idle])).toBe('2 devices: 2 idle; 2 changes wait')
  expect(fleetLine([idle, gone, { ...gone, awayMs: 16 * 60_000 }])).toBe(
    '3 devices: 1 idle, 2 offline; 2 out of reach, 1 of them for more than 15 min, when the console counts them as offline; 9 changes wait, 8 of them where the console cannot see them yet',
  )
})
