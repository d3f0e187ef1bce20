import fc from 'fast-check'
import { expect, test } from 'vitest'
import { depthWithin, type Json } from '#lib/kernel/json.ts'
import { fieldName, topField } from '#lib/protocol/field-name.ts'
import { fromPointer, toPointer, valueAt } from '#lib/kernel/json-pointer.ts'

test('a pointer leads back to the path that it was made of, whatever stands in the names', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('~', '/', '0', '1', 'a', '*', '') })), (path) => {
      expect(fromPointer(toPointer(path))).toEqual(path)
    }),
  )
  for (const none of ['a', 'a/b', '/~', '/~2']) expect(fromPointer(none)).toBeNull()
})

test.each([
  ['', ''],
  ['/damage/costs/*', 'damage.costs[]'],
  ['/a~1b/c~0d', 'a/b.c~d'],
  ['no pointer', 'no pointer'],
])('people read %o as %o', (pointer, name) => expect(fieldName(pointer)).toBe(name))

test('the top-level field of a place', () => {
  expect(['/a~1b/c', '/x', '', '/', 'x'].map(topField)).toEqual(['a/b', 'x', null, null, null])
})

test('an index has no leading zero, and names are own ones', () => {
  const document = { list: ['a', 'b'], object: { '01': 1 } }
  expect(['/list/1', '/list/01', '/list/2', '/object/01'].map((at) => valueAt(document, at))).toEqual([
    'b',
    undefined,
    undefined,
    1,
  ])
  expect(valueAt(document, '/object/constructor')).toBeUndefined()
  expect(valueAt(null, '/list')).toBeUndefined()
})

test('depth is told of any nesting, without looking deeper than asked', () => {
  let deep: Json = []
  for (let n = 0; n < 200_000; n++) deep = [deep]
  expect([depthWithin(deep, 32), depthWithin([[1]], 2), depthWithin([[1]], 1)]).toEqual([false, true, false])
})
