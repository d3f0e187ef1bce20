import { expect, it } from 'vitest'
import { textOf } from '../../../bench/text/trace.ts'

it('the text of a history has its pastes, and characters outside of the Basic Multilingual Plane', () => {
  const history = [
    { at: 0, deleted: 0, inserted: 'hello' },
    { at: 5, deleted: 0, inserted: ' 🙂!' },
    { at: 1, deleted: 3, inserted: 'a' },
    { at: 6, deleted: 1, inserted: '' },
  ]
  expect(textOf(history)).toBe('hao 🙂')
})
