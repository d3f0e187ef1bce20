import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edited } from '#lib/engine/replaced-range.ts'
import { replacedRanges } from '#lib/engine/text-difference.ts'
import { hasHalfPair } from '#lib/kernel/half-pairs.ts'
import { cases } from '#tests/support/cases.ts'

const word = fc.constantFrom('a', 'of', 'tide', 'marks', 'été', '潮汐', '😀', '🎈🎈', '12', '.', ',', '\n')
const text = fc.array(word, { maxLength: 14 }).map((words) => words.join(' '))
/** Another text with parts of this one, as somebody leaves it who wrote in several places. */
const rewritten = text.chain((before) =>
  fc.tuple(
    fc.constant(before),
    fc
      .array(fc.tuple(fc.nat(before.length), text), { maxLength: 3 })
      .map((places) =>
        Array.from(places.reduce((made, [at, put]) => made.slice(0, at) + put + made.slice(at), before)).join(
          '',
        ),
      ),
  ),
)

describe('the difference of two texts', () => {
  it('[CS4] [CS5] makes one of the other, range by range from the left, and halves no character', () => {
    const holds = fc.property(fc.oneof(fc.tuple(text, text), rewritten), ([before, after]) => {
      const ranges = replacedRanges(before, after)
      expect(edited({ before, ranges })).toBe(after)
      let [made, end] = [before, 0]
      for (const range of ranges) {
        expect(range.from).toBeGreaterThanOrEqual(end)
        const gone = made.slice(range.from, range.from + range.removed)
        if (!hasHalfPair(before) && !hasHalfPair(after))
          expect([hasHalfPair(gone), hasHalfPair(range.inserted)]).toEqual([false, false])
        made = edited({ before: made, ranges: [range] })
        end = range.from + range.inserted.length
      }
    })
    fc.assert(holds, { numRuns: cases(500) })
  })

  it('[CS4] [CS5] what lies between two places that are far apart stays', () => {
    const between = 'what everybody else sees and writes in the meantime'
    const ranges = replacedRanges(`one ${between} two`, `One ${between} two!`)
    expect(ranges).toEqual([
      { from: 0, removed: 1, inserted: 'O' },
      { from: 4 + between.length + 4, removed: 0, inserted: '!' },
    ])
  })

  it('[CS4] [CS5] a sentence that is written anew is one part, though it has words of the former one', () => {
    expect(replacedRanges('we meet at noon', 'they met us at nine')).toHaveLength(1)
  })

  it('[CS4] [CS5] is bounded: what has changed in too many places, or is too long, is one part', () => {
    const words = (of: (i: number) => string) => Array.from({ length: 3_000 }, (_, i) => of(i)).join(' ')
    const many = replacedRanges(
      words((i) => `tide${i}`),
      words((i) => (i % 9 === 0 ? 'x' : `tide${i}`)),
    )
    expect(many).toHaveLength(1)
    const long = words((i) => `t${i} `.repeat(8))
    expect(replacedRanges(`a ${long} a`, `b ${long} b`)).toHaveLength(1)
  })
})
