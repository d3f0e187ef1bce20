import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ASKED_TOGETHER_MAX } from '#lib/application/authority/ask-authority.ts'
import type { AuthorityWorld } from '#tests/support/authority-world.ts'
import { openAuthorityWorld } from '#tests/support/authority-world.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import { STORAGES } from '#tests/support/storages.ts'

/** Its first call takes so much of the time that a second one, of 10 s, is not begun. */
const SLOW_MS = 6_000

describe.each(STORAGES)('a slow authority over $name', ({ open }) => {
  let world: AuthorityWorld
  const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
  beforeEach(async () => {
    clock.aheadMs = 0
    world = await openAuthorityWorld(await open(), 10_000, clock)
    world.authority.answer = ({ body }) => {
      clock.aheadMs += SLOW_MS
      return { body: { decisions: body.mutations.map(({ id }) => ({ id, decision: 'accept' })) } }
    }
  })
  afterEach(() => world.close())

  const orders = (count: number) =>
    Array.from({ length: count }, () => world.device.mutation({ collection: 'orders' }))
  const atomic = async (...mutations: ReturnType<typeof orders>) => {
    const answer = await world.device.push(world.device.pushBody(mutations, { atomic: true }))
    return [answer.status, await bodyOf(answer)] as const
  }

  it('[AU1][AT1] an atomic push that it is not asked about in time is too large, and has no effect', async () => {
    const mutations = orders(ASKED_TOGETHER_MAX + 1)
    const { token } = await world.device.pulled()
    expect(await atomic(...mutations)).toMatchObject([
      413,
      {
        code: 'atomic_too_large',
        detail: expect.stringMatching(/authorities were not asked .* in 15 s/) as string,
      },
    ])
    expect((await world.device.pulled(token)).changes).toEqual([])
    expect(await atomic(...mutations.slice(1))).toMatchObject([200, {}])
  })

  it('[AU1][AT1] where it also has a culprit of another kind, that is told', async () => {
    const invalid = world.device.mutation({ op: { type: 'put', data: { title: 7 } } })
    const [status, { code, results }] = await atomic(...orders(ASKED_TOGETHER_MAX + 1), invalid)
    expect([status, code]).toEqual([409, 'atomic_aborted'])
    expect((results as { status: string }[]).slice(-2)).toMatchObject([
      { status: 'shed' },
      { status: 'dead_lettered', code: 'schema_mismatch' },
    ])
  })

  it('[AU1] a push that is no atomic one gets through by being sent again whole', async () => {
    const mutations = orders(2 * ASKED_TOGETHER_MAX + 1)
    const counts: number[] = []
    for (let n = 0; n < 3; n++) {
      const { results } = await world.device.pushed(mutations)
      counts.push(results.filter(({ status }) => status === 'shed').length)
    }
    expect(counts).toEqual([ASKED_TOGETHER_MAX + 1, 1, 0])
  })
})
