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
/** Of a push's work, at the most. */
const UNITS_PER_WORD = 3

/**
 * The ranges that a document write replaces in a text (CS4, CS5), each on what those before it made: what lies between them
 * stays, with what others do there. That is longer than what is replaced on one of its sides, or sentences that two devices
 * wrote anew would be mixed word by word. Pure; a hundred ranges at the most.
 */
export function replacedRanges(before: string, after: string, work?: PushWork): readonly ReplacedRange[] {
  const whole = replacedRange(before, after)
  if (whole.removed === 0 || whole.inserted === '') return [whole]
  const start = lastBreak(before, whole.from)
  const end = nextBreak(before, whole.from + whole.removed)
  const [from, to] = [before.slice(start, end), after.slice(start, after.length - (before.length - end))]
  const [words, next] = [wordsOf(from), wordsOf(to)]
  if (words.length + next.length > WORDS_MAX) return [whole]
  if (work) spend(work, UNITS_PER_WORD * (words.length + next.length))
  const steps = diffArrays(words, next, { maxEditLength: CHANGED_WORDS_MAX })
  return steps ? rangesOf(gathered(partsOf(steps)), start) : [whole]
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
function rangesOf(parts: readonly Part[], start: number): readonly ReplacedRange[] {
  let at = start
  return parts.flatMap(({ gone, come, kept }) => {
    const range = replacedRange(gone, come)
    const placed = { ...range, from: at + range.from }
    at += come.length + kept.length
    // What stays may come first.
    return gone === come ? [] : [placed]
  })
}
