import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edited } from '#lib/engine/replaced-range.ts'
import { followed, replacedRanges } from '#lib/engine/text-difference.ts'
import { splitsPair } from '#lib/kernel/code-points.ts'
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

/** So many characters that are each other's only one: letters, some of two units, some with marks, and what is no letter. */
const unique = (count: number, from: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i
    return String.fromCodePoint([0x4e00, 0x1f300, 0x2200, 0x20000, 0x0400][n % 5]! + Math.floor(n / 5))
  })
const edits = fc.array(
  fc.record({ at: fc.nat(40), removed: fc.nat(6), inserted: fc.oneof(fc.nat(4), fc.constant(0)) }),
  { maxLength: 6 },
)

describe('where positions of a text are in another', () => {
  it('[CS5] one stays before a character that stands still, and where that is gone, where it was', () => {
    const holds = fc.property(fc.nat(40), edits, (count, made) => {
      const was = unique(count, 0)
      let [is, used] = [was, count]
      for (const { at, removed, inserted } of made) {
        const start = at % (is.length + 1)
        is = [...is.slice(0, start), ...unique(inserted, used), ...is.slice(start + removed)]
        used += inserted
      }
      const [before, after] = [was.join(''), is.join('')]
      const starts = was.map((_, i) => was.slice(0, i).join('').length)
      const found = followed(before, after, [...starts, before.length])
      expect(found.at(-1)).toBe(after.length)
      was.forEach((character, i) => {
        if (is.includes(character)) return expect(found[i]).toBe(after.indexOf(character))
        // Between what still stands before it and what still stands behind it.
        const [last] = was
          .slice(0, i)
          .filter((each) => is.includes(each))
          .slice(-1)
        const next = was.slice(i).find((each) => is.includes(each))
        const low = last === undefined ? 0 : after.indexOf(last) + last.length
        expect(found[i]).toBeGreaterThanOrEqual(low)
        expect(found[i]).toBeLessThanOrEqual(next === undefined ? after.length : after.indexOf(next))
      })
    })
    fc.assert(holds, { numRuns: cases(1_000) })
  })

  it('[CS5] of any two texts none passes another one, or comes to stand in the middle of a character', () => {
    const holds = fc.property(fc.oneof(fc.tuple(text, text), rewritten), ([before, after]) => {
      const positions = Array.from({ length: before.length + 1 }, (_, at) => at)
      const found = followed(before, after, positions)
      expect(found.at(-1)).toBe(after.length)
      expect(found.toSorted((a, b) => a - b)).toEqual(found)
      if (before === after) expect(found).toEqual(positions)
      if (hasHalfPair(before) || hasHalfPair(after)) return
      for (const at of positions)
        if (!splitsPair(before, at)) expect(splitsPair(after, found[at] ?? 0)).toBe(false)
    })
    fc.assert(holds, { numRuns: cases(500) })
  })

  it('[CS5] is bounded: what changed in too many places, or is too long, is gone between the first and the last', () => {
    const words = (of: (i: number) => string) => Array.from({ length: 3_000 }, (_, i) => of(i)).join(' ')
    const long = words((i) => `t${i} `.repeat(8))
    expect(followed(`a ${long} a`, `b ${long} b`, [5])).toEqual([long.length + 4])
    const much = words((i) => `x${i}`)
    expect(followed('one two', `${much} one two!`, [0, 4])).toEqual([much.length + 9, much.length + 9])
  })
})
