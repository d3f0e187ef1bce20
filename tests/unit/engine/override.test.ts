import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FORCED_KINDS } from '#lib/engine/breaker/breaker.ts'
import type { Override } from '#lib/engine/breaker/override.ts'
import { holdingAt, liveAt, phaseOf } from '#lib/engine/breaker/override.ts'

const T = Date.UTC(2026, 0, 5, 8)
const MINUTE = 60_000
const made = (over: Partial<Override> = {}): Override => ({
  id: 'one',
  kind: 'forced_open',
  reason: 'schema bug in 2.4.1',
  by: { id: 'a', name: 'Ada' },
  askedAtMs: T,
  startsAtMs: T,
  expiresAtMs: T + 60 * MINUTE,
  approval: null,
  breakGlass: false,
  endedAtMs: null,
  ...over,
})
const waiting = { untilMs: T + 15 * MINUTE, by: null, atMs: null }

describe('[BR4] an override', () => {
  test('holds from its start to its end, to the millisecond', () => {
    const one = made({ startsAtMs: T + 10 })
    expect([9, 10, 60 * MINUTE - 1, 60 * MINUTE].map((ms) => phaseOf(one, T + ms))).toEqual([
      'scheduled',
      'active',
      'active',
      'over',
    ])
    expect(phaseOf(made({ endedAtMs: T }), T)).toBe('over')
  })

  test('that needs a second person waits for 15 minutes and lapses then; agreed to, it holds', () => {
    const one = made({ approval: waiting })
    expect([0, 15 * MINUTE - 1, 15 * MINUTE].map((ms) => phaseOf(one, T + ms))).toEqual([
      'waiting',
      'waiting',
      'lapsed',
    ])
    const agreed = made({ approval: { ...waiting, by: { id: 'b', name: 'Bo' }, atMs: T + 5 } })
    expect([holdingAt([agreed], T + 5)?.id, holdingAt([one], T + 5)]).toEqual(['one', null])
  })

  test('the one that took effect last holds the scope; of two at once the one that is forced open', () => {
    const shut = made({ id: 'shut', startsAtMs: T })
    const later = made({ id: 'later', kind: 'forced_closed', startsAtMs: T + 10 })
    expect([9, 10].map((ms) => holdingAt([shut, later], T + ms)?.id)).toEqual(['shut', 'later'])
    const at = (kind: Override['kind']) => made({ id: kind, kind, startsAtMs: T })
    for (const kind of FORCED_KINDS)
      for (const pair of [
        [at(kind), shut],
        [shut, at(kind)],
      ])
        expect(holdingAt(pair, T)?.kind).toBe('forced_open')
  })

  test('only one that is active holds, whatever the times, and what is over or lapsed isn’t live', () => {
    const time = fc.integer({ min: -30, max: 30 }).map((ms) => T + ms)
    const any = fc
      .record({
        kind: fc.constantFrom(...FORCED_KINDS),
        startsAtMs: time,
        expiresAtMs: time,
        approval: fc.option(fc.record({ untilMs: time, by: fc.constant(null), atMs: fc.option(time) })),
        endedAtMs: fc.option(time),
      })
      .map((over) => made(over))
    fc.assert(
      fc.property(fc.array(any, { maxLength: 4 }), time, (all, nowMs) => {
        const held = holdingAt(all, nowMs)
        const active = all.filter((one) => phaseOf(one, nowMs) === 'active')
        expect(held === null).toBe(active.length === 0)
        if (held) expect(active).toContain(held)
        for (const one of liveAt(all, nowMs)) expect(['over', 'lapsed']).not.toContain(phaseOf(one, nowMs))
      }),
    )
  })
})
