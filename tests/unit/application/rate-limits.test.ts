import { describe, expect, it } from 'vitest'
import { ACCOUNT_REQUESTS_PER_MINUTE, RateLimiter } from '#lib/application/rate-limits.ts'

describe('quotas', () => {
  const world = (devicePerMinute: number, fleetPerMinute: number) => {
    const clock = { nowMs: 0 }
    const limiter = new RateLimiter({ now: () => clock.nowMs })
    const take = (device: string, fleet = 'f') =>
      limiter.take(fleet, device, { devicePerMinute, fleetPerMinute })
    return { clock, take }
  }

  it('[QU1] grants what was promised and no more, in any minute', () => {
    const { clock, take } = world(60, 1_000)
    let granted = 0
    for (; clock.nowMs < 120_000; clock.nowMs += 100) granted += take('a').retryAfterMs === null ? 1 : 0
    expect(granted).toBe(60 + 119)
  })

  it('[QU1] what is refused costs nothing, and Retry-After is when the next one is granted', () => {
    const { clock, take } = world(1, 100)
    expect(take('a').retryAfterMs).toBeNull()
    const refused = take('a')
    expect(refused.retryAfterMs).toBe(60_000)
    expect(refused.quotas.map(({ remaining }) => remaining)).toEqual([0, 99])
    clock.nowMs = 59_999
    expect(take('a').retryAfterMs).toBeCloseTo(1)
    clock.nowMs = 60_000
    expect(take('a').retryAfterMs).toBeNull()
  })

  it('[check 32] an account has a quota of its own, and is told when to come back', () => {
    const clock = { nowMs: 0 }
    const limiter = new RateLimiter({ now: () => clock.nowMs })
    for (let n = 0; n < ACCOUNT_REQUESTS_PER_MINUTE; n += 1) expect(limiter.takeOfAccount('ada')).toBeNull()
    const waitMs = limiter.takeOfAccount('ada') ?? 0
    expect(waitMs).toBe(60_000 / ACCOUNT_REQUESTS_PER_MINUTE)
    expect(limiter.takeOfAccount('bo')).toBeNull()
    clock.nowMs += waitMs
    expect(limiter.takeOfAccount('ada')).toBeNull()
  })

  it('[QU1] devices share the quota of their fleet, and no other', () => {
    const { take } = world(10, 2)
    expect([take('a'), take('b'), take('c')].map(({ retryAfterMs }) => retryAfterMs === null)).toEqual([
      true,
      true,
      false,
    ])
    expect(take('a', 'another').retryAfterMs).toBeNull()
  })

  it('[QU1] a clock that is set back grants nothing twice', () => {
    const { clock, take } = world(1, 10)
    clock.nowMs = 60_000
    take('a')
    clock.nowMs = 0
    expect(take('a').retryAfterMs).toBe(60_000)
  })
})
