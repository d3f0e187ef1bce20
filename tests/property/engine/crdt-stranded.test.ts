import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { decodeBase64, encodeBase64 } from '#lib/kernel/base64.ts'
import { hasHalfPair } from '#lib/kernel/half-pairs.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import { cases } from '#tests/support/cases.ts'

const stateOf = (update: Uint8Array): TextState => ({ kind: 'text', update: encodeBase64(update) })
const bytesOf = ({ update }: TextState): Uint8Array => decodeBase64(update) as Uint8Array

/** A text with what these updates brought; one that keeps what was deleted tells the order of all that was ever there. */
function docOf(updates: readonly Uint8Array[], gc = true): Y.Doc {
  const doc = new Y.Doc({ gc })
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}
const textOf = (updates: readonly Uint8Array[]): string => docOf(updates).getText('t').toString()
const charactersOf = (updates: readonly Uint8Array[]): readonly string[] => Array.from(textOf(updates))

/** Every character that was ever in the text, deleted ones in their places. */
function orderOf(updates: readonly Uint8Array[]): readonly string[] {
  let all = ''
  for (let item = docOf(updates, false).getText('t')._start; item !== null; item = item.right)
    if (item.content instanceof Y.ContentString) all += item.content.str
  return Array.from(all)
}

/** What was typed with this on the screen: its delta. */
function typed(on: readonly Uint8Array[], client: number, write: (text: Y.Text) => void): Uint8Array {
  const doc = docOf(on)
  doc.clientID = client
  let delta: Uint8Array = new Uint8Array([0, 0])
  doc.on('update', (update: Uint8Array) => (delta = update))
  doc.transact(() => write(doc.getText('t')))
  return delta
}

/** What `own` wrote of `whole`, said in `ground`: the change. */
function restated(
  whole: readonly Uint8Array[],
  ground: readonly Uint8Array[],
  own: readonly Uint8Array[],
): Uint8Array | null {
  const [all, base] = [whole, ground].map((updates) => stateOf(Y.encodeStateAsUpdate(docOf(updates))))
  const made = yjsText.restate(all as TextState, base as TextState, own.map(stateOf), 'restated')
  if (!made.ok) throw new Error(made.error)
  return made.value && bytesOf(made.value)
}

const OWN = 3
/** A character that nobody else writes, every other one a pair of surrogates. */
const character = (n: number): string => String.fromCodePoint(n % 2 === 0 ? 0x4e00 + n : 0x1f300 + n)

interface Step {
  readonly who: number
  /** In hundredths of the text, so that ends and meeting places come often. */
  readonly at: number
  readonly remove: number
  readonly insert: number
}
const steps = (writers: readonly number[], most: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      who: fc.constantFrom(...writers),
      at: fc.oneof(fc.constantFrom(0, 50, 100), fc.nat(100)),
      remove: fc.constantFrom(0, 0, 1, 2, 5),
      insert: fc.constantFrom(0, 1, 2, 4),
    }),
    { maxLength: most },
  )

/** Types as these say, one behind the other; no edge of a range halves a character. */
class Typing {
  #written = 0
  readonly own: Uint8Array[] = []
  readonly ownCharacters = new Set<string>()

  take(on: Uint8Array[], all: readonly Step[]): void {
    for (const { who, at, remove, insert } of all) {
      const before = charactersOf(on)
      const place = Math.floor((before.length * at) / 100)
      const inserted = Array.from({ length: insert }, () => character(this.#written++))
      const delta = typed(on, who, (text) => {
        const from = before.slice(0, place).join('').length
        const gone = before.slice(place, place + remove).join('').length
        if (gone > 0) text.delete(from, gone)
        if (insert > 0) text.insert(from, inserted.join(''))
      })
      on.push(delta)
      if (who !== OWN) continue
      this.own.push(delta)
      for (const one of inserted) this.ownCharacters.add(one)
    }
  }
}

describe('own text that stands on what a restore took', () => {
  it('[SDK7] [TK6] is put right behind the nearest character before it that the text still has, and is there once', () => {
    const story = fc.record({
      before: steps([1, 2, OWN], 5),
      lost: steps([1, 2, OWN, OWN], 8),
      // By others, on the restored server.
      after: steps([7], 2),
      isSentAgain: fc.boolean(),
    })
    let seen = 0
    fc.assert(
      fc.property(story, ({ before, lost, after, isSentAgain }) => {
        const typing = new Typing()
        const backup: Uint8Array[] = [typed([], 1, (text) => text.insert(0, 'xy😀z'))]
        typing.take(backup, before)
        const whole = [...backup]
        typing.take(whole, lost)
        // What the device sends again is there, though it may wait for what isn't.
        const ground = isSentAgain ? [...backup, ...typing.own] : [...backup]
        const sinceRestore = [...ground]
        typing.take(sinceRestore, after)
        const here = [...whole, ...sinceRestore.slice(ground.length)]

        const shown = charactersOf(sinceRestore)
        const isShown = new Set(shown)
        const stranded = charactersOf(here).filter(
          (one) => typing.ownCharacters.has(one) && !isShown.has(one),
        )
        const change = restated(here, sinceRestore, typing.own)
        expect(change === null).toBe(stranded.length === 0)
        if (change === null) return
        seen += 1
        const [now, missed] = [charactersOf([...sinceRestore, change]), new Set(stranded)]
        expect(now.join('')).toBe(
          orderOf(here)
            .filter((one) => isShown.has(one) || missed.has(one))
            .join(''),
        )
        expect(now.filter((one) => isShown.has(one))).toEqual(shown)
        // Once the others are back, too.
        const end = charactersOf([...here, change])
        expect(end.toSorted()).toEqual(charactersOf(here).toSorted())
      }),
      { numRuns: cases(200) },
    )
    expect(seen).toBeGreaterThan(0)
  })

  it('[SDK7] [TK6] halves no character of another text, in whose place the former one was written', () => {
    const words = fc
      .array(fc.constantFrom('a', 'of', '😀', '🎈', '😀😀', 'tide'), { maxLength: 8 })
      .map((each) => each.join(''))
    fc.assert(
      fc.property(words, words, steps([1, OWN, OWN], 6), (was, is, lost) => {
        const typing = new Typing()
        const whole = [typed([], 1, (text) => text.insert(0, was))]
        typing.take(whole, lost)
        const ground = [typed([], 9, (text) => text.insert(0, is))]
        const change = restated(whole, ground, typing.own)
        if (change === null) return
        const now = textOf([...ground, change])
        expect(hasHalfPair(now) || now.includes('\ufffd')).toBe(false)
        expect(
          Array.from(now)
            .filter((one) => !typing.ownCharacters.has(one))
            .join(''),
        ).toBe(is)
      }),
      { numRuns: cases(100) },
    )
  })

  it.each([
    ['xy😀z', 4, 'xy😀ownz'],
    ['xyz, and', 8, 'xyz, andown'],
  ])('[SDK7] [TK6] counts what others deleted there, which %s still has', (text, at, expected) => {
    const backup = [typed([], 1, (made) => made.insert(0, text))]
    const theirs = [...backup, typed(backup, 2, (made) => made.insert(at, 'AAA'))]
    const own = typed(theirs, OWN, (made) => made.insert(at + 2, 'own'))
    const whole = [...theirs, own, typed([...theirs, own], 2, (made) => made.delete(0, 1))]
    expect(textOf([...backup, restated(whole, backup, [own]) as Uint8Array])).toBe(expected)
  })

  it('[SDK7] [TK6] goes behind a character that a part of another client has halved there', () => {
    const backup = [typed([], 1, (made) => made.insert(0, 'xy😀z'))]
    const theirs = [...backup, typed(backup, 2, (made) => made.insert(3, 'AAA'))]
    const own = typed(theirs, OWN, (made) => made.insert(5, 'own'))
    const more = typed([...theirs, own], OWN, (made) => made.insert(9, 'more'))
    const whole = [...theirs, own, more]
    expect(textOf(whole)).toBe('xy\ufffdAAownAmore\ufffdz')
    expect(textOf([...backup, restated(whole, backup, [own, more]) as Uint8Array])).toBe('xy😀ownmorez')
  })
})
