import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { LoadedTexts } from '#lib/engine/crdt/loaded-texts.ts'
import { textByYjs } from '#lib/engine/crdt/text-yjs.ts'
import { decodeBase64, encodeBase64 } from '#lib/kernel/base64.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import { cases } from '#tests/support/cases.ts'

/** Keeps each document that it has loaded; the other one none. */
const yjsText = textByYjs(new LoadedTexts(0, 10_000))
const cold = textByYjs(new LoadedTexts(0, -1))

/** Edits of three writers who cut each other's emoji in two; found by the property test of the laws. */
const UPDATES = [
  'AQECBYQCBAJiYwECAQID',
  'AQEDAMQCAAIBBPCfmoABAgEAAQ==',
  'AQECAAQBAXQCYmMA',
  'AQEBAAQBAXQBCgA=',
  'AQECAoQCAQTwn5qAAA==',
  'AQECBIQCAwFhAA==',
]

const ordersOf = (list: readonly string[]): readonly (readonly string[])[] =>
  list.length < 2
    ? [list]
    : list.flatMap((one, i) => ordersOf(list.filter((_, at) => at !== i)).map((rest) => [one, ...rest]))

/** Loaded anew by Yjs alone. */
function loaded({ update }: TextState): string {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, decodeBase64(update) ?? new Uint8Array())
  return [...doc.share.keys()].map((root) => doc.getText(root).toString()).join('')
}

test('[CS4] a text reads as what its state says, also right after it was looked at and joined', () => {
  for (const order of ordersOf(UPDATES)) {
    const [first, ...others] = order.map((update): TextState => ({ kind: 'text', update }))
    others.reduce((state, delta) => {
      expect(yjsText.clash(state, delta)).toBe(null)
      const joined = yjsText.merge(state, delta)
      expect(yjsText.merge(state, delta)).toEqual(joined)
      if (!joined.ok) throw new Error(joined.error)
      expect(yjsText.read(joined.value)).toEqual({ ok: true, value: loaded(joined.value) })
      return joined.value
    }, first as TextState)
  }
})

/** In these orders a part waits for an earlier one, or only what was removed is left; found by drawn histories. */
const WAITING = [
  [
    'AQEBAAQBAXQCYmMA',
    'AQECBsQCAgIDAWEBAgECAQ==',
    'AQEDAIQCAQXwn46IeAA=',
    'AQEBA4QBAQXwn46IeAEBAQAB',
    'AQEDA4QDAgjwn5qA8J+agAEDAQIB',
    'AQEBAsQBAAEBAWEBAQEAAQ==',
    'AQECAAQBAXQE8J+agAA=',
  ],
  [
    'AQECAAQBAXQI8J+agPCfmoAA',
    'AQECBIQCAwTwn5qAAQICAAECAg==',
    'AgECBsQCAAEACPCfmoDwn5qAAQEFxAEEAgII8J+agAACAgIAAQICAQECAw==',
    'AQEBAMQCAAIBBPCfmoABAgEAAQ==',
  ],
  ['AgECAIQBAQTwn5qAAQEGxAECAQMCYmMBAQEAAw==', 'AQEBAAQBAXQE8J+agAA='],
]

test('[CS4] a document that was joined is read again only where loading its state would give the same', () => {
  for (const [first, ...others] of WAITING) {
    let state: TextState = { kind: 'text', update: first as string }
    for (const update of others) {
      yjsText.read(state)
      expect(yjsText.clash(state, { kind: 'text', update })).toBe(null)
      const joined = yjsText.merge(state, { kind: 'text', update })
      if (!joined.ok) throw new Error(joined.error)
      expect(yjsText.read(joined.value)).toEqual({ ok: true, value: loaded(joined.value) })
      state = joined.value
    }
  }
})

const edit = fc.record({
  who: fc.nat(2),
  at: fc.nat(100),
  remove: fc.nat(3),
  insert: fc.constantFrom('', 'a', 'bc', '🚀', '🚀🚀', '\ufffd'),
  hears: fc.nat(5),
})

test('[CS4] a text whose loaded documents are kept says what one says that is loaded anew each time', () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 2, maxLength: 14 }), fc.array(fc.nat(99)), (edits, order) => {
      const docs = [1, 2, 3].map((clientID) => Object.assign(new Y.Doc(), { clientID }))
      const deltas: TextState[] = []
      for (const { who, at, remove, insert, hears } of edits) {
        const doc = docs[who] as Y.Doc
        const heard = deltas[hears]
        if (heard) Y.applyUpdate(doc, decodeBase64(heard.update) as Uint8Array)
        const before = Y.encodeStateVector(doc)
        const text = doc.getText('t')
        const from = Math.floor((text.length * at) / 100)
        text.delete(from, Math.min(remove, text.length - from))
        text.insert(from, insert)
        deltas.push({ kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(doc, before)) })
      }
      const late = [...order.map((n) => deltas[n % deltas.length] as TextState), ...deltas]
      let state = late[0] as TextState
      for (const delta of late) {
        yjsText.read(state)
        const clash = yjsText.clash(state, delta)
        const joined = clash ? null : yjsText.merge(state, delta)
        expect(cold.clash(state, delta)).toBe(clash)
        if (!joined?.ok) continue
        // The look of before was for another one, so that this one is joined from the states.
        cold.clash(delta, delta)
        expect(cold.merge(state, delta)).toEqual(joined)
        expect(yjsText.read(joined.value)).toEqual(cold.read(joined.value))
        expect(yjsText.read(joined.value)).toEqual({ ok: true, value: loaded(joined.value) })
        state = joined.value
      }
    }),
    { numRuns: cases(40) },
  )
})

test('[CS4] keeps documents only of states of some length, the newest ones, up to a number of characters', () => {
  const kept = new LoadedTexts<number>(2, 7)
  for (const [n, state] of ['a', 'bb', 'ccc', 'dddddddd', 'ee'].entries()) kept.keep(state, n)
  expect(kept.take('a')).toBeNull()
  expect(kept.take('dddddddd')).toBeNull()
  kept.keep('fff', 5)
  expect(kept.take('bb')).toBeNull()
  expect([kept.take('ccc'), kept.take('ee'), kept.take('fff')]).toEqual(
    [2, 4, 5].map((n) => (n === 2 ? null : n)),
  )
  expect(kept.take('fff')).toBeNull()
})
