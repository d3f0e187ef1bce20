import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { GCounterState, Totals } from '#lib/protocol/crdt.ts'
import { checkTotals, mergeTotals, sumTotals, totalOf } from './totals.ts'

/** A counter that only grows: each device counts for itself, and the sum is what it reads. */
export const EMPTY_G_COUNTER: GCounterState = { kind: 'g-counter', state: {} }

export function checkGCounter(change: { readonly state: Totals }): Result<GCounterState, 'bad_total'> {
  const totals = checkTotals(change.state)
  return totals.ok ? ok({ kind: 'g-counter', state: totals.value }) : totals
}

export const mergeGCounters = (a: GCounterState, b: GCounterState): GCounterState => ({
  kind: 'g-counter',
  state: mergeTotals(a.state, b.state),
})

export const readGCounter = ({ state }: GCounterState): number => Number(sumTotals(state))

/**
 * The delta-state of counting `by` more (a whole number, at least 0): the device's own new total.
 * A device makes it from the newest state that it has, its own pending changes included.
 */
export function countUp(
  counter: GCounterState,
  deviceId: string,
  by: number,
): Result<GCounterState, 'bad_total' | 'decreases'> {
  if (by < 0) return err('decreases')
  const total = totalOf(counter.state, deviceId) + by
  if (!Number.isSafeInteger(by) || !Number.isSafeInteger(total)) return err('bad_total')
  return ok({ kind: 'g-counter', state: total === 0 ? {} : { [deviceId]: total } })
}
