import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { PUSH_WORK_MAX } from '#lib/engine/push-work.ts'
import { TRANSFORM_COST_MAX } from '#lib/engine/ot/integrate.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { Mutation, Operation, OtOperation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import {
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  newId,
  patch,
  put,
  remove,
  rulesOf,
  uuid,
} from '#tests/support/engine-world.ts'

const text = (ops: Json, baseRevision: number, path = '/body'): OtOperation => ({
  type: 'ot',
  path,
  kind: 'text',
  baseRevision,
  ops,
})
const countOf = (results: readonly MutationResult[], status: string): number =>
  results.filter((result) => result.status === status).length

const workOf = ({ last }: EngineWorld): number => (last.kind === 'committed' ? last.draft.work.spent : 0)

/** A text with so many operations. */
function typed(count: number): EngineWorld {
  const server = new EngineWorld(rulesOf({ strategy: 'ot' }))
  server.send(DEVICE_A, put({ body: '', n: 0 }))
  const all = Array.from({ length: count }, (_, i) =>
    mutationBy(DEVICE_A, text(['x'], i), { baseVersion: 1 + i }),
  )
  for (let i = 0; i < count; i += 500) server.push(DEVICE_A, all.slice(i, i + 500))
  return server
}

describe('what one push may take under OT', () => {
  it('[PU7] is bounded: what is past it comes again, and each push gets on', () => {
    const server = typed(2_000)
    const others = Array.from({ length: 200 }, (_, i) =>
      mutationBy(DEVICE_B, text(['y'], i), { baseVersion: 1 }),
    )
    let left: readonly Mutation[] = others
    for (let pushes = 0; left.length > 0 && pushes < 20; pushes++) {
      const results = server.push(DEVICE_B, left)
      expect(workOf(server)).toBeLessThan(PUSH_WORK_MAX + TRANSFORM_COST_MAX)
      const applied = countOf(results, 'applied')
      expect(applied).toBeGreaterThan(0)
      expect(results.slice(applied).every((result) => 'code' in result && result.code === 'push_full')).toBe(
        true,
      )
      if (pushes === 0) expect(applied).toBeLessThan(200)
      left = left.slice(applied)
    }
    expect(left).toEqual([])
    const body = server.record?.data?.['body'] as string
    expect([body.length, body.replaceAll('x', '').length]).toEqual([2_200, 200])
  })

  it('[PU7] counts what finding the difference of a document takes, too', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'ot' }))
    const listOf = (step: number) => Array.from({ length: 1_000 }, (_, i) => (i * step) % 10)
    server.send(DEVICE_A, put({ list: listOf(1) }))
    server.send(
      DEVICE_A,
      { type: 'ot', path: '/list', kind: 'json', baseRevision: 0, ops: [0, { r: true }] },
      { baseVersion: 1 },
    )
    const writes = Array.from({ length: 40 }, (_, n) =>
      mutationBy(DEVICE_B, put({ list: listOf(3 + 2 * (n % 2)) }), { baseVersion: 1 + n }),
    )
    const results = server.push(DEVICE_B, writes)
    const taken = results.filter(({ status }) => status !== 'retry').length
    expect(taken).toBeGreaterThan(1)
    expect(taken).toBeLessThan(writes.length)
    expect(results.at(-1)).toMatchObject({ status: 'retry', code: 'push_full' })
  })

  it('[PU7] ends where the read of a mutation was cut, but not for a person', () => {
    const server = typed(3)
    const [first, second, third] = [0, 1, 2].map((i) =>
      mutationBy(DEVICE_B, text(['y'], i), { baseVersion: 1 }),
    )
    const mutations = [first, second, third] as Mutation[]
    server.world = { ...server.world, unread: new Set([second?.id ?? '']) }
    expect(server.push(DEVICE_B, mutations)).toMatchObject([
      { status: 'applied' },
      { status: 'retry', code: 'push_full' },
      { status: 'retry', code: 'push_full' },
    ])
    expect(server.push(DEVICE_B, [second as Mutation], { byDesk: true })).toMatchObject([
      { status: 'applied' },
    ])
  })

  it('[PU7] what a decision sets free past it is a conflict of its own', () => {
    const rules = rulesOf({ strategy: 'fww', fieldStrategies: { '/tree': 'ot' } })
    const server = new EngineWorld(rules)
    server.send(DEVICE_A, put({ n: 0, tree: {} }))
    server.send(DEVICE_B, patch({ n: 1 }), { baseVersion: 1 })
    const parent = mutationBy(DEVICE_A, patch({ n: 2 }), { baseVersion: 1 })
    const chain: Mutation[] = [parent]
    for (let k = 0; k < 20; k++) {
      const ops = Array.from({ length: 100 }, (_, i) => [
        `k${k}-${String(i).padStart(3, '0')}`,
        { i },
      ]) as Json
      const op: OtOperation = { type: 'ot', path: '/tree', kind: 'json', baseRevision: 0, ops }
      chain.push(mutationBy(DEVICE_A, op, { baseVersion: 1, after: chain.at(-1)?.id ?? '' }))
    }
    const [waiting] = server.push(DEVICE_A, chain)
    expect(waiting?.status).toBe('conflict')
    const resolves = waiting && 'conflictId' in waiting ? waiting.conflictId : newId()
    const tree = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`d${i}`, i]))
    const decision = mutationBy(DEVICE_B, put({ n: 3, tree }), { baseVersion: 2, resolves })
    server.push(DEVICE_B, [decision])
    expect(workOf(server)).toBeLessThan(PUSH_WORK_MAX + TRANSFORM_COST_MAX)
    const released = server.last.effects.slice(1).map(({ result }) => result.status)
    expect(released).toHaveLength(20)
    const done = released.indexOf('conflict')
    expect(done).toBeGreaterThan(0)
    expect(released.slice(done).every((status) => status === 'conflict')).toBe(true)
    const own = server.last.effects.slice(1 + done).flatMap(({ conflict }) => conflict?.id ?? [])
    expect(own.length).toBeGreaterThan(0)
    expect(own).not.toContain(resolves)
  })
})

describe('what one push may take by texts of CRDTs', () => {
  it('[PU7] is bounded too: what is past it comes again, and each push gets on', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'crdt' }))
    const doc = new Y.Doc()
    const body = doc.getText('text')
    const typed = (places: readonly number[]): Operation => {
      const before = Y.encodeStateVector(doc)
      doc.transact(() => {
        for (const place of places) body.insert(place % (body.length + 1), 'x')
      })
      const update = Buffer.from(Y.encodeStateAsUpdate(doc, before)).toString('base64')
      return { type: 'crdt', changes: [{ path: '/body', kind: 'text', update }] }
    }
    server.send(DEVICE_A, typed(Array.from({ length: 4_500 }, (_, n) => n * 7_919)))
    let left: readonly Mutation[] = Array.from({ length: 25 }, (_, n) => mutationBy(DEVICE_B, typed([n])))
    for (let pushes = 0; left.length > 0 && pushes < 20; pushes++) {
      const results = server.push(DEVICE_B, left)
      expect(workOf(server)).toBeLessThan(PUSH_WORK_MAX * 1.5)
      const applied = countOf(results, 'applied')
      expect(applied).toBeGreaterThan(0)
      if (pushes === 0) expect(applied).toBeLessThan(25)
      expect(results.slice(applied)).toMatchObject(results.slice(applied).map(() => ({ code: 'push_full' })))
      left = left.slice(applied)
    }
    expect(left).toEqual([])
    expect(server.record?.data?.['body']).toBe(body.toJSON())
  })

  it('[PU7] counts what changes by its own length, beside what it is joined with', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'crdt' }))
    const doc = new Y.Doc()
    const body = doc.getText('text')
    const changes = Array.from({ length: 8 }, () => {
      const before = Y.encodeStateVector(doc)
      doc.transact(() => {
        for (let n = 0; n < 2_000; n++) body.insert((n * 7_919) % (body.length + 1), 'x')
      })
      const update = Buffer.from(Y.encodeStateAsUpdate(doc, before)).toString('base64')
      return mutationBy(DEVICE_B, { type: 'crdt', changes: [{ path: '/body', kind: 'text', update }] })
    })
    const applied = countOf(server.push(DEVICE_B, changes), 'applied')
    const told = changes.slice(0, applied).map(({ op }) => JSON.stringify(op).length)
    expect(applied).toBeLessThan(8)
    expect(workOf(server)).toBeGreaterThan(4.9 * told.reduce((sum, chars) => sum + chars, 0))
  })

  it('[PU7] counts texts that are read beside what changes, where nothing comes of it too', () => {
    const server = new EngineWorld(
      rulesOf({ strategy: 'crdt', schema: { properties: { n: { type: 'number' } } } }),
    )
    const doc = new Y.Doc()
    const body = doc.getText('text')
    doc.transact(() => {
      for (let n = 0; n < 4_500; n++) body.insert((n * 7_919) % (n + 1), 'x')
    })
    const update = Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64')
    server.send(DEVICE_A, { type: 'crdt', changes: [{ path: '/body', kind: 'text', update }] })
    const changes = Array.from({ length: 300 }, () =>
      mutationBy(DEVICE_B, patch({ n: 'none' }), { baseVersion: 1 }),
    )
    const results = server.push(DEVICE_B, changes)
    expect(countOf(results, 'dead_lettered')).toBeGreaterThan(50)
    expect(results.at(-1)).toMatchObject({ code: 'push_full' })
  })
})

describe('what one push may take of lives that nobody after them knew', () => {
  it('[PU7] is bounded: the texts that a late put brings along from them count', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'crdt' }))
    const doc = new Y.Doc()
    const body = doc.getText('text')
    doc.transact(() => {
      for (let n = 0; n < 4_500; n++) body.insert((n * 7_919) % (n + 1), 'x')
    })
    const update = Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64')
    server.send(DEVICE_A, put({ n: 1 }))
    const chain: Mutation[] = []
    const next = (op: Operation): void => {
      const after = chain.at(-1)?.id
      chain.push(mutationBy(DEVICE_B, op, { baseVersion: 1, ...(after && { after }) }))
    }
    next({ type: 'crdt', changes: [{ path: '/body', kind: 'text', update }] })
    next(remove)
    next(put({ n: 2, body: body.toJSON() }))
    next(remove)
    for (const one of chain) server.push(DEVICE_B, [one])
    const late = mutationBy(DEVICE_A, remove, { baseVersion: 1 })
    server.push(DEVICE_A, [late])
    server.push(DEVICE_A, [mutationBy(DEVICE_A, put({ n: 3 }), { baseVersion: 1, after: late.id })])
    next(put({ n: 2, body: body.toJSON() }))
    server.push(DEVICE_B, chain.slice(-1))
    expect(server.last.effects.map(({ result }) => result.status)).toEqual(['applied'])
    expect(workOf(server)).toBeGreaterThan(4 * update.length)
  })
})

describe('what one push may take of up-migrations', () => {
  const step = { op: 'cel', path: '/count', cel: 'doc.lines.filter(l, l > 0).size()' } as const
  const today = (changes = {}) =>
    rulesOf({ schemaVersion: 2, upMigrations: [{ from: 1, to: 2, ops: [step] }], ...changes })
  const lines = Array.from({ length: 5_000 }, (_, n) => n + 1)

  it('[PU7] is bounded: a record of an older version that every change fails on counts each time', () => {
    const server = new EngineWorld(rulesOf())
    server.send(DEVICE_A, put({ lines }))
    const collection = today({ schema: { properties: { n: { type: 'number' } } } })
    server.world = { ...server.world, collections: new Map([[collection.name, collection]]) }
    const changes = Array.from({ length: 100 }, () =>
      mutationBy(DEVICE_A, patch({ n: 'none' }), { baseVersion: 1, schemaVersion: 2 }),
    )
    const results = server.push(DEVICE_A, changes)
    expect(countOf(results, 'dead_lettered')).toBeGreaterThan(0)
    expect(results.at(-1)).toMatchObject({ status: 'retry', code: 'push_full' })
  })

  it('[PU7] is bounded: changes of an older version count, and each push gets on', () => {
    const server = new EngineWorld(today())
    let left: readonly Mutation[] = Array.from({ length: 60 }, (_, n) =>
      mutationBy(DEVICE_A, put({ lines }), { recordId: uuid('e', n + 1) }),
    )
    let pushes = 0
    for (; left.length > 0 && pushes < 20; pushes++) {
      const applied = countOf(server.push(DEVICE_A, left), 'applied')
      expect(applied).toBeGreaterThan(0)
      left = left.slice(applied)
    }
    expect([left.length, pushes > 1]).toEqual([0, true])
  })
})
