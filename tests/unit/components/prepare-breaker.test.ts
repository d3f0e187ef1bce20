import { describe, expect, test } from 'vitest'
import { prepareSeconds, windowRates } from '#components/charts/prepare-seconds.ts'
import { LANES_MAX, prepareStates } from '#components/charts/prepare-states.ts'

const counted = (second: number, calls: number, failures = 0, shed = 0) => ({ second, calls, failures, shed })

describe('calls second by second', () => {
  test('failed ones stand on good ones, shed ones above; nothing is drawn of none', () => {
    const { blocks, rows } = prepareSeconds({
      fromMs: 100_000,
      toMs: 110_000,
      seconds: [counted(99, 5), counted(100, 8, 2), counted(104, 0, 0, 4), counted(110, 5)],
      zone: 'UTC',
    })
    expect(rows.map(({ t }) => t)).toEqual([100_000, 104_000])
    expect(blocks.map(({ tone }) => tone)).toEqual(['good', 'failed', 'shed'])
    const [good, failed, shed] = blocks
    expect((good?.y ?? 0) + (good?.height ?? 0)).toBeCloseTo(100, 1)
    expect((failed?.y ?? 0) + (failed?.height ?? 0)).toBeCloseTo(good?.y ?? 0, 1)
    expect(shed?.x).toBe(400)
  })

  test('[BR2] the rate is of the window before each second, and null with too few calls', () => {
    const seconds = [counted(41, 30, 0), counted(100, 10, 5), counted(101, 10, 0)]
    const settings = { callsMin: 20, windowSeconds: 60 }
    expect(windowRates(seconds, settings, { fromMs: 100_000, toMs: 103_000 })).toEqual([
      // 41 is the oldest second of a minute that ends with 100.
      { t: 100_000, value: 5 / 40 },
      { t: 101_000, value: 5 / 20 },
      { t: 102_000, value: 5 / 20 },
    ])
    expect(windowRates(seconds.slice(1), settings, { fromMs: 100_000, toMs: 101_000 })).toEqual([
      { t: 100_000, value: null },
    ])
  })

  test('[BR2] against a naive sum over every window of 300 histories', () => {
    for (let seed = 1; seed <= 300; seed++) {
      let state = seed
      const next = (n: number): number => (state = (state * 48_271) % 2_147_483_647) % n
      const seconds = Array.from({ length: 90 }, (_, n) => n)
        .filter(() => next(3) > 0)
        .map((second) => {
          const calls = next(4)
          return counted(second, calls, next(calls + 1))
        })
      const windowSeconds = 1 + next(70)
      const range = { fromMs: 30_000, toMs: 90_000 }
      for (const { t, value } of windowRates(seconds, { callsMin: 5, windowSeconds }, range)) {
        const inside = seconds.filter(
          ({ second }) => second <= t / 1_000 && second > t / 1_000 - windowSeconds,
        )
        const sum = (key: 'calls' | 'failures') => inside.reduce((total, one) => total + one[key], 0)
        const naive = sum('calls') >= 5 ? sum('failures') / sum('calls') : null
        expect({ seed, t, value }).toEqual({ seed, t, value: naive })
      }
    }
  })
})

describe('states over time', () => {
  test('what was before the first change is what that change says, and lanes are processes', () => {
    const changes = [
      { lane: 'b', atMs: 60, before: 'open', after: 'half_open' },
      { lane: 'a', atMs: 50, before: 'closed', after: 'forced_open' },
      { lane: 'b', atMs: 20, before: 'closed', after: 'open' },
    ] as const
    const { lanes } = prepareStates({ fromMs: 0, toMs: 100, changes, zone: 'UTC' })
    expect(
      lanes.map(({ name, stretches }) => [
        name,
        stretches.map(({ state, widthPct }) => `${state} ${widthPct}`),
      ]),
    ).toEqual([
      ['a', ['closed 50', 'forced_open 50']],
      ['b', ['closed 20', 'open 40', 'half_open 40']],
    ])
    const late = prepareStates({ fromMs: 55, toMs: 100, changes, zone: 'UTC' })
    expect(late.lanes[0]?.stretches.map(({ state }) => state)).toEqual(['forced_open'])
  })

  test('more processes than there is room for are told by their number', () => {
    const changes = Array.from({ length: LANES_MAX + 3 }, (_, n) => ({
      lane: `web-${n}`,
      atMs: 50,
      before: 'closed' as const,
      after: 'open' as const,
    }))
    expect(prepareStates({ fromMs: 0, toMs: 100, changes, zone: 'UTC' })).toMatchObject({ leftOut: 3 })
  })
})
