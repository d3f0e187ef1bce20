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

/** Of so many edits that type, one takes a character out elsewhere in the same call. */
const ONE_DOES_BOTH_OF = 4

/**
 * Where somebody goes on in a text that is written as a document while their earlier changes have no answer: a difference of
 * two places would take out and write anew what lies between, with what others do there (decision 56).
 */
export interface InOnePlace {
  /** The character that the device put there last. */
  readonly last: string | undefined
  readonly pending: number
}

/** Writes the text with one character more as a document, or goes on there by the character, in one place. */
export async function editInOnePlace(
  collection: Collection,
  recordId: string,
  write: Write,
  { last, pending }: InOnePlace,
): Promise<TextEdit | null> {
  const text = collection.text(recordId, 'body')
  const shown = Array.from(await text.value())
  const at = pending === 0 ? Math.floor(write.n / 3) % (shown.length + 1) : shown.indexOf(last ?? '') + 1
  if (pending > 0 && at === 0) return null
  const before = shown.slice(0, at).join('')
  const after = shown.slice(at).join('')
  if (write.verb === 'erase') {
    const gone = shown[at - 1]
    if (gone === undefined) return null
    const done = await text.delete(before.length - gone.length, gone.length)
    return { done, typed: [], erased: [typistOf(write.collection, gone)] }
  }
  const inserted = tokenOf(write.collection, write.id)
  // What is a plain value yet is the last writer's: the first character makes it a text (CS4).
  const isDocument = write.verb === 'rewrite' && shown.length > 0
  const done = isDocument
    ? await collection.patch(recordId, { set: { body: before + inserted + after } })
    : await text.insert(before.length, inserted)
  return { done, typed: [write.id], erased: [] }
}

/**
 * Types one character that no other edit types, takes one out that the device shows, or both, or patches a field beside the
 * text. Null where there is nothing to take out.
 */
export async function editText(
  collection: Collection,
  recordId: string,
  write: Write,
): Promise<TextEdit | null> {
  if (write.verb === 'patch')
    return { done: await collection.patch(recordId, { set: { a: write.id } }), typed: [], erased: [] }
  const text = collection.text(recordId, 'body')
  const shown = Array.from(await text.value())
  const unitAt = (at: number): number => shown.slice(0, at).join('').length
  const at = Math.floor(write.n / 3) % (shown.length + (write.verb === 'type' ? 1 : 0) || 1)
  if (write.verb === 'type') {
    const inserted = tokenOf(write.collection, write.id)
    const goneAt = Math.floor(write.n / 7) % (shown.length || 1)
    const gone = write.n % ONE_DOES_BOTH_OF === 0 ? shown[goneAt] : undefined
    const typed = [write.id]
    if (gone === undefined) return { done: await text.insert(unitAt(at), inserted), typed, erased: [] }
    const index = unitAt(goneAt) + (goneAt < at ? 0 : inserted.length)
    const done = await text.edit([
      { index: unitAt(at), inserted },
      { index, removed: gone.length },
    ])
    return { done, typed, erased: [typistOf(write.collection, gone)] }
  }
  const gone = shown[at]
  if (gone === undefined) return null
  const done = await text.delete(unitAt(at), gone.length)
  return { done, typed: [], erased: [typistOf(write.collection, gone)] }
}
