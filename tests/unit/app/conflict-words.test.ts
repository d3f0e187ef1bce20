import { expect, test } from 'vitest'
import { conflictWords } from '#app/(console)/sessions/conflict-words.ts'
import { fieldValue } from '#components/ui/field-value.ts'

const settled = { status: 'resolved', outcome: 'local', fields: ['/speed', '/note'], closure: null } as const

test('a conflict says who won, and over what', () => {
  expect(conflictWords(settled)).toBe('This device won over speed, note.')
  expect(conflictWords({ ...settled, outcome: 'remote', fields: [''] })).toBe(
    'The server’s side won over the whole record; the change had no effect there.',
  )
  expect(conflictWords({ ...settled, outcome: 'merge', fields: [] })).toBe('Both sides were merged.')
  expect(conflictWords({ ...settled, outcome: 'merge' })).toBe(
    'Both sides were merged; both had changed speed, note.',
  )
  const many = ['/a', '/b', '/c', '/d', '/e']
  expect(conflictWords({ ...settled, status: 'open', outcome: 'manual', fields: many })).toBe(
    'Nobody has won yet: a person has to choose over a, b, c, d and 1 more field.',
  )
  const closure = { mutationId: 'm', kept: 'theirs', version: 3, atMs: 1 } as const
  expect(conflictWords({ ...settled, outcome: 'manual', closure })).toBe(
    'A person kept the side of the server over speed, note.',
  )
})

test('a field stands with what it became', () => {
  expect(fieldValue({ 'a/b': [1] }, '/a~1b')).toEqual({ name: 'a/b', text: '[1]' })
  expect(fieldValue({}, '/gone')).toEqual({ name: 'gone', text: 'absent' })
  expect(fieldValue({}, '')).toBeNull()
  expect(fieldValue({ a: { b: 1 } }, '/a/b')).toBeNull()
})
