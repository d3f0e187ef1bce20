import { formatDot } from '#lib/engine/crdt/dots.ts'
import { dotsOf, nextDotNumber } from '#lib/engine/crdt/or-set.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { DottedValue, OrSetState } from '#lib/protocol/crdt.ts'

/** What a wire change of a set says, without its path. */
export interface SetDelta {
  readonly add: readonly DottedValue[]
  readonly remove: readonly string[]
}

/** Adds an element. Its new dot takes the place of those that it had, so that they don't pile up. */
export function addToSet(set: OrSetState, deviceId: string, value: Json): SetDelta {
  const dot = formatDot({ deviceId, n: nextDotNumber(set, deviceId) })
  return { add: [{ value, dot }], remove: dotsOf(set, value) }
}

/** Removes an element, as far as this replica has seen it. */
export const removeFromSet = (set: OrSetState, value: Json): SetDelta => ({
  add: [],
  remove: dotsOf(set, value),
})
