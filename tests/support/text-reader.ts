import * as Y from 'yjs'
import { textType } from '#lib/engine/ot/text-type.ts'
import type { PulledRecord, PullResponse } from '#lib/protocol/pull.ts'

/** What a reader has of a record's text at `/body`, and its revision under OT. */
interface HeldText {
  readonly life: number
  readonly doc: Y.Doc
  text: string
  revision: number
}

/** A client by the wire contract that joins what pages tell of texts at `/body`, and looks at no hash. */
export class TextReader {
  /** By collection and record. */
  readonly held = new Map<string, HeldText>()
  /** Records that were told by what came to them. */
  toldSince = 0

  take({ changes }: Pick<PullResponse, 'changes'>): void {
    for (const change of changes) {
      const key = `${change.collection}/${change.recordId}`
      if (change.deleted) this.held.delete(key)
      else this.held.set(key, this.joined(this.held.get(key), change))
    }
  }

  /** Texts as it would show them. */
  shown(): Record<string, string> {
    return Object.fromEntries([...this.held].map(([key, { text }]) => [key, text]))
  }

  private joined(known: HeldText | undefined, change: PulledRecord): HeldText {
    const { life = 0, ot, textsSince, crdt } = change
    const { revision, ops = [] } = ot?.['/body'] ?? { revision: 0 }
    if (!textsSince) {
      const doc = new Y.Doc()
      const state = crdt?.['/body']
      if (state?.kind === 'text') Y.applyUpdate(doc, Buffer.from(state.update, 'base64'))
      return { life, doc, text: String(change.data?.['body'] ?? ''), revision }
    }
    this.toldSince += 1
    const since = textsSince['/body']
    if (!known || known.life !== life || !since)
      throw new Error('told by what came to it, and nothing is held of it')
    if (since.update !== undefined) {
      Y.applyUpdate(known.doc, Buffer.from(since.update, 'base64'))
      const text = known.doc.getText('text').toString()
      return { ...known, text: known.doc.store.pendingStructs ? `${text} (with gaps)` : text }
    }
    // Of those that are told some may be in it already.
    const missing = ops.slice(Math.max(0, ops.length - (revision - known.revision)))
    const next = textType.redo(known.text, missing)
    return { ...known, text: next.ok ? String(next.value ?? '') : next.error, revision }
  }
}
