import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { CRDT_CHARS_MAX, joinDeltas } from '#lib/engine/crdt/apply-changes.ts'
import { hash53 } from '#lib/engine/crdt/hash53.ts'
import type { TextWriter } from '#lib/engine/crdt/text.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { decodeBase64, encodeBase64 } from '#lib/kernel/base64.ts'
import type { TextState } from '#lib/protocol/crdt.ts'

const stateOf = (doc: Y.Doc, since?: Uint8Array): TextState => ({
  kind: 'text',
  update: encodeBase64(Y.encodeStateAsUpdate(doc, since)),
})
const bytesOf = ({ update }: TextState): Uint8Array => decodeBase64(update) as Uint8Array
const edit = (base: TextState | null, next: string, seed: string, own?: TextWriter): TextState => {
  const delta = yjsText.edit(base, next, seed, own)
  if (!delta.ok) throw new Error(delta.error)
  return delta.value
}
const join = (state: TextState | null, ...deltas: readonly TextState[]): TextState =>
  deltas.reduce<TextState | null>((before, delta) => {
    const joined = before ? yjsText.merge(before, delta) : ({ ok: true, value: delta } as const)
    if (!joined.ok) throw new Error(joined.error)
    return joined.value
  }, state) as TextState
const clash = (state: TextState, delta: TextState): string | null => {
  const joined = joinDeltas({ '/t': state }, { '/t': delta }, yjsText)
  return joined.ok ? null : joined.error.code
}
const read = (state: TextState): string => {
  const text = yjsText.read(state)
  return text.ok ? text.value : text.error
}
const typist = (clientID: number, text: string): Y.Doc => {
  const doc = Object.assign(new Y.Doc(), { clientID })
  if (text !== '') doc.getText('t').insert(0, text)
  return doc
}

describe('a writer of a text', () => {
  it('[CS4] goes on under one number: the state holds what was typed, not how often', () => {
    let state: TextState | null = null
    let own: TextWriter | undefined
    for (let i = 0; i < 1_000; i++) {
      const delta = edit(state, 'x'.repeat(i + 1), `${i}`, own)
      own = yjsText.writerOf(delta) ?? own
      state = join(state, delta)
    }
    expect(own).toEqual({ client: hash53('0'), clock: 1_000 })
    expect(bytesOf(state as TextState).length).toBeLessThan(1_000 + 50)
  })

  it('[CS4] who writes and deletes at one place leaves no trace but the count', () => {
    let state: TextState | null = null
    let own: TextWriter | undefined
    for (let i = 0; i < 1_000; i++) {
      const delta = edit(state, i % 2 === 0 ? 'some words' : '', `${i}`, own)
      own = yjsText.writerOf(delta) ?? own
      state = join(state, delta)
    }
    expect(read(state as TextState)).toBe('')
    expect(bytesOf(state as TextState).length).toBeLessThan(60)
  })

  it('[CS4] takes another number where its earlier work is missing, waits for a part, or somebody went on for it', () => {
    const own = { client: 7, clock: 2 }
    const clientOf = (base: TextState | null): number =>
      yjsText.writerOf(edit(base, 'abcd', 'seed', own))?.client as number
    expect(clientOf(stateOf(typist(7, 'ab')))).toBe(7)
    expect(clientOf(null)).toBe(hash53('seed'))
    expect(clientOf(stateOf(typist(7, 'abc')))).toBe(hash53('seed'))
    const doc = typist(7, 'ab')
    const [first, version] = [stateOf(doc), Y.encodeStateVector(doc)]
    doc.getText('t').insert(2, 'c')
    const since = Y.encodeStateVector(doc)
    doc.getText('t').insert(3, 'd')
    const waits = join(first, stateOf(doc, since))
    expect(read(waits)).toBe('ab')
    expect(clientOf(waits)).toBe(hash53('seed'))
    expect(read(join(waits, stateOf(doc, version)))).toBe('abcd')
  })

  it('[CS4] whose number is in the text takes the next one, the same on every replica', () => {
    const taken = stateOf(typist(hash53('seed'), 'x'))
    const delta = edit(taken, 'xy', 'seed')
    expect(yjsText.writerOf(delta)?.client).toBe(hash53('seed 1'))
    expect(delta).toEqual(edit(taken, 'xy', 'seed'))
    expect(yjsText.writerOf(edit(taken, '', 'seed'))).toBeNull()
  })
})

describe('one number, two writers', () => {
  it('[CS4] is told wherever they differ: content, place, a part that waits', () => {
    const held = stateOf(typist(7, 'mine'))
    expect(clash(held, stateOf(typist(7, 'mine')))).toBeNull()
    expect(clash(held, stateOf(typist(7, 'mi')))).toBeNull()
    expect(clash(held, stateOf(typist(7, 'mine too')))).toBeNull()
    expect(clash(held, stateOf(typist(7, 'yours')))).toBe('client_reused')
    const base = typist(1, 'ab')
    const inserted = (at: number): TextState => {
      const doc = typist(7, '')
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(base))
      const before = Y.encodeStateVector(doc)
      doc.getText('t').insert(at, 'x')
      return stateOf(doc, before)
    }
    const one = join(stateOf(base), inserted(0))
    expect(clash(one, inserted(0))).toBeNull()
    expect(clash(one, inserted(1))).toBe('client_reused')
    // What came before it, and would be put in place later, is held against it too.
    const early = (text: string): TextState => {
      const doc = typist(7, 'a')
      const before = Y.encodeStateVector(doc)
      doc.getText('t').insert(1, text)
      return stateOf(doc, before)
    }
    const waits = join(stateOf(base), early('b'))
    expect(clash(waits, early('b'))).toBeNull()
    expect(clash(waits, early('c'))).toBe('client_reused')
  })

  it('[CS4] is not told of what was deleted since, or of a pair that Yjs had to part', () => {
    const doc = typist(7, 'ab😅cd')
    const whole = stateOf(doc)
    doc.getText('t').delete(0, 1)
    expect(clash(stateOf(doc), whole)).toBeNull()
    const other = typist(8, '')
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    other.getText('t').insert(2, 'x')
    expect(read(stateOf(other))).toBe('b\ufffdx\ufffdcd')
    expect(clash(stateOf(other), whole)).toBeNull()
    expect(clash(whole, stateOf(other))).toBeNull()
  })

  it('[CS4] parts without content, which would hide what a writer writes under its number, are no text', () => {
    const garbage = new Y.Doc()
    garbage.store.clients.set(7, [new Y.GC(Y.createID(7, 0), 100)])
    expect(yjsText.check(stateOf(garbage))).toEqual({ ok: false, error: 'bad_update' })
  })
})

describe('what the last join left', () => {
  it('[CS4] is not mistaken for another text, nor for the same one after another change', () => {
    const base = stateOf(typist(1, 'one'))
    const first = edit(base, 'one two', 'a')
    const second = edit(base, 'zero one', 'b')
    const made = (delta: TextState): TextState => {
      expect(yjsText.clash(base, delta)).toBeNull()
      return join(base, delta)
    }
    const joined = made(first)
    expect(read(joined)).toBe('one two')
    const other = made(second)
    expect([read(other), read(joined), read(base)]).toEqual(['zero one', 'one two', 'one'])
    expect(yjsText.clash(base, first)).toBeNull()
    const both = join(base, second)
    expect([read(both), both]).toEqual(['zero one', other])
    expect(made(first)).toEqual(joined)
  })
})

describe('texts at their bounds', () => {
  it('[CS4] a huge one is taken in soon, one that a record cannot hold is told', () => {
    const started = performance.now()
    const huge = edit(null, '😅'.repeat(30_000), 'a')
    const grown = join(huge, edit(huge, `${'😅'.repeat(15_000)}x${'😅'.repeat(15_000)}`, 'b'))
    expect(read(grown).length).toBe(60_001)
    expect(clash(huge, grown)).toBeNull()
    expect(clash(huge, edit(huge, 'y'.repeat(CRDT_CHARS_MAX), 'c'))).toBe('too_large')
    expect(performance.now() - started).toBeLessThan(30_000)
  })

  it('[CS4] numbers of writers fill 53 bits, and near seeds are far apart', () => {
    const numbers = Array.from({ length: 20_000 }, (_, i) => hash53(`device ${i}`))
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers.every((n) => Number.isSafeInteger(n) && n >= 0)).toBe(true)
    expect(numbers.filter((n) => n > 2 ** 52).length / numbers.length).toBeCloseTo(0.5, 1)
    expect(read(join(edit(null, 'ab', 'a'), edit(edit(null, 'ab', 'a'), 'aXb', 'b')))).toBe('aXb')
  })
})
