import { expect, test } from 'vitest'
import { boardWorld } from '#tests/support/board-world.ts'

const LONG = 'what somebody else writes in the meantime, and at some length'

test.each([
  ['crdt', '<<', '>>'],
  ['ot', '<<', '>>'],
  // No word stays as it was, and more comes than what stays is long.
  ['crdt', `${LONG}🎈`, `🎈${LONG}`],
  ['ot', `${LONG}🎈`, `🎈${LONG}`],
] as const)(
  '[CS5] under %s a cursor between two places that another device writes in at once stays at its word',
  async (strategy, front, end) => {
    const { open, syncInTurn } = await boardWorld({ strategy })
    const [one, two] = [await open(), await open()]
    await one.sync()
    const { recordId } = await one.collection('board').put(null, { t: '' })
    await syncInTurn(one)
    await one.collection('board').text(recordId, 't').insert(0, 'one two 😀three')
    await syncInTurn(one, two)
    const body = two.collection('board').text(recordId, 't')
    const seen = await body.value()
    const theirs = one.collection('board').text(recordId, 't')
    await theirs.insert(seen.length, end)
    await theirs.insert(0, front)
    await syncInTurn(one, two)
    const value = `${front}${seen}${end}`
    const positions = [0, 4, 7, 8, 10, seen.length].map((at) => at + front.length)
    positions[positions.length - 1] = value.length
    expect(await body.follow(seen, [0, 4, 7, 8, 10, seen.length])).toEqual({ value, positions })
    for (const replica of [one, two]) await replica.close()
  },
)
