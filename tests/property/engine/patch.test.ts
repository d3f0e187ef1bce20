import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyOperation, comparePaths } from '#lib/engine/patch.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import { patch } from '#tests/support/engine-world.ts'

const SEGMENTS = ['0', '1', '2', '9', '10', '11', '01', '1a', '2a', '1e', '-', '-1', 'a', '~1', '']
const paths = fc.array(fc.constantFrom(...SEGMENTS), { minLength: 1, maxLength: 4 })
const documents = fc.constantFrom<JsonObject>(
  {},
  { a: [1, 2, 3], '1': { '2': [0] }, '10': [[], {}] },
  { '9': { a: 1 }, '-': [], '2a': { '10': 1 } },
)

const resultOf = (
  document: JsonObject,
  set: readonly [string, number][],
  unset: readonly string[],
): string => {
  const result = applyOperation(document, patch(Object.fromEntries(set), unset))
  return result.ok ? canonicalJson(result.value) : result.error.code
}

describe('the order of a patch', () => {
  it('[PA4] paths have a total order: antisymmetric, transitive, 0 for equal ones alone', () => {
    fc.assert(
      fc.property(paths, paths, paths, (a, b, c) => {
        expect(Math.sign(comparePaths(a, b))).toBe(-Math.sign(comparePaths(b, a)) + 0)
        expect(comparePaths(a, b) === 0).toBe(toPointer(a) === toPointer(b))
        if (comparePaths(a, b) <= 0 && comparePaths(b, c) <= 0)
          expect(comparePaths(a, c)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 20_000 },
    )
  })

  it('[PA4] the order of keys never changes the result', () => {
    const cases = fc
      .uniqueArray(paths.map(toPointer), { minLength: 2, maxLength: 7 })
      .chain((keys) =>
        fc.tuple(
          fc.constant(keys),
          fc.shuffledSubarray(keys, { minLength: keys.length }),
          fc.shuffledSubarray(keys),
        ),
      )
    fc.assert(
      fc.property(documents, cases, (document, [keys, shuffled, unset]) => {
        const valueOf = (key: string): [string, number] => [key, keys.indexOf(key)]
        const expected = resultOf(document, keys.map(valueOf), unset)
        expect(resultOf(document, shuffled.map(valueOf), unset.toReversed())).toBe(expected)
      }),
      { numRuns: 5_000 },
    )
  })
})
