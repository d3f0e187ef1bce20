import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { hear } from '#lib/client/crdt-heard.ts'
import { need } from '#lib/client/crdt-text.ts'
import { withParts } from '#lib/client/on-demand.ts'
import { joinDeltas } from '#lib/engine/crdt/apply-changes.ts'
import { deltaOf, mergeStates, readState } from '#lib/engine/crdt/crdt-state.ts'
import { EMPTY_OR_SET } from '#lib/engine/crdt/or-set.ts'
import { UPDATE_PARTS_MAX, yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { encodeBase64 } from '#lib/kernel/base64.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { CrdtChange, CrdtKind, CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import { cases } from '#tests/support/cases.ts'
import { DEVICES } from '#tests/support/engine-arbitraries.ts'
import { rulesOf, stamp } from '#tests/support/engine-world.ts'
import { addToSet, removeFromSet } from '#tests/support/or-set-edits.ts'

const device = fc.constantFrom(...DEVICES)
const value = fc.oneof(
  fc.constantFrom<Json>('', null, 0, 'x', '👩‍🚀', '__proto__', { b: 1, a: [] }, { a: [], b: 1 }),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
)
const total = fc.oneof(fc.nat(3), fc.constantFrom(0, 2 ** 53 - 1, 2 ** 52))
const totals = fc.dictionary(device, total, { maxKeys: 3 })
const dot = fc
  .tuple(device, fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(2 ** 53 - 1, 2 ** 51, 1_000)))
  .map(([id, n]) => `${id}:${n}`)

/** Few devices, dots and stamps, so that they meet: also two values under one dot, and removals before additions. */
const CHANGES: Record<Exclude<CrdtKind, 'text'>, fc.Arbitrary<CrdtChange>> = {
  'g-counter': totals.map((state) => ({ path: '/a', kind: 'g-counter', state })),
  'pn-counter': fc
    .record({ p: totals, n: totals })
    .map((state) => ({ path: '/a', kind: 'pn-counter', state })),
  'or-set': fc
    .record({
      add: fc.uniqueArray(fc.record({ value, dot }), { maxLength: 4, selector: (element) => element.dot }),
      remove: fc.array(dot, { maxLength: 3 }),
    })
    .map((delta) => ({ path: '/a', kind: 'or-set', ...delta })),
  'lww-register': fc
    .record({ value: fc.option(value, { nil: undefined }), id: device, atMs: fc.nat(2) })
    .map(({ value: held, id, atMs }) => ({
      path: '/a',
      kind: 'lww-register',
      hlc: stamp(id, atMs),
      ...(held === undefined ? {} : { value: held }),
    })),
}

/** What a few editors typed and deleted, each in its own document, now and then taking in another's. */
const texts: fc.Arbitrary<readonly CrdtChange[]> = fc
  .array(
    fc.record({
      who: fc.nat(2),
      at: fc.nat(12),
      remove: fc.nat(3),
      insert: fc.constantFrom('', 'a', 'bc', '👩‍🚀', '\ud83d\ude80', '\n', 'e\u0301'),
      hears: fc.option(fc.nat(2), { nil: null }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((steps) => {
    const docs = [1, 2, 3].map((clientID) => Object.assign(new Y.Doc(), { clientID }))
    return steps.map(({ who, at, remove, insert, hears }) => {
      const doc = docs[who] as Y.Doc
      if (hears !== null) Y.applyUpdate(doc, Y.encodeStateAsUpdate(docs[hears] as Y.Doc))
      const before = Y.encodeStateVector(doc)
      const text = doc.getText('t')
      const from = Math.min(at, text.length)
      text.delete(from, Math.min(remove, text.length - from))
      text.insert(from, insert)
      return { path: '/a', kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(doc, before)) }
    })
  })

const stateOf = (change: CrdtChange): CrdtState => {
  const delta = deltaOf(change, yjsText)
  if (!delta.ok) throw new Error(`${delta.error}: ${JSON.stringify(change)}`)
  return delta.value
}
const merge = (a: CrdtState, b: CrdtState): CrdtState => {
  const merged = mergeStates(a, b, yjsText)
  if (!merged.ok) throw new Error(merged.error)
  return merged.value
}
const mergeAll = (states: readonly CrdtState[]): CrdtState => states.reduce(merge)
/** What two replicas must agree on: the whole state, and of a text what it reads, since Yjs may cut it otherwise. */
const seen = (state: CrdtState): string => {
  if (state.kind !== 'text') return canonicalJson(state as unknown as Json)
  const read = readState(state, yjsText)
  return read.ok ? JSON.stringify(read.value) : read.error
}

const batches = Object.values(CHANGES).map((change) => fc.array(change, { minLength: 1, maxLength: 6 }))
const changesOfOneKind: fc.Arbitrary<readonly CrdtChange[]> = fc.oneof(...batches, texts)

describe('joining CRDTs', () => {
  it('[CS4] is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(changesOfOneKind, (changes) => {
        const states = changes.map(stateOf)
        const [a, b, c] = [states[0], states[1] ?? states[0], states[2] ?? states[0]] as [
          CrdtState,
          CrdtState,
          CrdtState,
        ]
        expect(seen(merge(a, b))).toBe(seen(merge(b, a)))
        expect(seen(merge(merge(a, b), c))).toBe(seen(merge(a, merge(b, c))))
        expect(seen(merge(a, a))).toBe(seen(a))
        const all = mergeAll(states)
        for (const state of states) expect(seen(merge(all, state))).toBe(seen(all))
      }),
      { numRuns: cases(400) },
    )
  })

  it('[CS4] converges in any order and any number of deliveries', () => {
    fc.assert(
      fc.property(changesOfOneKind, fc.array(fc.nat(99), { maxLength: 12 }), (changes, picks) => {
        const states = changes.map(stateOf)
        const again = picks.map((pick) => states[pick % states.length] as CrdtState)
        const shuffled = [...again, ...states].map((state, i) => ({
          state,
          key: ((picks[i] ?? i) * 31) % 17,
        }))
        shuffled.sort((x, y) => x.key - y.key)
        expect(seen(mergeAll(shuffled.map(({ state }) => state)))).toBe(seen(mergeAll(states)))
      }),
      { numRuns: cases(400) },
    )
  })

  it('[CS4] two replicas that exchange their states converge, and the server does when it sees it later', () => {
    fc.assert(
      fc.property(changesOfOneKind, fc.nat(6), fc.nat(6), (changes, split, cut) => {
        const states = changes.map(stateOf)
        const at = split % states.length
        const [left, right] = [states.slice(0, at + 1), states.slice(at)].map(mergeAll) as [
          CrdtState,
          CrdtState,
        ]
        const [one, two] = [merge(left, right), merge(right, left)]
        expect(seen(one)).toBe(seen(two))
        const from = cut % states.length
        const server = mergeAll([...states.slice(from), ...states.slice(0, from)])
        expect(seen(server)).toBe(seen(one))
        expect(seen(merge(one, server))).toBe(seen(server))
      }),
      { numRuns: cases(200) },
    )
  })

  it('[SDK7] what is handed over comes out the same in any order, grouping and number, whatever kinds meet at a path', async () => {
    const others = fc.array(fc.oneof(...Object.values(CHANGES)), { minLength: 2, maxLength: 6 })
    // Of one session of editing: the same letter of the same writer is no other one elsewhere.
    const mixed = fc
      .tuple(others, fc.option(texts, { nil: [] }), fc.infiniteStream(fc.nat(99)))
      .map(([changes, edits, places]) =>
        edits.reduce<readonly CrdtChange[]>((list, edit) => {
          const at = places.next().value % (list.length + 1)
          return [...list.slice(0, at), edit, ...list.slice(at)]
        }, changes),
      )
    await withParts(
      (work) => work(null),
      async () => need('text_not_loaded'),
    )
    const rules = rulesOf({ strategy: 'crdt' })
    const both = (a: CrdtStates, b: CrdtStates): CrdtStates => hear(rules, a, b) ?? expect.fail('is refused')
    const read = (states: CrdtStates): string => seen(states['/a'] as CrdtState)
    fc.assert(
      fc.property(mixed, fc.array(fc.nat(99), { minLength: 1, maxLength: 12 }), (changes, picks) => {
        // Two values under one dot contradict each other, which is refused.
        const values = new Map<string, string>()
        const states = changes.map(stateOf).filter((state) =>
          (state.kind === 'or-set' ? state.add : []).every(({ dot: at, value: held }) => {
            const known = values.get(at) ?? canonicalJson(held)
            values.set(at, known)
            return known === canonicalJson(held)
          }),
        )
        const exports = states.map((state): CrdtStates => ({ '/a': state }))
        const [a, b, c] = [exports[0] ?? {}, exports[1] ?? {}, exports[2] ?? {}]
        if (!a['/a'] || !b['/a']) return
        expect(read(both(a, b))).toBe(read(both(b, a)))
        expect(read(both(both(a, b), c))).toBe(read(both(a, both(b, c))))
        const all = exports.reduce(both)
        for (const pick of picks) {
          const late = exports[pick % exports.length] as CrdtStates
          expect(read(both(all, late))).toBe(read(all))
          expect(read(both(late, all))).toBe(read(all))
        }
        const turned = picks.reduce((list, pick) => {
          const at = pick % list.length
          return [...list.slice(at), ...list.slice(0, at).reverse()]
        }, exports)
        expect(read(turned.reduce(both))).toBe(read(all))
      }),
      { numRuns: cases(400) },
    )
  })

  it('[CS4] a set is a naive list of additions and of those that a removal saw', () => {
    const step = fc.record({
      who: fc.nat(2),
      value: fc.constantFrom('a', 'b', 'c'),
      adds: fc.boolean(),
      hears: fc.nat(5),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const sets = DEVICES.map((): CrdtState => EMPTY_OR_SET)
        /** By replica: what it knows to be added, and removed, each write under a number of its own. */
        const known = DEVICES.map(() => ({ added: new Map<number, string>(), removed: new Set<number>() }))
        for (const [n, { who, value: element, adds, hears }] of steps.entries()) {
          const [set, own] = [sets[who], known[who]]
          if (set?.kind !== 'or-set' || !own) continue
          const delta = adds ? addToSet(set, DEVICES[who] as string, element) : removeFromSet(set, element)
          sets[who] = merge(set, stateOf({ path: '/a', kind: 'or-set', ...delta }))
          for (const [id, name] of own.added) if (name === element) own.removed.add(id)
          if (adds) own.added.set(n, element)
          const [other, theirs] = [sets[hears], known[hears]]
          if (!other || !theirs) continue
          sets[who] = merge(sets[who] as CrdtState, other)
          for (const [id, name] of theirs.added) own.added.set(id, name)
          for (const id of theirs.removed) own.removed.add(id)
        }
        for (const [i, { added, removed }] of known.entries()) {
          const expected = new Set([...added].filter(([id]) => !removed.has(id)).map(([, name]) => name))
          const read = readState(sets[i] as CrdtState, null)
          expect(read.ok && [...(read.value as readonly string[])].sort()).toEqual([...expected].sort())
        }
      }),
      { numRuns: cases(200) },
    )
  })

  it('[CS4] a text becomes what was written over it, whatever the two were', () => {
    const content = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'aaa', 'aa', '👩‍🚀👩‍🚀', '👩‍🚀'))
    fc.assert(
      fc.property(content, content, content, (start, ours, theirs) => {
        const base = yjsText.edit(null, start, 'base')
        if (!base.ok) throw new Error(base.error)
        const [left, right] = [yjsText.edit(base.value, ours, 'l'), yjsText.edit(base.value, theirs, 'r')]
        if (!left.ok || !right.ok) throw new Error('an edit of a text')
        expect(seen(merge(base.value, left.value))).toBe(JSON.stringify(ours))
        const both = mergeAll([base.value, left.value, right.value])
        expect(seen(mergeAll([right.value, left.value, base.value]))).toBe(seen(both))
        if (ours === start) expect(seen(both)).toBe(JSON.stringify(theirs))
      }),
      { numRuns: cases(200) },
    )
  })
})

describe('hostile CRDTs', () => {
  it('[CS4] any text as an update, and any damage to one, is a typed failure or a text', () => {
    const doc = new Y.Doc()
    doc.getText('t').insert(0, 'hello world')
    doc.getText('t').delete(2, 3)
    const sound = Y.encodeStateAsUpdate(doc)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.nat(sound.length - 1), fc.nat(255)).map(([at, byte]) => {
        const damaged = Uint8Array.from(sound)
        damaged[at] = byte
        return damaged
      }),
      fc.nat(sound.length).map((length) => sound.slice(0, length)),
    )
    fc.assert(
      fc.property(fc.oneof(bytes.map(encodeBase64), fc.string()), (update) => {
        const state = yjsText.check({ update })
        if (state.ok) {
          expect(yjsText.read(state.value).ok).toBe(true)
          expect(joinDeltas({ '/a': state.value }, { '/a': state.value }, yjsText).ok).toBe(true)
        } else expect(state.error).toBe('bad_update')
      }),
      { numRuns: cases(500) },
    )
  })

  it('[CS4] a text that is no plain text is refused: maps, arrays, embeds, nested documents, two places at once', () => {
    const refused = (fill: (doc: Y.Doc) => void): boolean => {
      const doc = new Y.Doc()
      fill(doc)
      return !yjsText.check({ update: encodeBase64(Y.encodeStateAsUpdate(doc)) }).ok
    }
    expect(refused((doc) => doc.getMap('t').set('a', 1))).toBe(true)
    expect(refused((doc) => doc.getArray('t').insert(0, [1]))).toBe(true)
    expect(refused((doc) => doc.getText('t').insertEmbed(0, { a: 1 }))).toBe(true)
    expect(refused((doc) => doc.getMap('t').set('a', new Y.Doc()))).toBe(true)
    expect(refused((doc) => doc.getArray('t').insert(0, [new Y.Text('x')]))).toBe(true)
    expect(refused((doc) => doc.getText('t').insert(0, 'bold', { bold: true }))).toBe(false)
  })

  it('[CS4] the costliest updates are bounded in parts, and a full one is taken in soon', () => {
    const varint = (n: number): number[] =>
      n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]
    /** So many writers who each typed one letter at the same place: Yjs has to put them in order. */
    const scattered = (parts: number): string => {
      const letters = Array.from({ length: parts }, (_, i) => [
        1,
        ...varint(i + 1),
        0,
        4,
        1,
        1,
        0x74,
        1,
        0x78,
      ])
      return encodeBase64(Uint8Array.from([...varint(parts), ...letters.flat(), 0]))
    }
    expect(yjsText.check({ update: scattered(UPDATE_PARTS_MAX + 1) })).toEqual({
      ok: false,
      error: 'bad_update',
    })
    const full = scattered(UPDATE_PARTS_MAX)
    const before = performance.now()
    const state = yjsText.check({ update: full })
    expect(state.ok && yjsText.read(state.value)).toEqual({ ok: true, value: 'x'.repeat(UPDATE_PARTS_MAX) })
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})
