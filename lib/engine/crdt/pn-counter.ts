import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { PnCounterState, Totals } from '#lib/protocol/crdt.ts'
import { checkTotals, mergeTotals, sumTotals, totalOf } from './totals.ts'

/** A counter that goes both ways: what each device has added (`p`) and taken away (`n`) in all. */
export const EMPTY_PN_COUNTER: PnCounterState = { kind: 'pn-counter', state: { p: {}, n: {} } }

export function checkPnCounter(change: {
  readonly state: { readonly p?: Totals | undefined; readonly n?: Totals | undefined }
}): Result<PnCounterState, 'bad_total'> {
  const p = checkTotals(change.state.p ?? {})
  const n = checkTotals(change.state.n ?? {})
  if (!p.ok || !n.ok) return err('bad_total')
  return ok({ kind: 'pn-counter', state: { p: p.value, n: n.value } })
}

export const mergePnCounters = (a: PnCounterState, b: PnCounterState): PnCounterState => ({
  kind: 'pn-counter',
  state: { p: mergeTotals(a.state.p, b.state.p), n: mergeTotals(a.state.n, b.state.n) },
})

export const readPnCounter = ({ state }: PnCounterState): number =>
  Number(sumTotals(state.p) - sumTotals(state.n))

/** The delta-state of adding `by`, a whole number of either sign (see `countUp`). */
export function countBy(
  counter: PnCounterState,
  deviceId: string,
  by: number,
): Result<PnCounterState, 'bad_total'> {
  const side = by < 0 ? 'n' : 'p'
  const total = totalOf(counter.state[side], deviceId) + Math.abs(by)
  if (!Number.isSafeInteger(by) || !Number.isSafeInteger(total)) return err('bad_total')
  const own = total === 0 ? {} : { [deviceId]: total }
  const state = side === 'p' ? { p: own, n: {} } : { p: {}, n: own }
  return ok({ kind: 'pn-counter', state })
}
