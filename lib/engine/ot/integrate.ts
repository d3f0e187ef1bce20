import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { PushWork } from '../push-work.ts'
import { spend } from '../push-work.ts'
import type { OtFailure, OtType } from './ot-type.ts'

/** One operation of a path as the authority put it into its order. */
export interface LoggedOp {
  readonly revision: number
  /** The record's version that it made. */
  readonly version: number
  readonly mutationId: string
  /** As it was applied. */
  readonly ops: Json
  /** As the device made it, on its own document. */
  readonly made: Json
}

export interface Integration {
  /** The operation as it is to be applied now. */
  readonly ops: Json
  /** What the device must apply, in order, to its document with the operation: others' since its last known one. */
  readonly transformed: readonly Json[]
}

/**
 * Steps of two operations past each other for one mutation, and what they cost together (half a second at worst); one
 * that is further behind has an unknown base.
 */
export const TRANSFORMS_MAX = 10_000
export const TRANSFORM_COST_MAX = 1_000_000

/** What a step costs however small its operations are, in units of `OtType.cost`. */
const STEP_UNITS = 5

/**
 * Brings an operation from the revision that it was made on to the newest one: the server transforms (CS5). `log`
 * has every operation since, in order. Those of the mutation's own chain are what it was made on; others' are passed by
 * it and by those of the chain that come later, as the device sees them. What it costs is added to the push's `work`.
 */
export function integrate(
  type: OtType,
  log: readonly LoggedOp[],
  chain: ReadonlySet<string>,
  made: Json,
  work: PushWork,
): Result<Integration, OtFailure> {
  let own = log.filter(({ mutationId }) => chain.has(mutationId)).map((entry) => entry.made)
  const others = log.length - own.length
  if (others * (own.length + 1) > TRANSFORMS_MAX) return err('unknown_revision')
  let ops = made
  let transformed: Json[] = []
  let cost = 0
  for (const entry of log) {
    if (chain.has(entry.mutationId)) {
      // With this one's result the device was told of the others before it.
      own = own.slice(1)
      transformed = []
      continue
    }
    const mine = [...own, ops]
    const step = mine.reduce<number>((sum, op) => sum + type.cost(op, entry.ops), 0)
    spend(work, step + mine.length * STEP_UNITS)
    cost += step
    if (cost > TRANSFORM_COST_MAX) return err('unknown_revision')
    const passed = passAll(type, mine, entry.ops)
    if (!passed.ok) return passed
    own = passed.value.mine.slice(0, -1)
    ops = passed.value.mine.at(-1) as Json
    transformed.push(passed.value.theirs)
  }
  return ok({ ops, transformed })
}

/** Others' operation past all of a device's, in order, and each of those past it (TP1). The device's come first. */
export function passAll(
  type: OtType,
  mine: readonly Json[],
  theirs: Json,
): Result<{ readonly mine: readonly Json[]; readonly theirs: Json }, OtFailure> {
  let other = theirs
  const passed: Json[] = []
  for (const op of mine) {
    const next = type.transform(op, other, 'left')
    const rest = type.transform(other, op, 'right')
    if (!next.ok) return next
    if (!rest.ok) return rest
    passed.push(next.value)
    other = rest.value
  }
  return ok({ mine: passed, theirs: other })
}
