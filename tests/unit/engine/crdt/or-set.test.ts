import { describe, expect, it } from 'vitest'
import { checkOrSet, EMPTY_OR_SET, mergeOrSets, readOrSet } from '#lib/engine/crdt/or-set.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { OrSetState } from '#lib/protocol/crdt.ts'
import { DEVICE_A, DEVICE_B } from '#tests/support/engine-world.ts'
import type { SetDelta } from '#tests/support/or-set-edits.ts'
import { addToSet, removeFromSet } from '#tests/support/or-set-edits.ts'

const joined = (set: OrSetState, delta: SetDelta): OrSetState => {
  const checked = checkOrSet(delta)
  if (!checked.ok) throw new Error(checked.error)
  return mergeOrSets(set, checked.value)
}
const add = (set: OrSetState, deviceId: string, value: Json): OrSetState =>
  joined(set, addToSet(set, deviceId, value))

describe('or-set', () => {
  it('[CS4] an addition wins over a removal that did not see it', () => {
    const start = add(EMPTY_OR_SET, DEVICE_A, 'x')
    const again = addToSet(start, DEVICE_B, 'x')
    const gone = removeFromSet(start, 'x')
    expect(readOrSet(joined(joined(start, gone), again))).toEqual(['x'])
    expect(readOrSet(joined(joined(start, again), gone))).toEqual(['x'])
  })

  it('[CS4] a removal that comes before its addition still removes it', () => {
    const start = add(EMPTY_OR_SET, DEVICE_A, 'x')
    const gone = removeFromSet(start, 'x')
    expect(readOrSet(mergeOrSets(joined(EMPTY_OR_SET, gone), start))).toEqual([])
  })

  it('[CS4] what is removed leaves one run of numbers, however much it was', () => {
    let set: OrSetState = EMPTY_OR_SET
    for (let i = 0; i < 500; i++) {
      set = add(set, DEVICE_A, { i })
      set = add(set, DEVICE_A, { i })
      set = joined(set, removeFromSet(set, { i }))
    }
    expect(set).toEqual({ kind: 'or-set', add: [], seen: { [DEVICE_A]: [[1, 1_000]] } })
  })
})
