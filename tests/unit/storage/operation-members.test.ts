import { describe, expect, it } from 'vitest'
import { orderMembers, type Candidate } from '#lib/storage/operation-members.ts'

const letter = (id: string, createdAtMs: number, parent: string | null = null, madeAtMs = 0): Candidate => ({
  id,
  mutationId: `m-${id}`,
  parentMutationId: parent === null ? null : `m-${parent}`,
  createdAtMs,
  madeAtMs,
  behind: null,
})
const ordered = (...letters: readonly Candidate[]): string =>
  orderMembers(letters)
    .items.map(({ letterId }) => letterId)
    .join(' ')

describe('members of an operation', () => {
  it('[DL11] stand as they arrived, of those that arrived together each behind the one that it was made after', () => {
    expect(ordered(letter('c', 3), letter('a', 1), letter('b', 2))).toBe('a b c')
    expect(ordered(letter('a', 1, 'b'), letter('b', 1, 'c'), letter('c', 1), letter('d', 1, null, -1))).toBe(
      'd c b a',
    )
  })

  it('[DL11] stand behind the one that they were made after, though the clock of who took them was behind', () => {
    const parent = letter('parent', 10)
    const child = letter('child', 4, 'parent')
    const grandchild = letter('grandchild', 7, 'child')
    for (const letters of [
      [parent, child, grandchild],
      [grandchild, child, parent],
      [child, grandchild, parent],
    ])
      expect(ordered(letter('first', 5), ...letters, letter('last', 11))).toBe(
        'first parent child grandchild last',
      )
  })

  it('[DL11] that stand in a circle are members all the same', () => {
    expect(
      ordered(letter('a', 1, 'b'), letter('b', 2, 'a'))
        .split(' ')
        .toSorted(),
    ).toEqual(['a', 'b'])
  })
})
