import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { fleetScope } from '#lib/application/breakers/scopes.ts'
import { whatIf } from '#lib/application/breakers/what-if.ts'
import { operatorWorld } from '#tests/support/operator-world.ts'

test('the last day is replayed once a minute for each question, however often a live page asks', async () => {
  const { ctx, clock, fleet } = await operatorWorld()
  const { breakers } = ctx.storage
  const { minutes } = breakers
  let reads = 0
  const counted: typeof minutes = (...range) => {
    reads += 1
    return reads === 1 ? Promise.reject(new Error('away')) : minutes(...range)
  }
  Object.assign(breakers, { minutes: counted })
  const ask = (query: object = {}) =>
    whatIf(ctx, { actor: SYSTEM, fleetId: fleet, scope: fleetScope(fleet), query })
  await expect(ask()).rejects.toThrow('away')
  const first = await ask()
  clock.advance(59_000)
  expect([await ask(), reads]).toEqual([first, 2])
  await ask({ callsMin: '7' })
  expect(reads).toBe(3)
  clock.advance(2_000)
  expect([(await ask()).toMs, reads]).toEqual([clock.now(), 4])
})
