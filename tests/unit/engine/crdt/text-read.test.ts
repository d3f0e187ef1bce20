import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { decodeBase64 } from '#lib/kernel/base64.ts'
import type { TextState } from '#lib/protocol/crdt.ts'

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
