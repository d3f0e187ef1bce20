import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkActors } from '#lib/engine/crdt/actors.ts'
import { adoptStates } from '#lib/engine/crdt/adopt.ts'
import { deltasOf, joinDeltas } from '#lib/engine/crdt/apply-changes.ts'
import type { CrdtDocument } from '#lib/engine/crdt/derive.ts'
import { deriveDeltas } from '#lib/engine/crdt/derive.ts'
import { plainPart, usesCrdt } from '#lib/engine/crdt/governed.ts'
import { materialise } from '#lib/engine/crdt/materialise.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { encodeBase64 } from '#lib/kernel/base64.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { unknownField } from '#lib/protocol/mutation.ts'
import type { CrdtChange, CrdtStates } from '#lib/protocol/crdt.ts'
import { DEVICE_A, DEVICE_B, mutationBy, NOW_MS, rulesOf, stamp } from '#tests/support/engine-world.ts'

const rules = rulesOf({ strategy: 'crdt' })
const NOTHING: CrdtDocument = { data: {}, states: {} }
const writerOf = (deviceId: string, version: number) => ({
  deviceId,
  hlc: stamp(deviceId, version),
  mutationId: `m${version}`,
  epoch: 1,
  version,
})

const valueOf = <T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
const documentOf = (states: CrdtStates): CrdtDocument => ({
  data: valueOf(materialise({}, states, yjsText)),
  states,
})
const changed = (document: CrdtDocument, ...changes: CrdtChange[]): CrdtDocument =>
  documentOf(valueOf(joinDeltas(document.states, valueOf(deltasOf(rules, changes, yjsText)), yjsText)))
const written = (
  document: CrdtDocument,
  base: CrdtDocument,
  next: JsonObject,
  by: ReturnType<typeof writerOf>,
  use = rules,
): CrdtDocument => {
  const question = { rules: use, base, next, absence: 'keeps', current: document.states, writer: by } as const
  return documentOf(valueOf(joinDeltas(document.states, valueOf(deriveDeltas(question, yjsText)), yjsText)))
}
const typed = (content: string, into: Y.Doc = new Y.Doc()): string => {
  const before = Y.encodeStateVector(into)
  into.getText('body').insert(0, content)
  return encodeBase64(Y.encodeStateAsUpdate(into, before))
}

describe('a document of CRDTs', () => {
  it('[CS4] reads counters as numbers, sets in dot order, text as a string, registers as their value', () => {
    const { data } = changed(
      NOTHING,
      { path: '/hits', kind: 'g-counter', state: { [DEVICE_A]: 3 } },
      { path: '/stock/left', kind: 'pn-counter', state: { p: { [DEVICE_A]: 5 }, n: { [DEVICE_A]: 7 } } },
      {
        path: '/tags',
        kind: 'or-set',
        add: [
          { value: 'ten', dot: `${DEVICE_A}:10` },
          { value: 'two', dot: `${DEVICE_A}:2` },
          { value: 'two', dot: `${DEVICE_A}:3` },
        ],
        remove: [],
      },
      { path: '/status', kind: 'lww-register', value: null, hlc: stamp(DEVICE_A) },
      { path: '/gone', kind: 'lww-register', hlc: stamp(DEVICE_A) },
      { path: '/body', kind: 'text', update: typed('hello') },
    )
    expect(data).toEqual({
      hits: 3,
      stock: { left: -2 },
      tags: ['two', 'ten'],
      status: null,
      body: 'hello',
    })
  })

  it('[CS4] a put is the difference from its base, whatever came between', () => {
    const named = rulesOf({ strategy: 'crdt', fieldStrategies: { '/count': 'crdt', '/tags': 'crdt' } })
    const base = written(
      NOTHING,
      NOTHING,
      { count: 7, tags: ['a', 'b'], title: 'x' },
      writerOf(DEVICE_A, 1),
      named,
    )
    expect(base.data).toEqual({ count: 7, tags: ['a', 'b'], title: 'x' })
    const theirs = written(
      base,
      base,
      { count: 9, tags: ['a', 'c'], title: 'x' },
      writerOf(DEVICE_B, 2),
      named,
    )
    const both = written(
      theirs,
      base,
      { count: 10, tags: ['b', 'd'], title: 'y' },
      writerOf(DEVICE_A, 3),
      named,
    )
    expect(both.data).toEqual({ count: 12, tags: ['d', 'c'], title: 'y' })
  })

  it('[CS4] a put on a text keeps what others wrote elsewhere in it', () => {
    const base = changed(NOTHING, { path: '/body', kind: 'text', update: typed('the lazy dog') })
    const theirs = written(base, base, { body: 'the lazy dog sleeps' }, writerOf(DEVICE_B, 2))
    const both = written(theirs, base, { body: 'the quick dog' }, writerOf(DEVICE_A, 3))
    expect(both.data).toEqual({ body: 'the quick dog sleeps' })
  })

  it('[CS4] a put that leaves a counter, set or text out lets it be, and removes a register', () => {
    const base = changed(written(NOTHING, NOTHING, { note: 'x', other: 1 }, writerOf(DEVICE_A, 1)), {
      path: '/hits',
      kind: 'g-counter',
      state: { [DEVICE_A]: 3 },
    })
    expect(written(base, base, { other: 1 }, writerOf(DEVICE_A, 2)).data).toEqual({ other: 1, hits: 3 })
  })

  it('[CS4] the first change says what a plain value is', () => {
    const base = written(NOTHING, NOTHING, { n: 4, list: ['a', 'b'], body: 'hi' }, writerOf(DEVICE_A, 1))
    expect(base.states['/n']).toMatchObject({ kind: 'lww-register' })
    const claimed = changed(
      base,
      { path: '/n', kind: 'pn-counter', state: { n: { [DEVICE_B]: 1 } } },
      { path: '/list', kind: 'or-set', add: [{ value: 'c', dot: `${DEVICE_B}:1` }] },
      { path: '/body', kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(new Y.Doc())) },
    )
    expect(claimed.data).toEqual({ n: 3, list: ['a', 'b', 'c'], body: 'hi' })
  })

  it('[CS4] what was written under another strategy is taken over as registers', () => {
    const states = adoptStates(rules, { a: { b: 1, empty: {} }, list: [1] }, {}, stamp(DEVICE_A), yjsText)
    expect(Object.keys(states)).toEqual(['/a/b', '/a/empty', '/list'])
    expect(documentOf(states).data).toEqual({ a: { b: 1, empty: {} }, list: [1] })
    expect(adoptStates(rulesOf(), {}, states, stamp(DEVICE_A), yjsText)).toEqual({})
  })

  it('[CS4] single fields of another collection', () => {
    const mixed = rulesOf({ strategy: 'lww', fieldStrategies: { '/stats/hits': 'crdt' } })
    expect([usesCrdt(rules), usesCrdt(mixed), usesCrdt(rulesOf())]).toEqual([true, true, false])
    expect(plainPart(mixed, { title: 'x', stats: { hits: 3, since: null } })).toEqual({
      title: 'x',
      stats: { since: null },
    })
    expect(plainPart(rules, { title: 'x', stats: { hits: 3 } })).toEqual({})
    const refused = deltasOf(
      mixed,
      [{ path: '/title', kind: 'lww-register', value: 1, hlc: stamp(DEVICE_A) }],
      yjsText,
    )
    expect(refused).toEqual({ ok: false, error: { code: 'not_crdt', path: '/title' } })
  })

  it.each([
    [{ path: 'hits', kind: 'g-counter', state: {} }, 'bad_pointer'],
    [{ path: '/~2', kind: 'g-counter', state: {} }, 'bad_pointer'],
    [{ path: '/a'.repeat(40), kind: 'g-counter', state: {} }, 'too_deep'],
    [{ path: '/a', kind: 'g-counter', state: { [DEVICE_A]: -1 } }, 'bad_total'],
    [{ path: '/a', kind: 'g-counter', state: { [DEVICE_A]: 0.5 } }, 'bad_total'],
    [{ path: '/a', kind: 'pn-counter', state: { n: { [DEVICE_A]: 2 ** 53 } } }, 'bad_total'],
    [{ path: '/a', kind: 'or-set', add: [{ value: 1, dot: `${DEVICE_A}:0` }] }, 'bad_dot'],
    [{ path: '/a', kind: 'or-set', remove: ['x'] }, 'bad_dot'],
    [{ path: '/a', kind: 'lww-register', value: 1, hlc: 'x' }, 'bad_stamp'],
    [{ path: '/a', kind: 'text', update: '*' }, 'bad_update'],
    [{ path: '/a', kind: 'text', update: 'AAAA' + 'A'.repeat(9) }, 'bad_update'],
  ] as const)('[CS4] %j is a typed failure: %s', (change, code) => {
    expect(deltasOf(rules, [change], yjsText)).toMatchObject({ ok: false, error: { code } })
  })

  it('[CS4] kinds and places that do not go together are typed failures', () => {
    const base = changed(
      NOTHING,
      { path: '/hits', kind: 'g-counter', state: { [DEVICE_A]: 3 } },
      { path: '/tags', kind: 'or-set', add: [{ value: 'a', dot: `${DEVICE_A}:1` }] },
      { path: '/body', kind: 'text', update: typed('hello') },
    )
    const join = (...changes: CrdtChange[]) => {
      const joined = joinDeltas(base.states, valueOf(deltasOf(rules, changes, yjsText)), yjsText)
      return joined.ok ? materialise({}, joined.value, yjsText) : joined
    }
    expect(join({ path: '/hits', kind: 'pn-counter', state: {} })).toMatchObject({
      error: { code: 'kind_mismatch' },
    })
    expect(join({ path: '/hits/x', kind: 'g-counter', state: {} })).toMatchObject({
      error: { code: 'not_a_container' },
    })
    const reused = { path: '/tags', kind: 'or-set', add: [{ value: 'b', dot: `${DEVICE_A}:1` }] } as const
    expect(join(reused)).toMatchObject({ error: { code: 'dot_reused' } })
    const elsewhere = new Y.Doc()
    elsewhere.getText('other').insert(0, 'x')
    const update = encodeBase64(Y.encodeStateAsUpdate(elsewhere))
    expect(join({ path: '/body', kind: 'text', update })).toMatchObject({ error: { code: 'other_root' } })
  })

  it('[CS4] dots, totals and register stamps name their sender', () => {
    const check = (change: CrdtChange) => checkActors([change], DEVICE_A, NOW_MS)?.code ?? null
    expect(check({ path: '/a', kind: 'g-counter', state: { [DEVICE_B]: 1 } })).toBe('foreign_actor')
    expect(check({ path: '/a', kind: 'pn-counter', state: { n: { [DEVICE_B]: 1 } } })).toBe('foreign_actor')
    expect(check({ path: '/a', kind: 'or-set', add: [{ value: 1, dot: `${DEVICE_B}:1` }] })).toBe(
      'foreign_actor',
    )
    expect(check({ path: '/a', kind: 'or-set', remove: [`${DEVICE_B}:1`] })).toBeNull()
    expect(check({ path: '/a', kind: 'lww-register', value: 1, hlc: stamp(DEVICE_B) })).toBe('foreign_actor')
    expect(check({ path: '/a', kind: 'lww-register', value: 1, hlc: stamp(DEVICE_A, 300_000) })).toBeNull()
    expect(check({ path: '/a', kind: 'lww-register', value: 1, hlc: stamp(DEVICE_A, 300_001) })).toBe(
      'clock_out_of_bounds',
    )
  })
})

describe('unknown fields', () => {
  it.each([
    [
      { type: 'crdt', changes: [{ path: '/a', kind: 'g-counter', state: {}, extra: 1 }] },
      'op.changes.0.extra',
    ],
    [
      { type: 'crdt', changes: [{ path: '/a', kind: 'pn-counter', state: { q: {} } }] },
      'op.changes.0.state.q',
    ],
    [
      { type: 'crdt', changes: [{ path: '/a', kind: 'or-set', add: [{ value: 1, dot: 'x', at: 1 }] }] },
      'op.changes.0.add.0.at',
    ],
    [{ type: 'ot', path: '/a', kind: 'text', baseRevision: 0, ops: [], x: 1 }, 'op.x'],
    [{ type: 'crdt', changes: [{ path: '/a', kind: 'text', update: '' }] }, null],
  ])('[PU2] %j names %s', (op, field) => {
    expect(unknownField(mutationBy(DEVICE_A, op as never))).toBe(field)
  })
})
