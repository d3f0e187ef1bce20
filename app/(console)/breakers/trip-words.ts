import { formatCount, formatPercent, formatRound, plural } from '#components/ui/format.ts'
import type { BreakerSettings, BreakerTransition } from '#lib/application/breakers/terms.ts'

/** A change that opened it, with what the process saw. */
export type Tripped = BreakerTransition & { readonly trip: NonNullable<BreakerTransition['trip']> }
export const isTrip = (change: BreakerTransition): change is Tripped => change.trip !== null

/** It opened by the calls of a window, and not because a trial failed. */
export const isFresh = ({ before }: Pick<BreakerTransition, 'before'>): boolean => before !== 'half_open'

/**
 * The trip that a page is about: the one of the moment that was asked for, else what shut it, however many trials failed
 * since; null for one that is closed. Pure. @param changes newest first
 */
export function tripAsked(
  { state, changes }: { readonly state: string; readonly changes: readonly BreakerTransition[] },
  at: number | 'now' | null,
): Tripped | null {
  if (at === 'now') return null
  const trips = changes.filter(isTrip)
  if (at !== null) return trips.find(({ atMs }) => atMs === at) ?? null
  return state === 'closed' ? null : (trips.find(isFresh) ?? trips[0] ?? null)
}

type Limits = Pick<BreakerSettings, 'failureRateMax' | 'slowRateMax' | 'callsMin'>

/** What it went by when it tripped; of one that is not told, what it goes by now. Pure. */
export const limitsOfTrip = (trip: Tripped | null, settings: Limits): Limits => trip?.trip.limits ?? settings

/** What part of its calls it tripped by: the failed ones, or the slow ones. Pure. */
export function shareOfTrip(
  trip: Tripped,
  settings: Limits,
): { readonly part: number; readonly calls: number; readonly what: 'failed' | 'were slow' } {
  const { calls, failures, slow } = trip.trip
  return failures / calls < limitsOfTrip(trip, settings).failureRateMax
    ? { part: slow, calls, what: 'were slow' }
    : { part: failures, calls, what: 'failed' }
}

/** Before the time of the trip: "It tripped at 5.1 %: 31 of 612 calls failed in the 60 s before". Pure. */
export function tripSentence(trip: Tripped, settings: Limits): string {
  const { calls, failures, openMs } = trip.trip
  if (!isFresh(trip))
    return `A trial call ${failures > 0 ? 'failed' : 'was slow'}, after ${plural(calls - 1, 'good one')}, and shut it for ${formatRound(openMs)} more at`
  const { part, what } = shareOfTrip(trip, settings)
  return `It tripped at ${formatPercent(part / calls)}: ${formatCount(part)} of ${plural(calls, 'call')} ${what} in the 60 s before`
}
