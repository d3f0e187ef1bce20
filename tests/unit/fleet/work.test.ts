import { expect, test } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import { FAULTY_VERSION } from '../../../scripts/fleet/devices.ts'
import { PROFILES, type Profile } from '../../../scripts/fleet/profiles.ts'
import { isPoisoned } from '../../../scripts/fleet/work.ts'

const TRIES = 2_000
const { release, steady } = PROFILES

const shareOf = (appVersion: string, profile: Profile, runningMs: number): number => {
  const random = seededRandom(5)
  const poisoned = Array.from({ length: TRIES }, () => isPoisoned(appVersion, profile, runningMs, random))
  return poisoned.filter(Boolean).length / TRIES
}

test('a release is well until its minute, and then one app version sends what the schema refuses', () => {
  expect(shareOf(FAULTY_VERSION, release, release.poisonAfterMs - 1)).toBe(0)
  expect(shareOf(FAULTY_VERSION, release, release.poisonAfterMs)).toBeCloseTo(release.poisonRate, 1)
  expect(shareOf('2.4.0', release, release.poisonAfterMs)).toBe(0)
})

test('the other profiles have their share from the beginning', () => {
  expect(shareOf(FAULTY_VERSION, steady, 0)).toBeCloseTo(steady.poisonRate, 1)
})
