/** The states of one breaker over time, one lane for each process that changed. Pure; times are epoch ms. */
import { placer } from '#components/charts/prepare.ts'
import { timeTicks, type TimeTick } from '#components/charts/ticks.ts'
import type { BreakerKind } from '#lib/engine/breaker/breaker.ts'

export type StateChange = { lane: string; atMs: number; before: BreakerKind; after: BreakerKind }
export type StatesInput = { fromMs: number; toMs: number; changes: readonly StateChange[]; zone: string }

export type Stretch = { state: BreakerKind; leftPct: number; widthPct: number; fromMs: number; toMs: number }
export type Lane = { name: string; stretches: Stretch[] }
export type PreparedStates = { lanes: Lane[]; leftOut: number; xTicks: TimeTick[] }

/** More processes than these are told by their number. */
export const LANES_MAX = 6

/** What was before the first change of a lane is what that change says it was. */
export function prepareStates({ fromMs, toMs, changes, zone }: StatesInput): PreparedStates {
  const byLane = new Map<string, StateChange[]>()
  for (const change of changes.toSorted((a, b) => a.atMs - b.atMs))
    byLane.set(change.lane, [...(byLane.get(change.lane) ?? []), change])
  const lanes = [...byLane]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({ name, stretches: stretchesOf(own, fromMs, toMs) }))
  return {
    lanes: lanes.slice(0, LANES_MAX),
    leftOut: Math.max(0, lanes.length - LANES_MAX),
    xTicks: timeTicks(fromMs, toMs, zone),
  }
}

function stretchesOf(changes: readonly StateChange[], fromMs: number, toMs: number): Stretch[] {
  const place = placer(fromMs, toMs)
  const first = changes[0]
  if (first === undefined) return []
  const starts = [
    { atMs: -Infinity, state: first.before },
    ...changes.map(({ atMs, after }) => ({ atMs, state: after })),
  ]
  return starts.flatMap(({ atMs, state }, index) => {
    const start = Math.max(fromMs, atMs)
    const end = Math.min(toMs, starts[index + 1]?.atMs ?? toMs)
    if (end <= start) return []
    const leftPct = place(start)
    return [
      { state, leftPct, widthPct: Math.round((place(end) - leftPct) * 100) / 100, fromMs: start, toMs: end },
    ]
  })
}
