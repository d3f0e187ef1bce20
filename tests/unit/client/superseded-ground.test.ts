import { expect, test } from 'vitest'
import type { Collection } from '#lib/client/collection.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
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

type Step = (notes: Collection, recordId: string) => Promise<unknown>
const type =
  (field: string, at: number, text: string): Step =>
  (notes, id) =>
    notes.text(id, field).insert(at, text)
const patch =
  (set: JsonObject): Step =>
  (notes, id) =>
    notes.patch(id, { set })
const insert: Step = (notes, id) => notes.json(id, 'l').insert([0], { id: 9 })
const increment: Step = (notes, id) => notes.counter(id, 'c').increment(5)
const add: Step = (notes, id) => notes.set(id, 's').add('x')

/** What is superseded by a removal, and the newest change of all on top of it. */
const CHAINS: readonly (readonly [string, 'ot' | 'crdt', readonly Step[], Step])[] = [
  ['typing, typing there', 'ot', [type('t', 5, ' world')], type('t', 11, '!')],
  ['typing, deleting it', 'ot', [type('t', 5, ' world')], (notes, id) => notes.text(id, 't').delete(5, 6)],
  ['typing, typing elsewhere', 'ot', [type('t', 5, ' world')], type('u', 0, 'W')],
  ['an item, its removal', 'ot', [insert], (notes, id) => notes.json(id, 'l').remove([0])],
  ['an item and typing, typing', 'ot', [insert, type('u', 0, 'W')], type('t', 5, '!')],
  ['typing, a patch', 'ot', [type('t', 5, ' world')], patch({ n: 2 })],
  ['a patch, typing', 'ot', [patch({ t: 'hello world' })], type('t', 11, '!')],
  ['typing, typing there', 'crdt', [type('t', 5, ' world')], type('t', 11, '!')],
  ['typing, a patch', 'crdt', [type('t', 5, ' world')], patch({ n: 2 })],
  ['typing, a patch of it', 'crdt', [type('t', 5, ' world')], patch({ t: 'hello world!' })],
  ['a patch, a count', 'crdt', [patch({ t: 'hello world', n: 2 })], increment],
  ['a count and a value, a patch', 'crdt', [increment, add], patch({ n: 2 })],
]

test.each(['lww', 'field-merge'].flatMap((strategy) => CHAINS.map((chain) => [strategy, ...chain] as const)))(
  '[CS9] [AF2] %s: %s (%s): what wins over a removal brings along what its author had, in either order of arrival',
  async (strategy, _, ofField, superseded, last) => {
    for (const isEditFirst of [true, false]) {
      const fields = ofField === 'ot' ? ['/t', '/u', '/l'] : ['/t', '/u', '/c', '/s']
      const fieldStrategies = Object.fromEntries(fields.map((field) => [field, ofField]))
      const { open, pass, syncInTurn } = await boardWorld({ strategy, fieldStrategies })
      const [one, other] = [await open(), await open()]
      const [mine, theirs] = [one.collection('board'), other.collection('board')]
      await one.sync()
      const { recordId } = await mine.put(null, { t: 'ello', u: 'you', n: 1, l: [{ id: 1 }], c: 0, s: ['a'] })
      await syncInTurn(one, other, one)
      // Both texts and the list have a log from here on.
      await mine.text(recordId, 't').insert(0, 'h')
      await mine.text(recordId, 'u').insert(0, '1')
      if (ofField === 'ot') await mine.json(recordId, 'l').insert([1], { id: 2 })
      await syncInTurn(one, other, one)
      for (const step of superseded) {
        pass(1_000)
        await step(mine, recordId)
      }
      pass(1_000)
      await theirs.remove(recordId)
      pass(1_000)
      await last(mine, recordId)
      const own = (await mine.get(recordId))?.data
      await syncInTurn(...(isEditFirst ? [one, other] : [other, one]), one, other, one)
      for (const notes of [mine, theirs]) expect((await notes.get(recordId))?.data).toEqual(own)
      expect([one.deadLetters$.get(), one.conflicts$.get()]).toEqual([[], []])
      for (const replica of [one, other]) await replica.close()
    }
  },
)

test.each(['manual', 'fww'])(
  '[CS6] %s: a change of a CRDT that meets a removal shows no document of its own making, and its side is whole for whoever decides',
  async (strategy) => {
    const { open, pass, syncInTurn, rows } = await boardWorld({ strategy, fieldStrategies: { '/t': 'crdt' } })
    const [one, other] = [await open(), await open()]
    const mine = one.collection('board')
    await one.sync()
    const { recordId } = await mine.put(null, { t: 'hello', n: 1 })
    await syncInTurn(one, other, one)
    await other.collection('board').remove(recordId)
    pass(1_000)
    await mine.text(recordId, 't').insert(5, ' world')
    await syncInTurn(other, one)
    expect(await mine.get(recordId)).toBeNull()
    expect(one.conflicts$.get()).toHaveLength(1)
    expect((await rows()).map(({ local }) => local)).toEqual([{ t: 'hello world', n: 1 }])
    for (const replica of [one, other]) await replica.close()
  },
)
