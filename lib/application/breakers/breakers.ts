import type {
  BreakerEvent,
  BreakerKind,
  BreakerSettings,
  BreakerState,
  ForcedKind,
} from '#lib/engine/breaker/breaker.ts'
import { BREAKER_SETTINGS, CLOSED, isIdle, judge, reduce } from '#lib/engine/breaker/breaker.ts'
import type { EndedCall, Second } from '#lib/engine/breaker/window.ts'
import { tally, windowAt } from '#lib/engine/breaker/window.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { BadCall, TripCause } from '#lib/storage/ports.ts'
import type { Clock, Log } from '../surroundings.ts'
import type { BreakerJournal } from './journal.ts'
import { BreakerPass } from './pass.ts'
import type { Scope } from './scopes.ts'
import { fleetOfScope } from './scopes.ts'

/** Breakers of this process. Past it an idle one makes room; without an idle one a new scope goes unguarded. */
export const BREAKERS_MAX = 10_000
const SWEPT_EVERY_MS = 1_000
export const TRIPS_KEPT_MAX = 20
/** Callers that are told the same end must not come back in the same second. */
const JITTER_MIN_MS = 1_000

export interface Refusal {
  readonly scope: Scope
  /** Already spread: each caller gets another one. */
  readonly retryAfterMs: number
}

export interface Trip {
  readonly atMs: number
  readonly openMs: number
  readonly calls: number
  readonly failures: number
  readonly slow: number
}

export interface BreakerSnapshot {
  readonly scope: Scope
  readonly state: BreakerKind
  /** Of an open one: until it tries again; 0 for the others. */
  readonly retryAfterMs: number
  readonly window: readonly Second[]
  readonly trips: readonly Trip[]
}

export interface BreakerChange {
  readonly scope: Scope
  readonly state: BreakerKind
  readonly retryAfterMs: number
}

/** What became of work behind one breaker. */
export type Guarded<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'open'; readonly refusal: Refusal }

interface Entry {
  state: BreakerState
  readonly trips: Trip[]
}

interface Deps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly onChange: (change: BreakerChange) => void
  readonly journal: BreakerJournal
  readonly settings?: BreakerSettings
}

/**
 * The breakers of this process: each trips by what this process saw itself, and is held by what people said to all (BR4,
 * BR6).
 */
export class Breakers {
  private readonly settings: BreakerSettings
  private readonly deps: Deps
  private readonly entries = new Map<Scope, Entry>()
  /** Those that are not closed: few, so that every answer can look at them. */
  private readonly troubled = new Set<Scope>()
  /** Of scopes that have their own. */
  private readonly own = new Map<Scope, BreakerSettings>()
  private sweptAtMs = -Infinity

  constructor(deps: Deps) {
    this.deps = deps
    this.settings = deps.settings ?? BREAKER_SETTINGS
  }

  /** Whether none refuses, or is tried again. */
  get areClosed(): boolean {
    return this.troubled.size === 0
  }

  settingsOf(scope: Scope): BreakerSettings {
    return this.own.get(scope) ?? this.settings
  }

  /** Settings of its own for a scope, over everybody's; none with null. */
  configure(scope: Scope, settings: Partial<BreakerSettings> | null): void {
    if (settings) this.own.set(scope, { ...this.settings, ...settings })
    else this.own.delete(scope)
  }

  /** An override holds this scope from now on (BR4); null releases it, through HALF_OPEN. */
  hold(scope: Scope, as: ForcedKind | null): void {
    const entry = this.entries.get(scope) ?? (as === null ? null : this.makeAnyway(scope))
    if (!entry) return
    this.tell(scope, entry, as === null ? { kind: 'released' } : { kind: 'forced', as })
  }

  /** One request's way through the breakers of the scopes that it uses; `end` it whatever happens. */
  begin(): BreakerPass {
    return new BreakerPass(this, this.deps.clock)
  }

  /**
   * Runs `work` as one call of `scope`, or not at all while its breaker is open. A throw, or a value that `isFailure`
   * names, is a failed call; longer than 5 s is a slow one.
   */
  async call<T>(
    scope: Scope,
    work: () => Promise<T>,
    isFailure: (value: T) => boolean = () => false,
  ): Promise<Guarded<T>> {
    const pass = this.begin()
    const refusal = pass.enter([scope])
    if (refusal) return { kind: 'open', refusal }
    let failed = true
    try {
      const value = await work()
      failed = isFailure(value)
      return { kind: 'done', value }
    } finally {
      pass.end(() => (failed ? 'failed' : 'good'))
    }
  }

  /** Why a call of this scope would be refused now; null when it would be let in. Takes no probe. */
  refusal(scope: Scope): Refusal | null {
    // A closed one refuses nothing.
    if (!this.troubled.has(scope)) return null
    const entry = this.entries.get(scope)
    const judgement = entry && judge(entry.state, this.settingsOf(scope), this.deps.clock.now())
    if (!judgement || judgement.admitted) return null
    const { retryAfterMs } = judgement
    const spreadMs = Math.max(JITTER_MIN_MS, retryAfterMs / 2) * this.deps.random()
    return { scope, retryAfterMs: Math.ceil(retryAfterMs + spreadMs) }
  }

  /** The same of a call that has come: where it is refused, it is counted as shed. */
  refuse(scope: Scope): Refusal | null {
    const refusal = this.refusal(scope)
    if (refusal) this.deps.journal.shed(scope, this.deps.clock.now())
    return refusal
  }

  /** Lets a call in that `refusal` doesn't refuse; gives the era that it must be ended with. */
  enter(scope: Scope): number {
    const entry = this.entries.get(scope)
    if (!entry) return CLOSED.era
    this.tell(scope, entry, { kind: 'entered' })
    return entry.state.era
  }

  /** A breaker comes to be with the first call that counts: a token that was never ours makes none. */
  end(scope: Scope, era: number, call: EndedCall | 'void', bad: BadCall | null = null): void {
    const entry = this.entries.get(scope) ?? (call === 'void' ? null : this.make(scope))
    if (!entry) return
    if (call !== 'void') this.deps.journal.call(scope, call, this.deps.clock.now(), bad)
    this.tell(scope, entry, { kind: 'ended', era, call })
  }

  /** Whether `scope` tripped and nothing was let in since. */
  isUntried(scope: Scope): boolean {
    const state = this.entries.get(scope)?.state
    return state?.kind === 'open' && state.untried
  }

  /** Those that would let a probe in, and that nobody has called for a while (BR7). */
  idle(isWanted: (scope: Scope) => boolean): readonly Scope[] {
    const nowMs = this.deps.clock.now()
    return [...this.troubled].filter((scope) => {
      const state = this.entries.get(scope)?.state
      return state !== undefined && isWanted(scope) && isIdle(state, nowMs)
    })
  }

  /** What `scope` guards was seen to answer again (BR7). */
  answers(scope: Scope): void {
    const entry = this.entries.get(scope)
    if (entry) this.tell(scope, entry, { kind: 'answers' })
  }

  /** The breakers that exist, for which `isWanted`, by scope. A scope without one is closed and saw no call. */
  list(isWanted: (scope: Scope) => boolean): readonly BreakerSnapshot[] {
    return [...this.entries]
      .filter(([scope]) => isWanted(scope))
      .map(([scope, entry]) => this.snapshot(scope, entry))
      .sort((a, b) => (a.scope < b.scope ? -1 : 1))
  }

  /** Those that are not closed, for which `isWanted`. */
  notClosed(isWanted: (scope: Scope) => boolean): readonly BreakerChange[] {
    const nowMs = this.deps.clock.now()
    return [...this.troubled].filter(isWanted).flatMap((scope) => {
      const state = this.entries.get(scope)?.state
      return state ? [{ scope, state: state.kind, retryAfterMs: this.leftMs(scope, state, nowMs) }] : []
    })
  }

  /** Drops those of a fleet that was removed. */
  forget(fleetId: string): void {
    for (const scope of this.entries.keys()) {
      if (fleetOfScope(scope) !== fleetId) continue
      this.entries.delete(scope)
      this.troubled.delete(scope)
    }
    for (const scope of this.own.keys()) if (fleetOfScope(scope) === fleetId) this.own.delete(scope)
    this.deps.journal.forget(fleetId)
  }

  private snapshot(scope: Scope, { state, trips }: Entry): BreakerSnapshot {
    const nowMs = this.deps.clock.now()
    return {
      scope,
      state: state.kind,
      retryAfterMs: this.leftMs(scope, state, nowMs),
      window: windowAt(state.window, nowMs),
      trips,
    }
  }

  private leftMs(scope: Scope, state: BreakerState, nowMs: number): number {
    const judgement = judge(state, this.settingsOf(scope), nowMs)
    return judgement.admitted ? 0 : judgement.retryAfterMs
  }

  private tell(scope: Scope, entry: Entry, event: BreakerEvent): void {
    const before = entry.state
    const next = reduce(before, event, this.settingsOf(scope), this.deps.clock.now())
    entry.state = next
    if (before.kind === next.kind) return
    if (next.kind === 'closed') this.troubled.delete(scope)
    else this.troubled.add(scope)
    const nowMs = this.deps.clock.now()
    const cause = next.kind === 'open' ? this.tripOf(scope, before, next, event) : null
    if (cause) {
      const { openMs, calls, failures, slow } = cause
      entry.trips.push({ atMs: nowMs, openMs, calls, failures, slow })
      if (entry.trips.length > TRIPS_KEPT_MAX) entry.trips.shift()
    }
    this.deps.journal.changed(scope, before.kind, next.kind, nowMs, cause)
    const change = { scope, state: next.kind, retryAfterMs: this.leftMs(scope, next, nowMs) }
    this.deps.log.warn('a breaker changed', { ...change, before: before.kind })
    this.deps.onChange(change)
  }

  /** A trial that failed says nothing of the window: that one is of the calls before the breaker opened. */
  private tripOf(
    scope: Scope,
    before: BreakerState,
    { waitMs: openMs, window }: Extract<BreakerState, { kind: 'open' }>,
    event: BreakerEvent,
  ): TripCause {
    const bad = this.deps.journal.badCalls(scope, this.deps.clock.now())
    if (before.kind === 'half_open' && event.kind === 'ended' && event.call !== 'void') {
      const { failed, slow } = event.call
      const calls = before.good + 1
      return { openMs, calls, failures: Number(failed), slow: Number(slow), bad: bad.slice(-1) }
    }
    const { failureRateMax, slowRateMax, callsMin } = this.settingsOf(scope)
    // It began empty when the breaker closed: what made it open before that is no part of it.
    const fromMs = (window[0]?.second ?? 0) * 1_000
    const seen = bad.filter(({ atMs }) => atMs >= fromMs)
    return { openMs, ...tally(window), bad: seen, limits: { failureRateMax, slowRateMax, callsMin } }
  }

  private make(scope: Scope): Entry | null {
    if (this.entries.size >= BREAKERS_MAX) this.sweep()
    return this.entries.size >= BREAKERS_MAX ? null : this.makeAnyway(scope)
  }

  /** What a person holds is held, however many there are. */
  private makeAnyway(scope: Scope): Entry {
    const entry: Entry = { state: CLOSED, trips: [] }
    this.entries.set(scope, entry)
    return entry
  }

  /** Forgets what is closed and saw nothing for a minute; at most once a second, since it looks at all. */
  private sweep(): void {
    const nowMs = this.deps.clock.now()
    if (nowMs - this.sweptAtMs < SWEPT_EVERY_MS) return
    this.sweptAtMs = nowMs
    for (const [scope, { state }] of this.entries) {
      if (state.kind === 'closed' && windowAt(state.window, nowMs).length === 0) this.entries.delete(scope)
    }
  }
}
