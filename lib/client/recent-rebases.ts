import type { Json } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import type { CrdtGround, OwnChange } from './crdt-parts.ts'

/** What the last calls looked at and made: each may hold the CRDTs and the document of a record, 1.3 million characters at the most. */
const KEPT = 4

interface Rebased {
  readonly start: CrdtGround
  readonly own: readonly OwnChange[]
  readonly made: CrdtGround
  /** Each of the changes made something of the ground. */
  readonly allFit: boolean
}

let kept: readonly Rebased[] = []

/**
 * The own changes on top, in order. It goes on from what the first ones of them came to a moment ago: while a device is offline
 * more and more of them wait, and each call and each look would join them all anew. What is given was read from the store, so
 * it is compared by what it says.
 * @param step gives the same for the same, and nobody changes what it gives; the ground itself for what doesn't fit
 */
export function rebasedOn(
  start: CrdtGround,
  own: readonly OwnChange[],
  step: (ground: CrdtGround, change: OwnChange) => CrdtGround,
): CrdtGround {
  let last = longestKnown(start, own) ?? { start, own: [], made: start, allFit: true }
  for (const change of own.slice(last.own.length)) {
    const made = step(last.made, change)
    last = { ...last, own: [...last.own, change], made, allFit: last.allFit && made !== last.made }
    keep(last)
  }
  return last.made
}

/** Two changes that wait, one behind the other, became one, which comes to the same where both fit. */
export function noteJoined(
  first: readonly CrdtChange[],
  second: readonly CrdtChange[],
  both: readonly CrdtChange[],
): void {
  const isLast = (changes: readonly CrdtChange[], change: OwnChange | undefined): boolean =>
    change?.op.type === 'crdt' && jsonEqual(asJson(change.op.changes), asJson(changes))
  const known = kept.find(
    ({ own, allFit }) => allFit && isLast(second, own.at(-1)) && isLast(first, own.at(-2)),
  )
  if (!known) return
  const joined: OwnChange = { op: { type: 'crdt', changes: both }, hlc: '' }
  keep({ ...known, own: [...known.own.slice(0, -2), joined] })
}

function keep(rebased: Rebased): void {
  kept = [rebased, ...kept.slice(0, KEPT - 1)]
}

function longestKnown(start: CrdtGround, own: readonly OwnChange[]): Rebased | undefined {
  return kept
    .filter((one) => one.own.length <= own.length && one.own.every((change, i) => isSame(change, own[i])))
    .sort((a, b) => b.own.length - a.own.length)
    .find((one) => isSameGround(one.start, start))
}

const isSame = (a: OwnChange, b: OwnChange | undefined): boolean =>
  b !== undefined &&
  // What a CRDT is told stands in the changes.
  (a.op.type === 'crdt' || a.hlc === b.hlc) &&
  jsonEqual(asJson(a.op), asJson(b.op))

const isSameGround = (a: CrdtGround, b: CrdtGround): boolean => a === b || jsonEqual(saidBy(a), saidBy(b))

const saidBy = ({ rules, data, states, hlc, written, leftPlain, writes = 0 }: CrdtGround): Json => [
  rules.strategy,
  rules.fieldStrategies,
  data,
  asJson(states),
  hlc,
  [...written],
  [...(leftPlain ?? [])],
  writes,
]

const asJson = (value: object): Json => value as Json
