import { expect, test } from 'vitest'
import {
  ALL,
  extend,
  isTooMany,
  NONE,
  selectionWords,
  toggle,
  togglePage,
  type Selection,
} from '#app/(console)/dead-letters/letter-selection.ts'

const PAGE = ['a', 'b', 'c', 'd', 'e']
const ids = (selection: Selection) =>
  selection.kind === 'all' ? 'all' : [...selection.ids].toSorted().join('')
const words = (selection: Selection, matching = 48_213) =>
  selectionWords(selection, { page: PAGE, matching }, (count) => count.toLocaleString('en'))

test('all that match is not all on this page, and each says so', () => {
  expect(words(NONE)).toBe('5 on this page · 48,213 matching')
  expect(words(toggle(NONE, PAGE, 'b'))).toBe('1 of 48,213 selected')
  const page = togglePage(NONE, PAGE)
  expect(words(page)).toBe('All 5 on this page selected · 48,213 matching')
  expect(words(page, 5)).toBe('All 5 on this page selected')
  expect(words(ALL)).toBe('All 48,213 matching selected')
  expect(words(toggle(page, ['z'], 'z'))).toBe('6 selected, 5 of them on this page')
})

test('a range goes from the last one that was chosen, either way', () => {
  const b = toggle(NONE, PAGE, 'b')
  expect(ids(extend(b, PAGE, 'd'))).toBe('bcd')
  expect(ids(extend(extend(b, PAGE, 'd'), PAGE, 'a'))).toBe('abcd')
  expect(ids(extend(NONE, PAGE, 'c'))).toBe('c')
  // The last one was on another page.
  expect(ids(extend(toggle(NONE, ['z'], 'z'), PAGE, 'c'))).toBe('cz')
})

test('one taken out of all that match leaves the others of this page, named one by one', () => {
  expect(ids(toggle(ALL, PAGE, 'c'))).toBe('abde')
  expect(ids(togglePage(ALL, PAGE))).toBe('')
  expect(ids(togglePage(togglePage(NONE, PAGE), PAGE))).toBe('')
})

test('more than an operation names by hand is said', () => {
  const many: Selection = {
    kind: 'some',
    ids: new Set(Array.from({ length: 101 }, (_, n) => `${n}`)),
    anchor: null,
  }
  expect([isTooMany(many), isTooMany(ALL), isTooMany(NONE)]).toEqual([true, false, false])
})
