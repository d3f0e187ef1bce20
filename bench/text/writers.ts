import { type as textUnicode } from 'ot-text-unicode'
import type { TextOp } from 'ot-text-unicode'
import * as Y from 'yjs'
import type { Edit } from './trace.ts'

/** Who types: gives each batch of keystrokes as one change, made with the bare library. */
export interface Writer<Change> {
  type(batch: readonly Edit[]): Change
}

/** Who reads with the bare library. */
export interface Reader<Change> {
  take(change: Change): void
  text(): string
}

export function yjsWriter(): Writer<Uint8Array> {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  return {
    type: (batch) => {
      const before = Y.encodeStateVector(doc)
      for (const { at, deleted, inserted } of batch) {
        doc.transact(() => {
          if (deleted > 0) text.delete(at, deleted)
          if (inserted !== '') text.insert(at, inserted)
        })
      }
      return Y.encodeStateAsUpdate(doc, before)
    },
  }
}

export function yjsReader(): Reader<Uint8Array> {
  const doc = new Y.Doc()
  return {
    take: (update) => Y.applyUpdate(doc, update),
    text: () => doc.getText('text').toString(),
  }
}

/** Keystrokes are put together into one operation, which its author's text needs no second time. */
export const otWriter = (): Writer<TextOp> => ({
  type: (batch) => batch.map(opOf).reduce((all, op) => textUnicode.compose(all, op), []),
})

export function otReader(): Reader<TextOp> {
  let text = ''
  return {
    take: (op) => {
      text = textUnicode.apply(text, op)
    },
    text: () => text,
  }
}

function opOf({ at, deleted, inserted }: Edit): TextOp {
  const skip = at > 0 ? [at] : []
  return [...skip, ...(inserted === '' ? [] : [inserted]), ...(deleted > 0 ? [{ d: deleted }] : [])]
}
