import { describe, expect, test } from 'vitest'
import type { BreakerState } from '#lib/engine/breaker/breaker.ts'
import { BREAKER_SETTINGS as SETTINGS, CLOSED, judge, reduce } from '#lib/engine/breaker/breaker.ts'
import type { EndedCall } from '#lib/engine/breaker/window.ts'

const T = Date.UTC(2026, 0, 5, 8)
const GOOD: EndedCall = { failed: false, slow: false }
const BAD: EndedCall = { failed: true, slow: false }
const SLOW: EndedCall = { failed: false, slow: true }

const enter = (state: BreakerState, atMs: number): BreakerState =>
  reduce(state, { kind: 'entered' }, SETTINGS, atMs)
const end = (state: BreakerState, call: EndedCall | 'void', atMs: number): BreakerState =>
  reduce(state, { kind: 'ended', era: state.era, call }, SETTINGS, atMs)
const calls = (state: BreakerState, list: readonly (EndedCall | 'void')[], atMs = T): BreakerState =>
  list.reduce<BreakerState>((before, call) => end(enter(before, atMs), call, atMs), state)
const times = <V>(n: number, value: V): V[] => Array.from({ length: n }, () => value)
const tripped = calls(CLOSED, times(20, BAD))

describe('tripping', () => {
  test('[BR2] 5 % of at least 20 calls within 60 s trips it', () => {
    expect(calls(CLOSED, [...times(19, GOOD), BAD]).kind).toBe('open')
    expect(calls(CLOSED, [BAD, ...times(18, GOOD)]).kind).toBe('closed')
    expect(calls(CLOSED, times(19, BAD)).kind).toBe('closed')
    expect(calls(CLOSED, [...times(20, GOOD), BAD]).kind).toBe('closed')
    expect(calls(CLOSED, [...times(38, GOOD), BAD, BAD]).kind).toBe('open')
  })

  test('[BR2] calls older than the window do not count', () => {
    const old = calls(CLOSED, [BAD, ...times(18, GOOD)], T)
    expect(calls(old, [BAD], T + 59_000).kind).toBe('open')
    expect(calls(old, [BAD], T + 60_000).kind).toBe('closed')
  })

  test('[BR2] half of the calls slow trips it, without one failure', () => {
    expect(calls(CLOSED, [...times(10, GOOD), ...times(10, SLOW)]).kind).toBe('open')
    expect(calls(CLOSED, [...times(11, GOOD), ...times(9, SLOW)]).kind).toBe('closed')
  })

  test('[BR2] what says nothing about the scope is no call', () => {
    expect(calls(CLOSED, [...times(1_000, 'void' as const), ...times(19, BAD)]).kind).toBe('closed')
  })
})

describe('opening and closing', () => {
  test('[BR3] it rejects for 30 s, then admits exactly 5 probes', () => {
    expect(judge(tripped, SETTINGS, T)).toEqual({ admitted: false, retryAfterMs: 30_000 })
    expect(judge(tripped, SETTINGS, T + 29_999)).toEqual({ admitted: false, retryAfterMs: 1 })
    let state = tripped
    for (let probe = 0; probe < 5; probe++) {
      expect(judge(state, SETTINGS, T + 30_000).admitted).toBe(true)
      state = enter(state, T + 30_000)
    }
    expect(judge(state, SETTINGS, T + 30_000).admitted).toBe(false)
    for (let probe = 0; probe < 4; probe++) state = end(state, GOOD, T + 30_100)
    expect(judge(state, SETTINGS, T + 30_100).admitted).toBe(false)
    expect(end(state, GOOD, T + 30_200)).toMatchObject({ kind: 'closed', window: [] })
  })

  test('[BR3] one bad probe opens it for twice as long, up to 5 min', () => {
    const waits: number[] = []
    let state = tripped
    let nowMs = T
    for (let round = 0; round < 6; round++) {
      if (state.kind !== 'open') throw new Error('it should be open')
      waits.push(state.waitMs)
      nowMs += state.waitMs
      state = calls(state, [GOOD, BAD], nowMs)
    }
    expect(waits).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
  })

  test('[BR3] after it closed, the next wait is 30 s again', () => {
    const reopened = calls(tripped, [BAD], T + 30_000)
    expect(reopened).toMatchObject({ kind: 'open', waitMs: 60_000 })
    const closed = calls(reopened, times(5, GOOD), T + 90_000)
    expect(calls(closed, times(20, BAD), T + 91_000)).toMatchObject({ kind: 'open', waitMs: 30_000 })
  })

  test('[BR3] a slow probe is a bad one', () => {
    expect(calls(tripped, [SLOW], T + 30_000).kind).toBe('open')
  })

  test('[BR2] a probe that says nothing is given back', () => {
    const state = calls(tripped, times(50, 'void' as const), T + 30_000)
    expect(state).toMatchObject({ kind: 'half_open', out: 0, good: 0 })
    expect(calls(state, times(5, GOOD), T + 30_000).kind).toBe('closed')
  })

  test('[BR3] calls from before it opened say nothing about the probes', () => {
    const before = enter(CLOSED, T)
    const halfOpen = enter(tripped, T + 30_000)
    const late = reduce(halfOpen, { kind: 'ended', era: before.era, call: BAD }, SETTINGS, T + 30_001)
    expect(late).toBe(halfOpen)
  })

  test('[BR3] probes that hang do not hold it shut: after 30 s others are let out', () => {
    let state = tripped
    for (let probe = 0; probe < 5; probe++) state = enter(state, T + 30_000)
    expect(judge(state, SETTINGS, T + 59_999).admitted).toBe(false)
    expect(judge(state, SETTINGS, T + 60_000).admitted).toBe(true)
    const again = enter(state, T + 60_000)
    expect(again).toMatchObject({ kind: 'half_open', out: 1, era: state.era + 1 })
  })

  test('[BR3] a clock set back behind the opening ends the wait instead of stretching it', () => {
    expect(judge(tripped, SETTINGS, T - 3_600_000).admitted).toBe(true)
    expect(enter(tripped, T - 3_600_000).kind).toBe('half_open')
  })
})
