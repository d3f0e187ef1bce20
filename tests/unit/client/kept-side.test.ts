import { expect, test } from 'vitest'
import type { Collection } from '#lib/client/collection.ts'
import { boardWorld } from '#tests/support/board-world.ts'

type Step = (board: Collection, recordId: string) => Promise<unknown>

/** What a device did to a removed record before the conflict was known, what it does on top of that, and what must stand then. */
const WAITING: readonly (readonly [string, Step, Step, object])[] = [
  [
    'typing',
    (board, id) => board.text(id, 't').insert(5, ' world'),
    (board, id) => board.text(id, 't').insert(11, '!'),
    { t: 'hello world!' },
  ],
  [
    'typing in between, and removing',
    (board, id) => board.text(id, 't').insert(5, ' world'),
    async (board, id) => {
      await board.text(id, 't').insert(5, ',')
      await board.text(id, 't').delete(0, 2)
    },
    { t: 'llo, world' },
  ],
  [
    'a set',
    (board, id) => board.set(id, 's').add('c'),
    async (board, id) => {
      await board.set(id, 's').add('d')
      await board.set(id, 's').remove('a')
    },
    { s: ['b', 'c', 'd'] },
  ],
  [
    'a counter',
    (board, id) => board.counter(id, 'c').increment(2),
    (board, id) => board.counter(id, 'c').increment(3),
    { c: 6 },
  ],
]
const CASES = ['manual', 'fww'].flatMap((strategy) => WAITING.map((work) => [strategy, ...work] as const))

test.each(CASES)(
  '[CS9] [AF2] under %s, %s that waited for the desk goes on from its author’s side',
  async (strategy, _, first, then, outcome) => {
    const fieldStrategies = { '/t': 'crdt', '/s': 'crdt', '/c': 'crdt' }
    const { open, pass, syncInTurn, keepMine } = await boardWorld({ strategy, fieldStrategies })
    const [one, other] = [await open(), await open()]
    const [mine, theirs] = [one.collection('board'), other.collection('board')]
    const { recordId } = await mine.put(null, { t: 'ello', n: 1 })
    await syncInTurn(one, other)
    await mine.text(recordId, 't').insert(0, 'h')
    await mine.set(recordId, 's').add('a')
    await mine.set(recordId, 's').add('b')
    await mine.counter(recordId, 'c').increment(1)
    await syncInTurn(one, other)
    await first(mine, recordId)
    pass(1_000)
    await theirs.remove(recordId)
    await syncInTurn(other)
    await mine.patch(recordId, { set: { n: 5 } })
    await then(mine, recordId)
    await syncInTurn(one)
    await keepMine()
    await syncInTurn(one, other, one, other)
    for (const board of [mine, theirs])
      expect((await board.get(recordId))?.data).toMatchObject({ n: 5, ...outcome })
    expect([one.deadLetters$.get(), one.refusals$.get(), one.conflicts$.get()]).toEqual([[], [], []])
    for (const replica of [one, other]) await replica.close()
  },
)
