import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { UPDATE_PARTS_MAX, yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { encodeBase64 } from '#lib/kernel/base64.ts'
import type { TextState } from '#lib/protocol/crdt.ts'

const stateOf = (made: ReturnType<typeof yjsText.edit>): TextState => {
  if (!made.ok) throw new Error(made.error)
  return made.value
}
const readOf = (...states: readonly TextState[]) => {
  const [first, ...others] = states as readonly [TextState, ...TextState[]]
  const all = others.reduce((one, other) => stateOf(yjsText.merge(one, other)), first)
  return yjsText.read(all)
}
const CUT = { from: 0, removed: 4, inserted: '' }
const ADDED = { from: 3, removed: 0, inserted: '!' }

test('[CS4] edits stand at their places: what another one typed between them stays', () => {
  const base = stateOf(yjsText.edit(null, 'one two', 'base'))
  const edits = stateOf(yjsText.edit(base, { before: 'one two', ranges: [CUT, ADDED] }, 'edits'))
  const other = stateOf(yjsText.edit(base, 'one t-wo', 'other'))
  expect(readOf(base, edits, other)).toEqual({ ok: true, value: 't-wo!' })
  // As one text it is one range, and what was typed in it is no more where it was.
  const whole = stateOf(yjsText.edit(base, 'two!', 'whole'))
  expect(readOf(base, whole, other)).not.toEqual({ ok: true, value: 't-wo!' })
})

test('[CS4] edits of a text that is in no state, or in another one, make what they come to', () => {
  const edits = { before: 'one two', ranges: [CUT, ADDED] }
  expect(readOf(stateOf(yjsText.edit(null, edits, 'edits')))).toEqual({ ok: true, value: 'two!' })
  const base = stateOf(yjsText.edit(null, 'on', 'base'))
  expect(readOf(base, stateOf(yjsText.edit(base, edits, 'edits')))).toEqual({ ok: true, value: 'two!' })
})

test('[CS4] an edit carries what it does, and not what was ever taken out of the text', () => {
  const written = 'ab'.repeat(UPDATE_PARTS_MAX + 100)
  const doc = new Y.Doc()
  const text = doc.getText('text')
  text.insert(0, written)
  doc.transact(() => {
    for (let at = 1; at <= text.length; at++) text.delete(at, 1)
  })
  const base: TextState = { kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(doc)) }
  const was = yjsText.read(base)
  if (!was.ok) throw new Error(was.error)
  const edit = stateOf(yjsText.edit(base, `${was.value}!`, 'edit'))
  expect(edit.update.length).toBeLessThan(100)
  expect(yjsText.check(edit).ok).toBe(true)
  expect(readOf(base, edit)).toEqual({ ok: true, value: `${was.value}!` })
  const undone = stateOf(yjsText.edit(base, was.value, 'nothing'))
  expect(readOf(base, undone)).toEqual(was)
})
