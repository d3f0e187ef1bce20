import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TextEdit } from '#lib/client/text-edits.ts'
import { checkedEdits, inCodePoints, TEXT_EDITS_MAX } from '#lib/client/text-edits.ts'
import { edited } from '#lib/engine/replaced-range.ts'
import { cases } from '#tests/support/cases.ts'

/** Plain texts and texts of pairs, since only in those a place can lie inside a character. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.array(fc.constantFrom('a', 'é', '😀', '🎈'), { maxLength: 12 }).map((all) => all.join('')),
)
/** By code points of the text that it meets, cut to what is there. */
const step = fc.record({ at: fc.nat(14), gone: fc.nat(4), inserted: text })

/** What each step makes, as an array of characters knows it. */
function stepped(before: string, steps: readonly { at: number; gone: number; inserted: string }[]) {
  let characters = Array.from(before)
  const edits = steps.map((one): Required<TextEdit> & { at: number; gone: number } => {
    const at = Math.min(one.at, characters.length)
    const gone = Math.min(one.gone, characters.length - at)
    const units = (from: number, to: number): number => characters.slice(from, to).join('').length
    const [index, removed] = [units(0, at), units(at, at + gone)]
    characters = [...characters.slice(0, at), ...Array.from(one.inserted), ...characters.slice(at + gone)]
    return { index, removed, inserted: one.inserted, at, gone }
  })
  return { edits, after: characters.join('') }
}

describe('edits of a text in one call', () => {
  it('[SDK1] each stands on the text that those before it made, in units and in code points', () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 8 })
    const holds = fc.property(text, steps, (before, all) => {
      const { edits, after } = stepped(before, all)
      const made = { before, ranges: checkedEdits(before, edits, '/body') }
      const points = inCodePoints(made).map(({ at, gone }) => [at, gone])
      expect(points).toEqual(edits.map(({ at, gone }) => [at, gone]))
      expect(edited(made)).toBe(after)
    })
    fc.assert(holds, { numRuns: cases(500) })
  })

  it('[SDK1] one that does not fit refuses all, and says why', () => {
    const refusals: readonly (readonly [readonly TextEdit[], string])[] = [
      [[], 'no edits at /body'],
      ['abc' as never, 'no edits at /body'],
      [[null as never], 'no edit at /body'],
      [[{ index: 0, removed: undefined as never }], 'index_out_of_range at /body'],
      [[{ index: 0, inserted: undefined as never }], 'no_text at /body'],
      [Array.from({ length: TEXT_EDITS_MAX + 1 }, () => ({ index: 0 })), 'more than 2000 edits at /body'],
      [[{ index: 0 }, { index: 4 }], 'index_out_of_range at /body'],
      [
        [
          { index: 0, removed: 2 },
          { index: 1, removed: 1 },
        ],
        'index_out_of_range at /body',
      ],
      [[{ index: -1 }], 'index_out_of_range at /body'],
      [[{ index: 0.5 }], 'index_out_of_range at /body'],
      [[{ index: 0, removed: Number.NaN }], 'index_out_of_range at /body'],
      [[{ index: 0, inserted: '😀' }, { index: 1 }], 'half_a_character at /body'],
      [
        [
          { index: 0, inserted: '😀' },
          { index: 0, removed: 1 },
        ],
        'half_a_character at /body',
      ],
      [[{ index: 0, inserted: '\ud83d' }], 'half_a_character at /body'],
      [[{ index: 0, inserted: 5 as unknown as string }], 'no_text at /body'],
    ]
    for (const [edits, message] of refusals) {
      const check = (): unknown => checkedEdits('abc', edits, '/body')
      expect(check, message).toThrow(
        expect.objectContaining({ code: 'invalid_patch', message: expect.stringContaining(message) }),
      )
    }
  })
})
