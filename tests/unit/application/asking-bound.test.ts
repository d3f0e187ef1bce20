import { expect, test } from 'vitest'
import { ASKING_MAX, ASKING_PER_FLEET_MAX, AskingBound } from '#lib/application/sync/asking-bound.ts'

test('[AU1] the slow backend of one fleet leaves places for the others; all together have a bound too', () => {
  const asking = new AskingBound()
  const enterAll = (fleetId: string, times: number): number =>
    Array.from({ length: times }, () => asking.enter(fleetId)).filter(Boolean).length
  expect(enterAll('slow', ASKING_MAX)).toBe(ASKING_PER_FLEET_MAX)
  expect(enterAll('other', 1)).toBe(1)
  for (let n = 0; n < ASKING_MAX; n++) asking.enter(`fleet ${n}`)
  expect(asking.enter('late')).toBe(false)
  asking.leave('other')
  expect([asking.enter('late'), asking.enter('later')]).toEqual([true, false])
})
