import type { BreakerKind } from '#lib/engine/breaker/breaker.ts'
import type { EndedCall } from '#lib/engine/breaker/window.ts'
import { WINDOW_SECONDS } from '#lib/engine/breaker/window.ts'
import type {
  BadCall,
  BreakerMinute,
  BreakerTransition,
  CountedSecond,
  ToldScope,
  TripCause,
} from '#lib/storage/ports.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Scope } from './scopes.ts'
import { fleetOfScope } from './scopes.ts'

/** What processes tell of breakers is kept so long; of one that ended people look for its last word for a while. */
export const BREAKER_LIFE_MS = {
  minute: 48 * 3_600_000,
  change: 35 * 86_400_000,
  process: 3_600_000,
  /** Of a scope without settings of its own: long after the last override that it may tell of has ended. */
  control: 35 * 86_400_000,
} as const
/** Scopes that are counted second by second; the calls of others are in no chart. */
export const SCOPES_COUNTED_MAX = 1_000
/** Seconds that wait for a database that is away; older ones are lost. */
const SECONDS_KEPT = 600
/** Bad calls that are remembered of a scope: what a trip is explained by. */
const BAD_KEPT_MAX = 20
/** Changes that wait for a database that is away; older ones are lost. */
export const TRANSITIONS_KEPT_MAX = 1_000
const MINUTE_MS = 60_000

interface Counts {
  /** Oldest first. */
  seconds: { -readonly [K in keyof CountedSecond]: CountedSecond[K] }[]
  bad: BadCall[]
  /** The oldest second that was counted and not written. */
  unwritten: number | null
}

type Deps = Pick<Surroundings, 'storage' | 'processId' | 'ids'>

/** What this process saw of its breakers, second by second, until it is written. */
export class BreakerJournal {
  private readonly deps: Deps
  private readonly scopes = new Map<Scope, Counts>()
  private transitions: BreakerTransition[] = []

  constructor(deps: Deps) {
    this.deps = deps
  }

  /** A call that ended; `bad` tells of one that failed or was slow. */
  call(scope: Scope, { failed, slow }: EndedCall, nowMs: number, bad: BadCall | null): void {
    const counts = this.countsOf(scope)
    if (!counts) return
    const second = secondOf(counts, nowMs)
    second.calls += 1
    second.failures += Number(failed)
    second.slow += Number(slow)
    if (!bad) return
    counts.bad.push(bad)
    if (counts.bad.length > BAD_KEPT_MAX) counts.bad.shift()
  }

  /** A call that was refused: it counts for nothing but its number. */
  shed(scope: Scope, nowMs: number): void {
    const counts = this.countsOf(scope)
    if (counts) secondOf(counts, nowMs).shed += 1
  }

  changed(scope: Scope, before: BreakerKind, after: BreakerKind, atMs: number, trip: TripCause | null): void {
    const { ids, processId } = this.deps
    this.transitions.push({
      id: ids(),
      scope,
      fleetId: fleetOfScope(scope),
      processId,
      atMs,
      before,
      after,
      trip,
    })
    if (this.transitions.length > TRANSITIONS_KEPT_MAX) this.transitions.shift()
  }

  /** The bad calls of the last minute that are remembered. */
  badCalls(scope: Scope, nowMs: number): readonly BadCall[] {
    const fromMs = nowMs - WINDOW_SECONDS * 1_000
    return (this.scopes.get(scope)?.bad ?? []).filter(({ atMs }) => atMs > fromMs)
  }

  /** What came in the last minute; null when nothing did. */
  minute(scope: Scope, nowMs: number): Omit<ToldScope, 'state'> | null {
    const from = Math.floor(nowMs / 1_000) - WINDOW_SECONDS + 1
    const seconds = (this.scopes.get(scope)?.seconds ?? []).filter(({ second }) => second >= from)
    const sum = (key: 'calls' | 'failures' | 'shed'): number =>
      seconds.reduce((total, one) => total + one[key], 0)
    return seconds.length === 0 ? null : { calls: sum('calls'), failures: sum('failures'), shed: sum('shed') }
  }

  /** False for a scope that came when as many as are counted were: nothing is known of its calls. */
  counts(scope: Scope): boolean {
    return this.scopes.has(scope) || this.scopes.size < SCOPES_COUNTED_MAX
  }

  /** Writes what was counted and what changed since the last time. Nothing is given up when it fails. */
  async flush(nowMs: number): Promise<void> {
    const minutes = this.minutes()
    // A copy: what changes while it is being written comes next time.
    const transitions = [...this.transitions]
    if (minutes.length === 0 && transitions.length === 0) return this.prune(nowMs)
    const written = new Map([...this.scopes].map(([scope, { unwritten }]) => [scope, unwritten]))
    await this.deps.storage.breakers.note(minutes, transitions)
    const told = new Set(transitions)
    this.transitions = this.transitions.filter((one) => !told.has(one))
    const current = Math.floor(nowMs / 1_000)
    for (const [scope, counts] of this.scopes)
      // The second that runs may still grow.
      if (written.get(scope) === counts.unwritten)
        counts.unwritten = lastSecond(counts) >= current ? current : null
    this.prune(nowMs)
  }

  /** Drops those of a fleet that was removed. */
  forget(fleetId: string): void {
    for (const scope of this.scopes.keys()) if (fleetOfScope(scope) === fleetId) this.scopes.delete(scope)
  }

  private minutes(): readonly BreakerMinute[] {
    return [...this.scopes].flatMap(([scope, { seconds, unwritten }]) => {
      if (unwritten === null) return []
      const first = unwritten - (unwritten % 60)
      const byMinute = new Map<number, CountedSecond[]>()
      for (const counted of seconds.filter(({ second }) => second >= first)) {
        const minuteMs = Math.floor(counted.second / 60) * MINUTE_MS
        byMinute.set(minuteMs, [...(byMinute.get(minuteMs) ?? []), { ...counted }])
      }
      const { processId } = this.deps
      return [...byMinute].map(([minuteMs, counted]) => ({
        scope,
        fleetId: fleetOfScope(scope),
        processId,
        minuteMs,
        seconds: counted,
      }))
    })
  }

  private prune(nowMs: number): void {
    const from = Math.floor(nowMs / 1_000) - SECONDS_KEPT
    for (const [scope, counts] of this.scopes) {
      if ((counts.seconds[0]?.second ?? Infinity) < from)
        counts.seconds = counts.seconds.filter(({ second }) => second >= from)
      if (counts.seconds.length === 0) this.scopes.delete(scope)
    }
  }

  private countsOf(scope: Scope): Counts | null {
    const known = this.scopes.get(scope)
    if (known) return known
    if (this.scopes.size >= SCOPES_COUNTED_MAX) return null
    const counts: Counts = { seconds: [], bad: [], unwritten: null }
    this.scopes.set(scope, counts)
    return counts
  }
}

const lastSecond = ({ seconds }: Counts): number => seconds.at(-1)?.second ?? -Infinity

/** A clock that is set back counts into the newest second. */
function secondOf(counts: Counts, nowMs: number): Counts['seconds'][number] {
  const now = Math.floor(nowMs / 1_000)
  const last = counts.seconds.at(-1)
  if (last && last.second >= now && last.second - now < SECONDS_KEPT) {
    counts.unwritten ??= last.second
    return last
  }
  if (last && last.second > now) counts.seconds = []
  const second = { second: now, calls: 0, failures: 0, slow: 0, shed: 0 }
  counts.seconds.push(second)
  counts.unwritten ??= now
  return second
}
