import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  BreakerEvent,
  BreakerKind,
  BreakerSettings,
  BreakerState,
  ForcedKind,
} from '#lib/engine/breaker/breaker.ts'
import {
  BREAKER_KINDS,
  BREAKER_SETTINGS as SETTINGS,
  CLOSED,
  FORCED_KINDS,
  judge,
  reduce,
} from '#lib/engine/breaker/breaker.ts'
import type { EndedCall, Window } from '#lib/engine/breaker/window.ts'
import { cases } from '#tests/support/cases.ts'
import { EMPTY_WINDOW, WINDOW_SECONDS, addCall, tally, windowAt } from '#lib/engine/breaker/window.ts'

const START_MS = Date.UTC(2026, 0, 5, 8)
const call = fc.record({ failed: fc.boolean(), slow: fc.boolean() })
const secondOf = (ms: number): number => Math.floor(ms / 1_000)

/** The oracle: every call ever, nothing folded. */
function counted(calls: readonly { atMs: number; call: EndedCall }[], nowMs: number) {
  const live = calls.filter(({ atMs }) => secondOf(atMs) > secondOf(nowMs) - WINDOW_SECONDS)
  return {
    calls: live.length,
    failures: live.filter((one) => one.call.failed).length,
    slow: live.filter((one) => one.call.slow).length,
  }
}

test('[BR2] the window counts what a list of all calls counts in the last 60 seconds', () => {
  const steps = fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 20_000 }), call }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (list) => {
      let window: Window = EMPTY_WINDOW
      let nowMs = START_MS
      const all: { atMs: number; call: EndedCall }[] = []
      for (const step of list) {
        nowMs += step.waitMs
        window = addCall(window, step.call, nowMs)
        all.push({ atMs: nowMs, call: step.call })
        expect(tally(window)).toEqual(counted(all, nowMs))
        expect(window.length).toBeLessThanOrEqual(WINDOW_SECONDS)
      }
      expect(tally(windowAt(window, nowMs + 30_000))).toEqual(counted(all, nowMs + 30_000))
    }),
  )
})

test('[BR2] a clock that is set back loses no bound: the window stays within 60 buckets, in order', () => {
  const jumps = fc.array(fc.integer({ min: -200_000, max: 200_000 }), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(jumps, (list) => {
      let window: Window = EMPTY_WINDOW
      let nowMs = START_MS
      for (const jump of list) {
        nowMs += jump
        window = addCall(window, { failed: false, slow: false }, nowMs)
        const seconds = window.map(({ second }) => second)
        expect(seconds).toEqual([...new Set(seconds)].sort((a, b) => a - b))
        expect(window.length).toBeLessThanOrEqual(2 * WINDOW_SECONDS)
      }
    }),
  )
})

/** What may happen to a breaker: time passes, a call asks, one of those that are out ends, what it guards answers. */
type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'ask' }
  | { readonly kind: 'answers' }
  | { readonly kind: 'forced'; readonly as: ForcedKind }
  | { readonly kind: 'released' }
  | { readonly kind: 'end'; readonly which: number; readonly call: EndedCall | 'void' }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 40_000 }) }),
  },
  { weight: 6, arbitrary: fc.constant({ kind: 'ask' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'answers' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('forced' as const), as: fc.constantFrom(...FORCED_KINDS) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'released' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat({ max: 1_000 }),
      call: fc.oneof(
        { weight: 5, arbitrary: fc.constant({ failed: false, slow: false }) },
        { weight: 1, arbitrary: call },
        { weight: 1, arbitrary: fc.constant('void' as const) },
      ),
    }),
  },
)

/** Few calls trip it, so that short runs go through all its states. */
const QUICK: BreakerSettings = { ...SETTINGS, callsMin: 4, failureRateMax: 0.3 }

/** The naive breaker: written from the rules as sentences, over lists of everything that happened. */
class Oracle {
  state: BreakerKind = 'closed'
  private calls: { atMs: number; call: EndedCall }[] = []
  private openedAtMs = 0
  waitMs = 0
  private probes: { id: number; atMs: number; result: 'out' | 'good' | 'back' }[] = []
  private admittedSince = new Set<number>()
  private untried = false

  /** The wait is over, and one time only: the next one is what this one would have been. */
  answers(nowMs: number): void {
    if (this.state !== 'open' || !this.untried) return
    this.untried = false
    this.waitMs = 15_000
    this.openedAtMs = nowMs - 15_000
  }

  force(as: ForcedKind): void {
    if (this.state !== as) this.turn(as)
  }

  release(): void {
    if (this.state === 'closed' || this.state === 'open' || this.state === 'half_open') return
    this.turn('half_open')
    this.waitMs = 30_000
  }

  ask(id: number, nowMs: number): boolean {
    if (this.state === 'forced_open') return false
    if (this.state === 'open' && nowMs - this.openedAtMs >= this.waitMs) this.turn('half_open')
    if (this.state === 'open') return false
    if (this.state === 'half_open') {
      const held = this.probes.filter(({ result }) => result !== 'back')
      const out = this.probes.filter(({ result }) => result === 'out')
      if (held.length >= QUICK.probes) {
        const newestMs = Math.max(...this.probes.map(({ atMs }) => atMs))
        if (out.length === 0 || nowMs - newestMs < QUICK.probeWaitMs) return false
        this.turn('half_open')
      }
      this.probes.push({ id, atMs: nowMs, result: 'out' })
    }
    this.admittedSince.add(id)
    return true
  }

  end(id: number, ended: EndedCall | 'void', nowMs: number): void {
    if (!this.admittedSince.has(id)) return
    if (this.state === 'closed' && ended !== 'void') {
      this.calls.push({ atMs: nowMs, call: ended })
      const { calls, failures, slow } = counted(this.calls, nowMs)
      if (calls < QUICK.callsMin) return
      if (failures / calls >= QUICK.failureRateMax || slow / calls >= QUICK.slowRateMax)
        this.open(30_000, nowMs, true)
    } else if (this.state === 'half_open') {
      const probe = this.probes.find((one) => one.id === id)
      if (!probe) return
      if (ended === 'void') probe.result = 'back'
      else if (ended.failed || ended.slow) this.open(Math.min(300_000, this.waitMs * 2), nowMs, false)
      else {
        probe.result = 'good'
        if (this.probes.filter(({ result }) => result === 'good').length === QUICK.probes) this.turn('closed')
      }
    }
  }

  private open(waitMs: number, nowMs: number, untried: boolean): void {
    this.turn('open')
    this.untried = untried
    this.waitMs = waitMs
    this.openedAtMs = nowMs
  }

  private turn(state: Oracle['state']): void {
    this.state = state
    this.calls = []
    this.probes = []
    this.admittedSince = new Set()
  }
}

test('[BR1] [BR3] [BR4] [BR7] the reducer admits and changes as a naive breaker does, over any run of events', () => {
  const reached = new Set<string>()
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 400, size: 'max' }), (steps) => {
      const oracle = new Oracle()
      let state: BreakerState = CLOSED
      let nowMs = START_MS
      const out: { id: number; era: number }[] = []
      let nextId = 0
      for (const one of steps) {
        if (one.kind === 'wait') nowMs += one.ms
        else if (one.kind === 'answers') {
          oracle.answers(nowMs)
          state = reduce(state, { kind: 'answers' }, QUICK, nowMs)
        } else if (one.kind === 'forced') {
          oracle.force(one.as)
          state = reduce(state, one, QUICK, nowMs)
        } else if (one.kind === 'released') {
          oracle.release()
          state = reduce(state, one, QUICK, nowMs)
        } else if (one.kind === 'ask') {
          const id = nextId++
          const { admitted } = judge(state, QUICK, nowMs)
          expect(admitted).toBe(oracle.ask(id, nowMs))
          if (admitted) {
            state = reduce(state, { kind: 'entered' }, QUICK, nowMs)
            out.push({ id, era: state.era })
          }
        } else if (out.length > 0) {
          const [ended] = out.splice(one.which % out.length, 1)
          if (!ended) continue
          oracle.end(ended.id, one.call, nowMs)
          state = reduce(state, { kind: 'ended', era: ended.era, call: one.call }, QUICK, nowMs)
        }
        reached.add(state.kind)
        expect(state.kind).toBe(oracle.state)
        if (state.kind === 'open') expect(state.waitMs).toBe(oracle.waitMs)
        if (state.kind === 'half_open') expect(state.out + state.good).toBeLessThanOrEqual(QUICK.probes)
      }
    }),
    { numRuns: cases(300) },
  )
  expect([...reached].sort()).toEqual([...BREAKER_KINDS].sort())
})

describe('[BR1] the reducer is total and pure', () => {
  const era = fc.nat({ max: 3 })
  const window = fc
    .array(call, { maxLength: 30 })
    .map((calls) =>
      calls.reduce<Window>((before, one, i) => addCall(before, one, START_MS + i * 1_000), EMPTY_WINDOW),
    )
  const measured = { era, window }
  const anyState: fc.Arbitrary<BreakerState> = fc.oneof(
    fc.record({
      kind: fc.constantFrom('closed', 'forced_open', 'forced_closed', 'metrics_only'),
      ...measured,
    }),
    fc.record({
      kind: fc.constant('open' as const),
      ...measured,
      sinceMs: fc.constant(START_MS),
      waitMs: fc.integer({ min: 1, max: 300_000 }),
      untried: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('half_open' as const),
      ...measured,
      waitMs: fc.integer({ min: 1, max: 300_000 }),
      out: fc.nat({ max: 5 }),
      good: fc.nat({ max: 4 }),
      lastOutMs: fc.constant(START_MS),
    }),
  )
  const anyEvent: fc.Arbitrary<BreakerEvent> = fc.oneof(
    fc.constant({ kind: 'entered' as const }),
    fc.constant({ kind: 'answers' as const }),
    fc.constant({ kind: 'released' as const }),
    fc.record({ kind: fc.constant('forced' as const), as: fc.constantFrom(...FORCED_KINDS) }),
    fc.record({
      kind: fc.constant('ended' as const),
      era,
      call: fc.oneof(call, fc.constant('void' as const)),
    }),
  )
  const anyTime = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((ms) => START_MS + ms)

  test('every state takes every event, changes nothing that it was given, and ends in a state of the list', () => {
    fc.assert(
      fc.property(anyState, anyEvent, anyTime, (state, event, nowMs) => {
        const before = structuredClone(state)
        const next = reduce(state, event, SETTINGS, nowMs)
        expect(state).toEqual(before)
        expect(reduce(state, event, SETTINGS, nowMs)).toEqual(next)
        expect(BREAKER_KINDS).toContain(next.kind)
        const judgement = judge(next, SETTINGS, nowMs)
        if (!judgement.admitted) expect(judgement.retryAfterMs).toBeGreaterThan(0)
      }),
    )
  })

  test('a forced breaker and one that only measures never change by themselves', () => {
    fc.assert(
      fc.property(anyState, anyEvent, anyTime, (state, event, nowMs) => {
        fc.pre(FORCED_KINDS.some((kind) => kind === state.kind))
        fc.pre(event.kind !== 'forced' && event.kind !== 'released')
        expect(reduce(state, event, SETTINGS, nowMs).kind).toBe(state.kind)
        expect(judge(state, SETTINGS, nowMs).admitted).toBe(state.kind !== 'forced_open')
      }),
    )
  })
})
