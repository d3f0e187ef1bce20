import { describe, expect, it, test } from 'vitest'
import { problemsOf } from '#lib/telemetry/alerts/check-rule.ts'
import { BURN_WINDOWS, DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import { replayRule } from '#lib/telemetry/alerts/replay-rule.ts'
import type { AlertRule, BurnRateCondition, BurnWindow } from '#lib/telemetry/alerts/rule.ts'
import {
  fleetSeries,
  HOUR_MS,
  MINUTE_MS,
  SERIES_FROM_MS,
  shippedRule,
  stretches,
} from '#tests/support/alert-series.ts'

const FAST = shippedRule('request-failures-fast')
const ruleOf = (window: BurnWindow): AlertRule => ({
  ...FAST,
  condition: { ...(FAST.condition as BurnRateCondition), windows: [window] },
  forMs: 0,
  keepFiringMs: 0,
})
/** Ten requests in each step, of which so many failed. */
const failing = (failures: readonly number[], stepMs: number) =>
  fleetSeries({ failures, requests: failures.map(() => 10) }, {}, stepMs)

describe.each(Object.entries(BURN_WINDOWS))('[alerts] the burn rate over %s', (_, window) => {
  const rule = ruleOf(window)
  const stepMs = window.shortMs / 5
  const long = window.longMs / stepMs
  const firings = (failures: readonly number[]) =>
    replayRule(rule, failing(failures, stepMs)).episodes.map(({ firedAtMs, endedAtMs }) => ({
      firedAt: (firedAtMs - SERIES_FROM_MS) / stepMs,
      endedAt: endedAtMs === null ? null : (endedAtMs - SERIES_FROM_MS) / stepMs,
    }))
  const rate = window.factor * 0.01

  it('fires when both windows burn, as soon as the long one does, and resolves when the short one is well', () => {
    const failures = [...stretches([0, long], [10, long]), ...stretches([0, long])]
    const [episode] = firings(failures)
    // All fail: the long window is over its rate once a part `rate` of it has failed.
    const needed = Math.floor(long * rate) + 1
    expect(episode).toEqual({ firedAt: long + needed, endedAt: 2 * long + 5 })
  })

  it('stays silent on the short window alone', () => {
    // The whole short window fails at its worst that leaves the long one just under its rate.
    const bad = Math.min(10, Math.floor((10 * long * rate) / 5))
    expect(bad / 10).toBeGreaterThan(rate)
    expect(firings(stretches([0, long], [bad, 5], [0, long]))).toEqual([])
  })

  it('stays silent on the long window alone', () => {
    // What burned is over: the short window is well before anybody looks.
    const failures = stretches([0, long], [10, long], [0, long])
    const episodes = replayRule(
      rule,
      failing(failures, stepMs),
      SERIES_FROM_MS + (2 * long + 5) * stepMs,
    ).episodes
    expect(episodes).toEqual([])
  })
})

test('[alerts] one failure in two requests never pages, whatever the rule, and neither does a quiet hour with a bad request', () => {
  const minutes = 4 * 24 * 60
  const cases = [
    // One request in the whole time fails, of two.
    fleetSeries({ requests: [2, ...stretches([0, 60])], failures: [1, ...stretches([0, 60])] }),
    // Two requests each hour, of which one fails, for a day: the long windows fill up, a few at a time.
    fleetSeries({
      requests: Array.from({ length: 60 }, (_, i) => (i % 30 === 0 ? 2 : 0)),
      failures: Array.from({ length: 60 }, (_, i) => (i % 30 === 0 ? 1 : 0)),
    }),
    fleetSeries({ sessions: [2, ...stretches([0, 60])], failedSessions: [1, ...stretches([0, 60])] }),
    fleetSeries({ pushed: [2, ...stretches([0, 60])], deadLettered: [1, ...stretches([0, 60])] }),
    fleetSeries({ requests: stretches([10, minutes]), failures: stretches([0, minutes - 1], [1, 1]) }),
  ]
  for (const series of cases)
    for (const rule of DEFAULT_RULES) expect(replayRule(rule, series).episodes, rule.name).toEqual([])
})

test('[alerts] a page needs five failures of twenty requests, however bad their share is', () => {
  const few = fleetSeries({ requests: stretches([1, 19]), failures: stretches([1, 19]) })
  expect(replayRule(FAST, few).episodes).toEqual([])
  const enough = fleetSeries({ requests: stretches([1, 24]), failures: stretches([1, 24]) })
  expect(replayRule(FAST, enough).episodes).toHaveLength(1)
  const rare = fleetSeries({ requests: stretches([1, 25]), failures: stretches([1, 4], [0, 21]) })
  expect(replayRule(ruleOf({ factor: 10, longMs: HOUR_MS, shortMs: 59 * MINUTE_MS }), rare).episodes).toEqual(
    [],
  )
})

test('[alerts] a burn rate that can never be is refused with the reason', () => {
  const never = ruleOf({ factor: 14.4, longMs: HOUR_MS, shortMs: 5 * MINUTE_MS })
  const condition = { ...(never.condition as BurnRateCondition), target: 0.9 }
  expect(problemsOf({ ...never, condition })).toEqual([
    {
      path: '/condition/windows/0/factor',
      message:
        'can never fire: 14.4 x (1 - 0.9) is 1.44, and no more than all can fail; the factor must be below 10',
    },
  ])
  // At exactly 1 the share would have to be above all.
  const edge = { ...condition, target: 0.5, windows: [{ ...BURN_WINDOWS.hour, factor: 2 }] }
  expect(problemsOf({ ...never, condition: edge })).toHaveLength(1)
  expect(
    problemsOf({ ...never, condition: { ...edge, windows: [{ ...BURN_WINDOWS.hour, factor: 1.99 }] } }),
  ).toEqual([])
})

test('[alerts] a rule whose figure can never pass its bound is refused with the reason', () => {
  const threshold = (over: object): AlertRule => {
    const rule = shippedRule('dead-letters-growing')
    return {
      ...rule,
      inhibitedBy: [],
      condition: { ...rule.condition, perActivity: null, ...over } as AlertRule['condition'],
    }
  }
  const scoped = (over: object): AlertRule => ({
    ...threshold({ windowMs: 0, ...over }),
    groupBy: 'scope',
  })
  const drop = shippedRule('changes-drop')
  const cases: readonly (readonly [AlertRule, string, RegExp])[] = [
    [
      threshold({ measure: 'requestFailures', value: { limit: 'oldestWarnMs' } }),
      '/condition/value',
      /a time, and the figure a share/,
    ],
    [
      threshold({ measure: 'conflictRate', value: { limit: 'queueCritical' } }),
      '/condition/value',
      /a number, and the figure a share/,
    ],
    [
      threshold({ measure: 'pendingAge', windowMs: 0, value: { limit: 'failureBreaker' } }),
      '/condition/value',
      /a share, and the figure a time/,
    ],
    [scoped({ measure: 'breakerOpen', value: 1 }), '/condition/value', /0 or 1/],
    [
      threshold({ perActivity: { counter: 'pushed', factor: 1 } }),
      '/condition/perActivity/factor',
      /never more/,
    ],
    [
      threshold({ measure: 'requests', perActivity: { counter: 'requests', factor: 2 } }),
      '/condition/perActivity/factor',
      /never more/,
    ],
    [
      { ...drop, condition: { ...drop.condition, ratio: 0 } as AlertRule['condition'] },
      '/condition/ratio',
      /can never fire/,
    ],
  ]
  for (const [rule, path, message] of cases)
    expect(problemsOf(rule), JSON.stringify(rule.condition)).toEqual([
      { path, message: expect.stringMatching(message) as string },
    ])
  expect(problemsOf(threshold({ perActivity: { counter: 'pushed', factor: 0.99 } }))).toEqual([])
  expect(problemsOf(threshold({ perActivity: { counter: 'sessions', factor: 2 } }))).toEqual([])
})

test('[alerts] no shipped rule has a problem, and each name is there once', () => {
  for (const rule of DEFAULT_RULES) expect(problemsOf(rule), rule.name).toEqual([])
  const names = DEFAULT_RULES.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { inhibitedBy } of DEFAULT_RULES) for (const other of inhibitedBy) expect(names).toContain(other)
})
