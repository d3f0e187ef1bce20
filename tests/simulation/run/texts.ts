import type { Collection } from '#lib/client/collection.ts'
import { tokenOf, typistOf } from '../oracle/texts.ts'
import type { Operation } from '../world/plan.ts'

type Write = Extract<Operation, { kind: 'write' }>
type Done = { readonly recordId: string; readonly mutationId: string }

/** What of a text an edit put in or took out, by the operations that put it in. */
export interface TextEdit {
  readonly done: Done
  readonly typed: readonly number[]
  readonly erased: readonly number[]
}

/** Types one character that no other edit types, or takes one out that the device shows. Null where there is none. */
export async function editText(
  collection: Collection,
  recordId: string,
  write: Write,
): Promise<TextEdit | null> {
  const text = collection.text(recordId, 'body')
  const shown = Array.from(await text.value())
  const at = Math.floor(write.n / 3) % (shown.length + (write.verb === 'type' ? 1 : 0) || 1)
  const index = shown.slice(0, at).join('').length
  if (write.verb === 'type') {
    const done = await text.insert(index, tokenOf(write.collection, write.id))
    return { done, typed: [write.id], erased: [] }
  }
  const gone = shown[at]
  if (gone === undefined) return null
  const done = await text.delete(index, gone.length)
  return { done, typed: [], erased: [typistOf(write.collection, gone)] }
}
