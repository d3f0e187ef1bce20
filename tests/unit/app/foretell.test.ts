import { expect, test } from 'vitest'
import { foretoldOf } from '#app/(console)/dead-letters/foretell.ts'
import type { Preview } from '#lib/application/operations/preview-operation.ts'

const item = (letterId: string, outcome: 'applied' | 'held', code: string | null = null) => ({
  ordinal: 1,
  letterId,
  behind: null,
  outcome,
  code,
  detail: code && 'why',
})
const preview = (parts: Partial<Preview>): Preview => ({
  matched: 1,
  total: 1,
  looked: 1,
  counts: [],
  items: [],
  assumesAuthority: false,
  ...parts,
})

test('a replay of one letter is foretold by its own outcome; what is held behind it is counted apart', () => {
  const items = [item('a', 'applied'), item('b', 'applied'), item('c', 'held', 'parent_dead_lettered')]
  const counts = [
    { outcome: 'applied', code: null, count: 2 },
    { outcome: 'held', code: 'parent_dead_lettered', count: 1 },
  ] as const
  expect(foretoldOf('a', preview({ items, counts }))).toEqual({
    outcome: 'applied',
    code: null,
    detail: null,
    behind: [{ ...counts[0], count: 1 }, counts[1]],
    assumesAuthority: false,
  })
})

test('one alone has nothing behind it, and one that was settled meanwhile is not foretold', () => {
  const alone = preview({
    items: [item('a', 'held', 'x')],
    counts: [{ outcome: 'held', code: 'x', count: 1 }],
    assumesAuthority: true,
  })
  expect(foretoldOf('a', alone)).toMatchObject({ detail: 'why', behind: [], assumesAuthority: true })
  expect(foretoldOf('b', alone)).toBeNull()
})
