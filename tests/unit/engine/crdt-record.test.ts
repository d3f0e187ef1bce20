import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { encodeBase64 } from '#lib/kernel/base64.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
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

/** A record of version 1, made by A. */
function started(op: Operation = hits(DEVICE_A, 3), use = rules): EngineWorld {
  const server = new EngineWorld(use)
  expect(server.send(DEVICE_A, op)).toMatchObject({ status: 'applied', version: 1 })
  return server
}

describe('CRDTs of a record', () => {
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
