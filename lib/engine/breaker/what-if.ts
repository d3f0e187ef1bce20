import { isOver } from './breaker.ts'
import type { Second } from './window.ts'

/** What a breaker would go by; the same for waits and trials. Rates are shares of the window's calls. */
export interface Supposed {
  readonly failureRateMax: number
  readonly slowRateMax: number
  readonly callsMin: number
  readonly windowSeconds: number
  readonly openMs: number
  readonly openMsMax: number
  readonly probes: number
}

export interface SupposedTrip {
  /** Unix seconds. */
  readonly second: number
  readonly seconds: number
}

export interface SupposedRun {
  readonly trips: readonly SupposedTrip[]
  readonly openSeconds: number
  /** Calls of those seconds: it would have shed them. */
  readonly shed: number
  /** Of so many calls that are known. */
  readonly calls: number
  /** Failed ones that it would have kept from coming. */
  readonly failuresShed: number
}

type Phase =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly from: number; readonly until: number; readonly waitMs: number }
  | { readonly kind: 'trying'; readonly waitMs: number; readonly tried: number; readonly from: number }

/**
 * The calls of a scope, second by second and in order, against a breaker that might have been (BR2, BR3). Within a second
 * the order of calls isn't known: it trips at the end of one, and a trial is bad when any call of its seconds was. What was
 * shed in truth is in no second, so nothing is known of those times. Pure.
 */
export function suppose(seconds: readonly Second[], settings: Supposed): SupposedRun {
  const trips: SupposedTrip[] = []
  let phase: Phase = { kind: 'closed' }
  let [openSeconds, shed, calls, failuresShed, first] = [0, 0, 0, 0, 0]
  const sum = { calls: 0, failures: 0, slow: 0 }
  const leave = (index: number): void => {
    const gone = seconds[index] as Second
    sum.calls -= gone.calls
    sum.failures -= gone.failures
    sum.slow -= gone.slow
  }
  const open = (second: number, waitMs: number): Phase => {
    const until = second + 1 + Math.ceil(waitMs / 1_000)
    trips.push({ second, seconds: until - second - 1 })
    openSeconds += until - second - 1
    return { kind: 'open', from: second + 1, until, waitMs }
  }
  seconds.forEach((one, index) => {
    calls += one.calls
    if (phase.kind === 'open' && one.second < phase.until) {
      shed += one.calls
      failuresShed += one.failures
      return
    }
    if (phase.kind === 'open') phase = { kind: 'trying', waitMs: phase.waitMs, tried: 0, from: index }
    if (phase.kind === 'trying') {
      if (one.failures + one.slow > 0) {
        phase = open(one.second, Math.min(settings.openMsMax, phase.waitMs * 2))
        return
      }
      const tried: number = phase.tried + one.calls
      phase = tried >= settings.probes ? { kind: 'closed' } : { ...phase, tried }
      // It begins with an empty window.
      if (phase.kind === 'closed') {
        first = index + 1
        Object.assign(sum, { calls: 0, failures: 0, slow: 0 })
      }
      return
    }
    sum.calls += one.calls
    sum.failures += one.failures
    sum.slow += one.slow
    while (first < index && (seconds[first] as Second).second <= one.second - settings.windowSeconds)
      leave(first++)
    if (!isOver(sum, settings)) return
    phase = open(one.second, settings.openMs)
    first = index + 1
    Object.assign(sum, { calls: 0, failures: 0, slow: 0 })
  })
  return { trips, openSeconds, shed, calls, failuresShed }
}

/** Seconds of several processes, or of several words of one, as one list in order. */
export function mergedSeconds<S extends Second>(
  lists: readonly (readonly S[])[],
  add: (a: S, b: S) => S,
): readonly S[] {
  const bySecond = new Map<number, S>()
  for (const one of lists.flat()) {
    const known = bySecond.get(one.second)
    bySecond.set(one.second, known ? add(known, one) : one)
  }
  return [...bySecond.values()].sort((a, b) => a.second - b.second)
}
