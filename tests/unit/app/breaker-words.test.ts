import { isShut } from '#lib/application/breakers/is-shut.ts'
import { describe, expect, test } from 'vitest'
import {
  appliedSentence,
  breakerSentence,
  breakersSentence,
  causesOf,
  kindOfBreaker,
  shortState,
  stripOf,
  widerShut,
} from '../../../app/(console)/breakers/breaker-words.ts'
import type { ShownProcess } from '#lib/application/breakers/breaker-detail.ts'
import type { ShownBreaker } from '#lib/application/breakers/list-breakers.ts'
import { BREAKER_SETTINGS } from '#lib/engine/breaker/breaker.ts'

const NOW_MS = 1_000_000
const FLEET = '01890000-0000-7000-8000-000000000001'
const calm: ShownBreaker = {
  process: 'one',
  scope: `collection:${FLEET}:inspections`,
  state: 'closed',
  retryAfterMs: 0,
  window: [],
  trips: [],
  settings: BREAKER_SETTINGS,
  version: 0,
  overrides: [],
  overruledBy: null,
  processes: { live: 4, applied: 4, notClosed: 0 },
  minute: { calls: 612, failures: 2, shed: 0, isPart: false },
}
const held: ShownBreaker = {
  ...calm,
  scope: `app:${FLEET}:2.4.1`,
  state: 'forced_open',
  version: 14,
  overrides: [
    {
      id: 'an override',
      kind: 'forced_open',
      reason: 'Schema bug, stop dead letters until 2.4.2',
      by: { id: 'ada', name: 'night ops' },
      askedAtMs: 0,
      startsAtMs: 0,
      expiresAtMs: NOW_MS + 5_640_000,
      approval: null,
      breakGlass: false,
      endedAtMs: null,
      phase: 'active',
    },
  ],
  processes: { live: 4, applied: 4, notClosed: 4 },
  minute: { calls: 0, failures: 0, shed: 457, isPart: false },
}
const says = (breaker: Partial<ShownBreaker>): string => breakerSentence({ ...calm, ...breaker }, NOW_MS)

describe('the verdict of a breaker', () => {
  test.each([
    [{}, 'inspections is closed: 0.33 % of 612 calls failed in the last 60 s'],
    [
      { minute: { calls: 3, failures: 3, shed: 0, isPart: false } },
      'inspections is closed; 3 calls of the 20 it needs to judge came in the last 60 s',
    ],
    [
      { minute: { calls: 0, failures: 0, shed: 0, isPart: false } },
      'inspections is closed; no call came in the last 60 s',
    ],
    [
      { minute: { calls: 0, failures: 0, shed: 0, isPart: true } },
      'inspections is closed; not every process tells how many of its calls came and failed',
    ],
    [{ processes: { live: 4, applied: 4, notClosed: 1 } }, 'inspections is not closed in 1 of 4 processes'],
    [{ state: 'open', retryAfterMs: 12_000 }, 'inspections is open and is tried again in 12 s'],
    [{ state: 'open' }, 'inspections is open and waits for a call to try it with'],
    [{ state: 'half_open' }, 'inspections is on trial: 5 good calls close it, a bad one opens it'],
    [
      { overruledBy: 'engine', state: 'forced_closed' },
      'inspections is shut by the engine, which is forced open',
    ],
  ] as const)('%j', (change, sentence) => {
    expect(says(change)).toBe(sentence)
  })

  test('who holds it, and until when', () => {
    expect(breakerSentence(held, NOW_MS)).toBe('App 2.4.1 is forced open by night ops and ends in 1 h 34 min')
    expect([kindOfBreaker(held), shortState(held)]).toEqual(['held', 'FORCED_OPEN · 457 shed'])
    expect(shortState({ ...calm, processes: { live: 4, applied: 4, notClosed: 1 } })).toMatch(
      /^OPEN ELSEWHERE/,
    )
  })

  test('of all of them: the one that keeps somebody out, or how many', () => {
    const sentence = (...breakers: readonly ShownBreaker[]) => breakersSentence(breakers, NOW_MS)
    expect(sentence(calm, calm)).toBe('All 2 breakers are closed')
    expect(sentence(calm, held, calm)).toBe(
      'App 2.4.1 is forced open by night ops and ends in 1 h 34 min; the other 2 are closed',
    )
    expect(sentence(held, held, calm)).toBe('2 of 3 breakers keep somebody out')
    const closed = {
      ...held,
      state: 'forced_closed',
      overrides: held.overrides.map((one) => ({ ...one, kind: 'forced_closed' })),
    } as ShownBreaker
    expect(isShut(closed)).toBe(false)
    expect(sentence(closed, calm)).toBe('App 2.4.1 is forced closed by night ops and ends in 1 h 34 min')
  })

  test('[BR6] how many processes hold it: who told nothing for 3 s is stale, after a minute dead', () => {
    const process = (seenAtMs: number, standing: ShownProcess['standing']): ShownProcess => ({
      id: String(seenAtMs),
      name: 'web',
      startedAtMs: 0,
      revision: 1,
      seenAtMs,
      standing,
      tookMs: null,
      state: 'closed',
      calls: 0,
      failures: 0,
      shed: 0,
    })
    const live = process(100_000, 'applied')
    const processes = [live, process(99_000, 'behind'), process(90_000, 'stale'), process(1_000, 'stale')]
    expect(appliedSentence({ processes, version: 3 })).toBe(
      '1 of 2 processes hold version 3; 1 is stale, 1 is dead',
    )
    expect(appliedSentence({ processes: [live], version: 3 })).toBe('1 of 1 process holds version 3')
    expect(appliedSentence({ processes: [live, ...processes.slice(3)], version: 0 })).toBe(
      '1 process guards it; 1 is dead',
    )
  })

  test('[BR4] a narrower one says which wider one keeps its devices out', () => {
    const fleet = { ...calm, scope: `fleet:${FLEET}`, state: 'open' } as const
    const engine = { ...calm, scope: 'engine' } as const
    const shut = { ...engine, state: 'open' } as const
    expect(widerShut([engine, fleet, calm], calm.scope)).toBe(fleet)
    expect(widerShut([engine, fleet, calm], fleet.scope)).toBeNull()
    expect(widerShut([shut, fleet, calm], fleet.scope)).toBe(shut)
    expect(widerShut([shut, fleet, calm], 'engine')).toBeNull()
  })

  test('the strip has room for some: the one that is looked at, and what is turned, are among them', () => {
    const many = Array.from({ length: 300 }, (_, n) => ({ ...calm, scope: `app:${FLEET}:1.0.${n}` as const }))
    const last = many[299] as ShownBreaker
    const strip = stripOf([...many, held], last.scope)
    expect([strip.length, strip.includes(last), strip.includes(held)]).toEqual([24, true, true])
    expect(stripOf([calm, held], calm.scope)).toEqual([calm, held])
  })

  test('what made it trip, the most frequent cause first', () => {
    const bad = ['pull 500 internal', 'push 503 x', 'push 503 x'].map((cause) => ({ cause }))
    expect(causesOf(bad)).toBe('2 × push 503 x, 1 × pull 500 internal')
  })
})
