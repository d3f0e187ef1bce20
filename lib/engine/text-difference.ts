import { diffArrays } from 'diff'
import type { ReplacedRange } from './replaced-range.ts'
import { replacedRange } from './replaced-range.ts'
import type { PushWork } from './push-work.ts'
import { spend } from './push-work.ts'

/** Words, and what lies between two of them, character by character. */
const WORDS = /[\p{L}\p{M}\p{N}_]+|[^]/gu
const LETTER = /[\p{L}\p{M}\p{N}_]/u
/** So many words that go or come are looked for, each over both texts; past that the whole is one range. */
const CHANGED_WORDS_MAX = 100
const WORDS_MAX = 20_000
/** Where positions are followed: nothing is written by it, and what isn't found costs a cursor its place. */
const FOLLOWED_WORDS_MAX = 300
/** Of one word that changed. */
const FOLLOWED_LETTERS_MAX = 100
/** Of a push's work, at the most. */
const UNITS_PER_WORD = 3

/**
 * The ranges that a document write replaces in a text (CS4, CS5), each on what those before it made: what lies between them
 * stays, with what others do there. That is longer than what is replaced on one of its sides, or sentences that two devices
 * wrote anew would be mixed word by word. Pure; a hundred ranges at the most.
 */
export function replacedRanges(before: string, after: string, work?: PushWork): readonly ReplacedRange[] {
  const whole = replacedRange(before, after)
  const found = partsOfRange(before, whole, CHANGED_WORDS_MAX, work)
  return found ? rangesOf(gathered(found.parts), found.start) : [whole]
}

/**
 * Where positions of `before` are in `after`: before what they stand before, however little of it stays, and where that is
 * gone, behind what came in its place (CS5). As bounded as the above: past that all between the first change and the last is gone.
 */
export function followed(before: string, after: string, positions: readonly number[]): readonly number[] {
  const whole = replacedRange(before, after)
  const found = partsOfRange(before, whole, FOLLOWED_WORDS_MAX)
  const ranges = found ? rangesOf(found.parts, found.start, byLetter) : [whole]
  return positions.map((position) => {
    let at = position
    for (const { from, removed, inserted } of ranges) {
      if (at < from) break
      at = Math.max(at - removed, from) + inserted.length
    }
    return at
  })
}

/** What differs in the range, word by word, in order from `start`. Null where it is one all the same, or would cost too much. */
function partsOfRange(
  before: string,
  { from, removed, inserted }: ReplacedRange,
  changedMax: number,
  work?: PushWork,
): { readonly parts: readonly Part[]; readonly start: number } | null {
  if (removed === 0 || inserted === '') return null
  const start = lastBreak(before, from)
  const end = nextBreak(before, from + removed)
  const [first, last] = [before.slice(start, from), before.slice(from + removed, end)]
  const [words, next] = [wordsOf(before.slice(start, end)), wordsOf(first + inserted + last)]
  if (words.length + next.length > WORDS_MAX) return null
  if (work) spend(work, UNITS_PER_WORD * (words.length + next.length))
  const steps = diffArrays(words, next, { maxEditLength: changedMax })
  return steps ? { parts: partsOf(steps), start } : null
}

const wordsOf = (text: string): string[] => text.match(WORDS) ?? []

/** Where the word at `index` begins, or ends: half of one is found in no other text. */
function lastBreak(text: string, index: number): number {
  let at = index
  while (at > 0 && LETTER.test(text.charAt(at - 1))) at -= 1
  return at
}
function nextBreak(text: string, index: number): number {
  let at = index
  while (at < text.length && LETTER.test(text.charAt(at))) at += 1
  return at
}

/** What went, what came in its place, and what stayed behind it. */
interface Part {
  readonly gone: string
  readonly come: string
  readonly kept: string
}

type Step = NonNullable<ReturnType<typeof diffArrays<string>>>[number]

/** What changed between two things that stayed is one part. */
function partsOf(steps: readonly Step[]): readonly Part[] {
  const parts: Part[] = []
  for (const { value, added, removed } of steps) {
    const text = value.join('')
    const last = parts.at(-1)
    const open = last?.kept === '' ? last : { gone: '', come: '', kept: '' }
    if (open === last) parts.pop()
    if (removed) parts.push({ ...open, gone: open.gone + text })
    else if (added) parts.push({ ...open, come: open.come + text })
    else parts.push({ ...open, kept: text })
  }
  return parts
}

/** Parts with too little between them are one. */
function gathered(parts: readonly Part[]): readonly Part[] {
  const apart: Part[] = []
  for (const part of parts) {
    let last = part
    for (let before = apart.at(-1); before && isTooLittle(before, last); before = apart.at(-1)) {
      apart.pop()
      const { gone, come, kept } = before
      last = { gone: gone + kept + last.gone, come: come + kept + last.come, kept: last.kept }
    }
    apart.push(last)
  }
  return apart
}

const isTooLittle = (before: Part, after: Part): boolean =>
  before.kept.length <= Math.min(sizeOf(before), sizeOf(after))
const sizeOf = ({ gone, come }: Part): number => Math.max(gone.length, come.length)

/** Letters that a word keeps at its ends stay too. */
const byEnds = (gone: string, come: string): readonly ReplacedRange[] => [replacedRange(gone, come)]

/** And those in the middle of it. */
function byLetter(gone: string, come: string): readonly ReplacedRange[] {
  const steps = diffArrays(Array.from(gone), Array.from(come), { maxEditLength: FOLLOWED_LETTERS_MAX })
  return steps ? rangesOf(partsOf(steps), 0) : byEnds(gone, come)
}

function rangesOf(parts: readonly Part[], start: number, within = byEnds): readonly ReplacedRange[] {
  let next = start
  return parts.flatMap(({ gone, come, kept }) => {
    const at = next
    next += come.length + kept.length
    // What stays may come first.
    return gone === come ? [] : within(gone, come).map((range) => ({ ...range, from: at + range.from }))
  })
}
