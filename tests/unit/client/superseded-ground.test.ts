import { expect, test } from 'vitest'
import type { Json } from '#lib/kernel/json.ts'
import { boardWorld } from '#tests/support/board-world.ts'

/** What stands, what is made of it and is superseded by a removal, and what is put on top of that. */
const VALUES: readonly (readonly [Json, Json, Json])[] = [
  ['hello', 'hello world', 'X hello world'],
  ['hello', 'hello world', 'a whole new text'],
  [['a'], ['a', 'b'], ['x', 'a', 'b']],
  [
    [{ id: 1, n: 1 }],
    [
      { id: 1, n: 1 },
      { id: 2, n: 2 },
    ],
    [
      { id: 0, n: 0 },
      { id: 1, n: 1 },
      { id: 2, n: 2 },
    ],
  ],
  [{ a: 1 }, { a: 1, b: 2 }, { a: 1, b: 2, c: 3 }],
]
const CASES = ['lww', 'field-merge'].flatMap((strategy) =>
  ['ot', 'crdt'].flatMap((ofField) =>
    VALUES.filter(([was]) => ofField === 'ot' || !Array.isArray(was)).map(
      (values) => [strategy, ofField, values] as const,
    ),
  ),
)

test.each(CASES)(
  '[CS9] [AF2] %s with a field under %s: a put that wins stands whole, also on top of what was superseded: %j',
  async (strategy, ofField, [was, edited, written]) => {
    const { open, pass, syncInTurn } = await boardWorld({ strategy, fieldStrategies: { '/t': ofField } })
    const [one, other] = [await open(), await open()]
    const [mine, theirs] = [one.collection('board'), other.collection('board')]
    await one.sync()
    const { recordId } = await mine.put(null, { t: was, n: 1 })
    await syncInTurn(one, other, one)
    pass(1_000)
    await mine.patch(recordId, { set: { t: edited } })
    pass(1_000)
    await theirs.remove(recordId)
    pass(1_000)
    await mine.put(recordId, { t: written, n: 2 })
    await syncInTurn(other, one, other, one)
    for (const notes of [mine, theirs])
      expect((await notes.get(recordId))?.data).toEqual({ t: written, n: 2 })
    expect([one.deadLetters$.get(), one.conflicts$.get()]).toEqual([[], []])
    for (const replica of [one, other]) await replica.close()
  },
)
