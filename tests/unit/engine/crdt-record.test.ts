import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { decodeBase64, encodeBase64 } from '#lib/kernel/base64.ts'
import { claim } from '#lib/engine/crdt/claim.ts'
import { edited } from '#lib/engine/replaced-range.ts'
import type { TextCrdt } from '#lib/engine/crdt/text.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  patch,
  put,
  RECORD,
  remove,
  rulesOf,
  stamp,
  uuid,
} from '#tests/support/engine-world.ts'

const rules = rulesOf({ strategy: 'crdt' })
const crdt = (...changes: CrdtChange[]): Operation => ({ type: 'crdt', changes })
const hits = (deviceId: string, total: number): Operation =>
  crdt({ path: '/hits', kind: 'g-counter', state: { [deviceId]: total } })
const tag = (deviceId: string, n: number, value: string): Operation =>
  crdt({ path: '/tags', kind: 'or-set', add: [{ value, dot: `${deviceId}:${n}` }], remove: [] })
const typing = (content: string): Operation => {
  const doc = new Y.Doc()
  doc.getText('text').insert(0, content)
  return crdt({ path: '/body', kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(doc)) })
}

/** As releases before 29 November 2026 wrote a text. */
const AS_ONE_RANGE: TextCrdt = {
  ...yjsText,
  edit: (base, next, seed, own) =>
    yjsText.edit(base, typeof next === 'string' ? next : edited(next), seed.replace(/ ranges$/, ''), own),
}

/** A record of version 1, made by A. */
function started(op: Operation = hits(DEVICE_A, 3), use = rules): EngineWorld {
  const server = new EngineWorld(use)
  expect(server.send(DEVICE_A, op)).toMatchObject({ status: 'applied', version: 1 })
  return server
}

/** Types in the text that the server had at the path, as a device that reads it does. */
function typed(server: EngineWorld, text: string): Operation {
  const state = server.record?.crdt?.['/body']
  const base = state && claim(state, 'text', yjsText)
  if (!base?.ok || base.value.kind !== 'text') throw new Error('a text')
  const made = yjsText.edit(base.value, text, text)
  return crdt({ path: '/body', kind: 'text', update: made.ok ? made.value.update : '' })
}

describe('CRDTs of a record', () => {
  it('[CS4] what is typed in a plain text that others replace meanwhile is seen, in whatever order it comes', () => {
    const server = started(put({ body: 'hi' }))
    const byB = typed(server, 'hiBBB')
    const byAll = typed(server, 'CCChi')
    server.send(DEVICE_A, patch({ body: 'ho' }), { baseVersion: 1, hlc: stamp(DEVICE_A, 10) })
    expect(server.record?.data).toEqual({ body: 'ho' })
    const onNewer = typed(server, 'hoDDD')
    server.send(DEVICE_B, byB, { baseVersion: 1 })
    server.send(DEVICE_C, byAll, { baseVersion: 1 })
    server.send(DEVICE_A, onNewer, { baseVersion: 2 })
    const body = String(server.record?.data?.['body'])
    for (const part of ['BBB', 'CCC', 'DDD']) expect(body).toContain(part)
    expect(body.replaceAll(/BBB|CCC|DDD/g, '')).toBe('ho')
    // A document that was made on the first one as well: its difference is one of the places that are gone.
    server.send(DEVICE_C, patch({ body: 'hi!' }), { baseVersion: 1, hlc: stamp(DEVICE_C, 20) })
    expect(String(server.record?.data?.['body']).replaceAll(/BBB|CCC|DDD/g, '')).toMatch(/^(?:ho!|!ho)$/)
  })

  it('[FK3] after a change that a fork has sent, later ones of the record wait to be made anew', () => {
    const server = new EngineWorld(rules)
    const sent = mutationBy(DEVICE_A, hits(DEVICE_A, 3))
    server.push(DEVICE_A, [sent])
    const moved = mutationBy(DEVICE_B, hits(DEVICE_B, 3), { id: sent.id })
    const later = [
      mutationBy(DEVICE_B, hits(DEVICE_B, 5), { after: sent.id }),
      mutationBy(DEVICE_B, patch({ title: 'x' })),
      mutationBy(DEVICE_B, hits(DEVICE_B, 9), { recordId: uuid('e', 2) }),
    ]
    const results = server.push(DEVICE_B, [moved, ...later], { linkedIds: [DEVICE_A] })
    expect(results).toMatchObject([
      { status: 'duplicate', under: DEVICE_A, original: { status: 'applied', version: 1 } },
      { status: 'retry', code: 'parent_retry' },
      { status: 'applied' },
      { status: 'applied' },
    ])
    const [remade] = later.map((each) => ({ ...each, op: hits(DEVICE_B, 2) }))
    if (!remade) throw new Error('a change to send again')
    expect(server.push(DEVICE_B, [remade], { linkedIds: [DEVICE_A] })).toMatchObject([{ status: 'applied' }])
    expect(server.record?.data).toMatchObject({ hits: 5 })
    expect(server.push(DEVICE_A, [sent])).toEqual([
      { id: sent.id, status: 'duplicate', original: expect.objectContaining({ version: 1 }) },
    ])
  })

  it('[CS7] changes of two devices are joined: applied, with the record where others came between, and no conflict', () => {
    const server = started()
    expect(server.send(DEVICE_A, hits(DEVICE_A, 4), { baseVersion: 1 })).toEqual({
      id: server.last.effects[0]?.incoming.mutation.id,
      status: 'applied',
      version: 2,
    })
    expect(server.send(DEVICE_B, hits(DEVICE_B, 2), { baseVersion: 1 })).toMatchObject({
      status: 'applied',
      version: 3,
      record: { data: { hits: 6 }, crdt: { '/hits': { state: { [DEVICE_A]: 4, [DEVICE_B]: 2 } } } },
    })
    expect(server.last.effects[0]?.conflict).toBeNull()
  })

  it('[CS4] a change needs no base: purged, of another epoch, or behind an unknown parent', () => {
    const server = started()
    const changes = [
      { baseVersion: 77 },
      { baseVersion: 1, baseEpoch: 9 },
      { after: mutationBy(DEVICE_B, remove).id },
    ]
    for (const [i, change] of changes.entries()) {
      expect(server.send(DEVICE_B, hits(DEVICE_B, i + 1), change).status).toBe('applied')
    }
    expect(server.record?.data).toEqual({ hits: 6 })
  })

  it('[DL1] a document write without its base is underivable where it touches a CRDT', () => {
    const mixed = rulesOf({ strategy: 'lww', fieldStrategies: { '/hits': 'crdt' } })
    const server = started(put({ title: 'x', hits: 1 }), mixed)
    for (const op of [put({ hits: 5 }), patch({ hits: 5 }), patch({}, ['hits']), patch({ '/hits/x': 1 })]) {
      expect(server.send(DEVICE_B, op, { baseVersion: 77 })).toMatchObject({
        status: 'dead_lettered',
        code: 'underivable',
      })
      expect(server.last.effects[0]?.deadLetter?.path).toBe(
        op.type === 'patch' && op.set?.['/hits/x'] ? '/hits/x' : '/hits',
      )
    }
    expect(server.send(DEVICE_B, patch({ title: 'y' }), { baseVersion: 77, atMs: 9 }).status).toBe('merged')
    expect(server.record?.data).toEqual({ title: 'y', hits: 1 })
  })

  it('[CS4] a chain of document writes is the difference of each from what the device saw', () => {
    const named = rulesOf({ strategy: 'crdt', fieldStrategies: { '/n': 'crdt', '/tags': 'crdt' } })
    const server = started(put({ n: 10, tags: ['a'], body: 'one' }), named)
    server.send(DEVICE_B, put({ n: 15, tags: ['a', 'b'], body: 'one' }), { baseVersion: 1 })
    const first = mutationBy(DEVICE_A, put({ n: 11, tags: ['a', 'c'], body: 'two' }), {
      baseVersion: 1,
      atMs: 1,
    })
    const second = mutationBy(DEVICE_A, put({ n: 13, tags: ['d'], body: 'three' }), {
      baseVersion: 1,
      after: first.id,
      atMs: 2,
    })
    server.push(DEVICE_A, [first])
    server.push(DEVICE_A, [second])
    expect(server.record?.data).toEqual({ n: 18, tags: ['d', 'b'], body: 'three' })
  })

  it('[CS4] a chain of writes on a text', () => {
    const server = started(typing('hello'))
    const first = mutationBy(DEVICE_A, patch({ body: 'hello world' }), { baseVersion: 1 })
    const second = mutationBy(DEVICE_A, patch({ body: 'hello wide world' }), {
      baseVersion: 1,
      after: first.id,
    })
    server.push(DEVICE_A, [first])
    server.send(DEVICE_B, patch({ body: 'well, hello' }), { baseVersion: 1 })
    server.push(DEVICE_A, [second])
    expect(server.record?.data).toEqual({ body: 'well, hello wide world' })
  })

  it('[CS4] a document write changes a text where it differs: what lies between stays, and what others did there', () => {
    const server = started(typing('one two three four'))
    server.send(DEVICE_B, patch({ body: 'one three XX four' }), { baseVersion: 1 })
    server.send(DEVICE_A, patch({ body: 'One two three four!' }), { baseVersion: 1 })
    expect(server.record?.data).toEqual({ body: 'One three XX four!' })
  })

  it('[AF2] a child of a write that an earlier release took for one range goes on from what that made', () => {
    const server = started(typing('one two three four'))
    const first = mutationBy(DEVICE_A, patch({ body: 'One two three four!' }), { baseVersion: 1 })
    const second = mutationBy(DEVICE_A, patch({ body: 'One three four!' }), {
      baseVersion: 1,
      after: first.id,
    })
    server.world = { ...server.world, text: AS_ONE_RANGE }
    server.push(DEVICE_A, [first])
    server.world = { ...server.world, text: yjsText }
    server.push(DEVICE_A, [second])
    expect(server.record?.data).toEqual({ body: 'One three four!' })
  })

  it('[AF2] a document write is what it was on its own base, for what comes behind it on a newer one', () => {
    const server = started(typing('one two three four'))
    server.send(DEVICE_B, patch({ body: 'one two BBB three four' }), { baseVersion: 1 })
    const typedA = mutationBy(DEVICE_A, patch({ n: 1 }), { baseVersion: 1 })
    const written = { body: 'one two three four DOC' }
    const wrote = mutationBy(DEVICE_A, patch(written), { baseVersion: 1, after: typedA.id })
    const told = mutationBy(DEVICE_A, patch({ body: 'one two three four TYPED DOC' }), {
      baseVersion: 3,
      after: wrote.id,
    })
    const again = mutationBy(DEVICE_A, patch({ body: 'one two three four TYPED MORE DOC' }), {
      baseVersion: 4,
      after: told.id,
    })
    for (const each of [typedA, wrote]) server.push(DEVICE_A, [each])
    // Its device takes out what others did meanwhile, as it sees it: the record says how it is.
    expect(server.push(DEVICE_A, [told])).toMatchObject([
      { status: 'applied', record: { data: { body: 'one two BBB three four TYPED DOC' } } },
    ])
    server.push(DEVICE_A, [again])
    expect(server.record?.data).toEqual({ n: 1, body: 'one two BBB three four TYPED MORE DOC' })
  })

  it('[AF2] what a set was given by a write on an older base is taken out by what comes behind it', () => {
    const server = started(tag(DEVICE_A, 1, 'a'))
    server.send(DEVICE_B, patch({ tags: [] }), { baseVersion: 1 })
    const first = mutationBy(DEVICE_A, patch({ n: 1 }), { baseVersion: 1 })
    const wrote = mutationBy(DEVICE_A, patch({ tags: ['a', 'x'] }), { baseVersion: 1, after: first.id })
    const undone = mutationBy(DEVICE_A, patch({ tags: ['a'] }), { baseVersion: 3, after: wrote.id })
    for (const each of [first, wrote]) server.push(DEVICE_A, [each])
    expect(server.record?.data).toMatchObject({ tags: ['x'] })
    server.push(DEVICE_A, [undone])
    expect(server.record?.data).toMatchObject({ tags: [] })
  })

  it('[CS4] a chain of writes on what became a text by another’s typing is about that text', () => {
    const server = started(put({ body: 'hi' }))
    server.send(DEVICE_B, typed(server, 'hiB'), { baseVersion: 1 })
    const base = { baseVersion: 1 }
    const first = mutationBy(DEVICE_A, patch({ body: 'hi there' }), { ...base, hlc: stamp(DEVICE_A, 10) })
    const second = mutationBy(DEVICE_A, patch({ body: 'hi' }), {
      ...base,
      after: first.id,
      hlc: stamp(DEVICE_A, 20),
    })
    server.push(DEVICE_A, [first, second])
    expect(server.record?.data).toEqual({ body: 'hiB' })
  })

  it('[DL1] what does not fit its CRDT, or breaks the schema once joined, is a dead letter', () => {
    const bounded = { ...rules, schema: { properties: { hits: { maximum: 5 } } } }
    const server = started(hits(DEVICE_A, 3), bounded)
    expect(server.send(DEVICE_B, hits(DEVICE_B, 3), { baseVersion: 1 })).toMatchObject({
      status: 'dead_lettered',
      code: 'schema_mismatch',
    })
    const wrong = crdt({ path: '/hits', kind: 'or-set', add: [] })
    expect(server.send(DEVICE_A, wrong, { baseVersion: 1 })).toMatchObject({
      status: 'dead_lettered',
      code: 'schema_mismatch',
      detail: 'the operation does not fit the document: kind_mismatch',
    })
    expect(server.send(DEVICE_A, patch({ hits: 1 }), { baseVersion: 1 })).toMatchObject({
      code: 'schema_mismatch',
    })
    expect(server.record?.version).toBe(1)
  })

  it('[PU2] names of other devices are refused, and a register stamped ahead too', () => {
    const server = started()
    const forged = [
      hits(DEVICE_A, 9),
      tag(DEVICE_A, 1, 'x'),
      crdt({ path: '/n', kind: 'pn-counter', state: { n: { [DEVICE_A]: 1 } } }),
      crdt({ path: '/r', kind: 'lww-register', value: 1, hlc: stamp(DEVICE_A) }),
    ]
    for (const op of forged)
      expect(server.send(DEVICE_B, op)).toMatchObject({ status: 'refused', code: 'foreign_actor' })
    const ahead = crdt({ path: '/r', kind: 'lww-register', value: 1, hlc: stamp(DEVICE_B, 300_001) })
    expect(server.send(DEVICE_B, ahead)).toMatchObject({ status: 'refused', code: 'clock_out_of_bounds' })
  })

  it('[CS4] a collection of another strategy takes no CRDT change, but in its fields that are named crdt', () => {
    const mixed = rulesOf({ strategy: 'fww', fieldStrategies: { '/hits': 'crdt' } })
    const server = started(put({ title: 'x' }), mixed)
    expect(server.send(DEVICE_B, hits(DEVICE_B, 2)).status).toBe('applied')
    expect(server.send(DEVICE_A, hits(DEVICE_A, 1), { baseVersion: 1 }).status).toBe('applied')
    expect(server.record?.data).toEqual({ title: 'x', hits: 3 })
    expect(server.send(DEVICE_B, tag(DEVICE_B, 1, 'x'))).toMatchObject({ code: 'schema_mismatch' })
    expect(server.send(DEVICE_B, patch({ title: 'y' }), { baseVersion: 1 }).status).toBe('applied')
    expect(server.send(DEVICE_A, patch({ title: 'z', hits: 9 }), { baseVersion: 1 }).status).toBe('conflict')
    expect(server.record?.data).toEqual({ title: 'y', hits: 3 })
    const plain = started(put({ title: 'x' }), rulesOf())
    expect(plain.send(DEVICE_B, hits(DEVICE_B, 2))).toMatchObject({ code: 'schema_mismatch' })
  })

  it('[CS3] a merge of plain fields carries the CRDTs along, also when the plain side loses', () => {
    const mixed = rulesOf({ strategy: 'field-merge', fieldStrategies: { '/hits': 'crdt' } })
    const server = started(put({ title: 'x', note: 'n', hits: 1 }), mixed)
    server.send(DEVICE_B, patch({ title: 'theirs', hits: 3 }), { baseVersion: 1, atMs: 9 })
    expect(
      server.send(DEVICE_A, patch({ title: 'ours', hits: 2 }), { baseVersion: 1, atMs: 5 }),
    ).toMatchObject({
      status: 'merged',
      resolution: { outcome: 'merge', fields: ['/title'] },
      record: { data: { title: 'theirs', note: 'n', hits: 4 } },
    })
    expect(server.send(DEVICE_A, patch({ note: 'm' }), { baseVersion: 1, atMs: 6 })).toMatchObject({
      status: 'merged',
      record: { data: { title: 'theirs', note: 'm', hits: 4 } },
    })
  })
})

describe('CRDTs and deletes', () => {
  it('[CS9] the edit wins over a delete that it did not see, whichever comes first', () => {
    const first = started()
    first.send(DEVICE_B, remove, { baseVersion: 1 })
    expect(first.record).toMatchObject({ deleted: true, crdt: { '/hits': {} } })
    expect(first.send(DEVICE_A, hits(DEVICE_A, 5), { baseVersion: 1 })).toMatchObject({
      status: 'merged',
      resolution: { strategy: 'crdt', outcome: 'local' },
      record: { deleted: false, data: { hits: 5 } },
    })
    expect(first.last.effects[0]?.conflict).toMatchObject({
      strategy: 'crdt',
      remote: null,
      result: { hits: 5 },
    })

    const second = started()
    second.send(DEVICE_A, hits(DEVICE_A, 5), { baseVersion: 1 })
    expect(second.send(DEVICE_B, remove, { baseVersion: 1, atMs: 99 })).toMatchObject({
      status: 'superseded',
      resolution: { outcome: 'remote' },
      record: { data: { hits: 5 } },
    })
  })

  it('[CS9] after a delete that it saw an edit goes to a person, a put with base 0 starts anew', () => {
    const server = started()
    server.send(DEVICE_A, remove, { baseVersion: 1 })
    expect(server.send(DEVICE_A, hits(DEVICE_A, 5), { baseVersion: 2 }).status).toBe('conflict')
    expect(server.send(DEVICE_B, put({ hits: 1 }), { baseVersion: 0 })).toMatchObject({ status: 'applied' })
    expect(server.record).toMatchObject({ data: { hits: 1 } })
    expect(server.record?.crdt['/hits']).toMatchObject({ kind: 'lww-register', value: 1 })
  })

  it('[CS9] a change with base > 0 of a record that is not there goes to a person', () => {
    const server = new EngineWorld(rules)
    expect(server.send(DEVICE_A, hits(DEVICE_A, 5), { baseVersion: 7 })).toMatchObject({
      status: 'conflict',
      record: null,
    })
  })

  it('[CS9] with single CRDT fields the collection’s own rule decides, and the states come back with the record', () => {
    const mixed = rulesOf({ strategy: 'lww', fieldStrategies: { '/hits': 'crdt' } })
    const server = started(put({ title: 'x', hits: 3 }), mixed)
    server.send(DEVICE_B, remove, { baseVersion: 1, atMs: 5 })
    expect(server.send(DEVICE_A, patch({ hits: 4 }), { baseVersion: 1, atMs: 4 }).status).toBe('superseded')
    expect(server.send(DEVICE_A, patch({ hits: 4 }), { baseVersion: 1, atMs: 6 })).toMatchObject({
      status: 'merged',
      record: { data: { title: 'x', hits: 4 } },
    })
  })
})

describe('a record with CRDTs that is made anew', () => {
  const words = (deviceId: string, base: string, added: string, at: number): Operation => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, decodeBase64(base) as Uint8Array)
    doc.clientID = deviceId === DEVICE_A ? 7 : 8
    const seen = Y.encodeStateVector(doc)
    doc.getText('text').insert(at, added)
    return crdt({ path: '/body', kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(doc, seen)) })
  }
  const textOf = (server: EngineWorld): string => {
    const state = server.record?.crdt['/body']
    return state?.kind === 'text' ? state.update : ''
  }
  /** Version 1 by `first`, deleted with version 2, and made anew with version 3, which is its life. */
  function anew(first: Operation, data: JsonObject, use = rules): EngineWorld {
    const server = started(first, use)
    server.send(DEVICE_B, remove, { baseVersion: 1, atMs: 1 })
    expect(server.send(DEVICE_B, put(data), { atMs: 2 }).status).toBe('applied')
    expect(server.record).toMatchObject({ data, life: 3 })
    return server
  }
  const late = { baseVersion: 1, atMs: 3 } as const
  const hello = typing('hello')

  it('[CS9] counts what comes late of its former life by its step, and nothing else of that', () => {
    const server = anew(hits(DEVICE_A, 3), { hits: 1 })
    expect(server.send(DEVICE_A, hits(DEVICE_A, 5), late)).toMatchObject({
      status: 'applied',
      record: { data: { hits: 3 }, life: 3 },
    })
    expect(server.send(DEVICE_A, hits(DEVICE_A, 4), { baseVersion: 4 })).toMatchObject({ status: 'applied' })
    expect(server.record?.data).toEqual({ hits: 5 })
  })

  it('[CS9] keeps what is typed and added late, and has nothing removed', () => {
    const server = anew(hello, { body: 'fresh' })
    const typed = words(DEVICE_B, textOf(started(hello)), ' B2', 5)
    expect(server.send(DEVICE_B, typed, late).status).toBe('applied')
    expect(server.record?.data).toEqual({ body: ' B2fresh' })
    expect(server.send(DEVICE_B, patch({ body: 'o' }), late).status).toBe('applied')
    expect(server.record?.data).toEqual({ body: ' B2fresh' })
    const tags = anew(
      tag(DEVICE_A, 1, 'x'),
      { tags: ['x', 'y'] },
      rulesOf({ ...rules, fieldStrategies: { '/tags': 'crdt' } }),
    )
    tags.send(DEVICE_B, crdt({ path: '/tags', kind: 'or-set', remove: [`${DEVICE_A}:1`] }), late)
    tags.send(DEVICE_B, tag(DEVICE_B, 1, 'z'), late)
    expect(tags.record?.data).toEqual({ tags: ['x', 'y', 'z'] })
  })

  it('[CS9] takes a whole chain of its former life, each by what it added', () => {
    const server = anew(hits(DEVICE_A, 3), { hits: 1 })
    const first = mutationBy(DEVICE_A, hits(DEVICE_A, 5), late)
    const second = mutationBy(DEVICE_A, hits(DEVICE_A, 9), { ...late, after: first.id })
    const third = mutationBy(DEVICE_A, patch({ hits: 10, note: 'n' }), { ...late, after: second.id })
    server.push(DEVICE_A, [first])
    server.push(DEVICE_A, [second, third])
    expect(server.record?.data).toEqual({ hits: 1 + 7, note: 'n' })
  })

  it('[CS9] goes on for its own chain as its device has it', () => {
    const server = started(hits(DEVICE_A, 3))
    server.send(DEVICE_B, hits(DEVICE_B, 4), { baseVersion: 1 })
    server.send(DEVICE_A, remove, { baseVersion: 2 })
    const made = mutationBy(DEVICE_A, put({ hits: 1 }))
    server.push(DEVICE_A, [made])
    server.send(DEVICE_B, hits(DEVICE_B, 6), { baseVersion: 2 })
    // Its put counted 1 for it, and 2 more.
    server.push(DEVICE_A, [mutationBy(DEVICE_A, hits(DEVICE_A, 3), { after: made.id })])
    expect(server.record?.data).toEqual({ hits: 3 + 2 })
  })

  it.each([0, 1])('[CS9] is no former life for the chain that deleted it, made on base %i', (baseVersion) => {
    const named = rulesOf({ strategy: 'crdt', fieldStrategies: { '/tags': 'crdt' } })
    const server = started(put({ tags: ['x', 'y'] }), named)
    const gone = mutationBy(DEVICE_A, remove, { baseVersion: 1 })
    const made = mutationBy(DEVICE_A, put({ tags: ['y', 'z'] }), { baseVersion, after: gone.id })
    const next = mutationBy(DEVICE_A, patch({ tags: ['z'] }), { baseVersion, after: made.id })
    for (const mutation of [gone, made, next])
      expect(server.push(DEVICE_A, [mutation])).toMatchObject([{ status: 'applied' }])
    expect(server.record?.data).toEqual({ tags: ['z'] })
  })

  it('[DL1] what was made late on what nobody knows any more is a dead letter, typing on another’s text too', () => {
    const server = anew(typing('hello'), { body: 'fresh' })
    const blind = { baseVersion: 1, after: uuid('f', 999_999) }
    expect(server.send(DEVICE_B, hits(DEVICE_B, 5), blind)).toMatchObject({ code: 'underivable' })
    const doc = new Y.Doc()
    doc.getText('text').insert(0, 'of another device')
    const typed = words(DEVICE_B, encodeBase64(Y.encodeStateAsUpdate(doc)), 'B', 3)
    expect(server.send(DEVICE_B, typed, late)).toMatchObject({ status: 'dead_lettered', code: 'underivable' })
  })

  it('[CS9] is deleted and edited late once more: the edit brings back this life, not the one before', () => {
    const server = anew(hits(DEVICE_A, 3), { hits: 1 })
    server.send(DEVICE_B, remove, { baseVersion: 3, atMs: 3 })
    expect(server.send(DEVICE_A, hits(DEVICE_A, 5), late)).toMatchObject({ status: 'merged' })
    expect(server.record).toMatchObject({ data: { hits: 3 }, life: 3 })
  })
})

describe('documents and texts of CRDTs', () => {
  it.each([put({ body: 'x\ud83dy' }), patch({ body: 'x\ude00y' })])(
    '[JS1] half a surrogate pair is a letter, and no other character: %j',
    (op) => {
      const server = started(typing('x😀y'))
      const letter = { status: 'dead_lettered', code: 'schema_mismatch' }
      expect(server.send(DEVICE_A, op, { baseVersion: 1 })).toMatchObject(letter)
      expect(server.send(DEVICE_A, patch({ body: 'x😁y' }), { baseVersion: 1 })).toMatchObject({
        status: 'applied',
      })
      expect(server.record?.data).toEqual({ body: 'x😁y' })
    },
  )
})

describe('CRDTs and replays', () => {
  it('[DL6] a replay is joined into newer work', () => {
    const strict = { ...rules, schema: { properties: { hits: { maximum: 5 } } } }
    const server = started(hits(DEVICE_A, 1), strict)
    const late = mutationBy(DEVICE_A, hits(DEVICE_A, 9), { baseVersion: 1 })
    const [dead] = server.push(DEVICE_A, [late])
    const letter = dead?.status === 'dead_lettered' ? dead.deadLetterId : ''
    server.world = { ...server.world, collections: new Map([[COLLECTION, rules]]) }
    server.send(DEVICE_B, hits(DEVICE_B, 4), { baseVersion: 1 })
    expect(server.push(DEVICE_B, [late], { replayOf: letter })[0]).toMatchObject({ status: 'applied' })
    expect(server.record).toMatchObject({ recordId: RECORD, data: { hits: 13 } })
  })
})
