import { expect, test } from 'vitest'
import { remembered } from '#lib/engine/crdt/remembered.ts'

function counted() {
  const asked: string[] = []
  const shout = remembered((texts) => {
    asked.push(texts.join('+'))
    return { said: texts.join('+') }
  })
  return { shout, asked }
}

test('what was asked for lately is made once, for the same texts in the same order', () => {
  const { shout, asked } = counted()
  const first = shout(['a', 'b'])
  expect(shout([['a'].join(''), 'b'])).toBe(first)
  expect(shout(['b', 'a'])).toEqual({ said: 'b+a' })
  expect(shout(['a', 'b'])).toBe(first)
  expect(asked).toEqual(['a+b', 'b+a'])
})

test('the oldest of more than eight is made again', () => {
  const { shout, asked } = counted()
  for (const text of ['1', '2', '3', '4', '5', '6', '7', '8', '1', '9', '1', '3', '2']) shout([text])
  expect(asked.join(' ')).toBe('1 2 3 4 5 6 7 8 9 1 2')
})

test('texts of a million characters in all are kept, and none that is longer', () => {
  const { shout, asked } = counted()
  const half = 'x'.repeat(512 * 1024)
  const [a, b, c, long] = [`${half.slice(1)}a`, `${half.slice(1)}b`, `${half.slice(1)}c`, half + half + half]
  for (const text of [a, b, a, c, b, a]) shout([text])
  expect(asked.map((text) => text.at(-1))).toEqual(['a', 'b', 'c', 'a'])
  shout([long])
  shout([long])
  expect(asked.filter((text) => text === long)).toHaveLength(2)
})
