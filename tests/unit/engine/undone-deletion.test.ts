import { describe, expect, it } from 'vitest'
import type { RecordState } from '#lib/engine/types.ts'
import { toWireRecord } from '#lib/engine/wire-record.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  patch,
  put,
  remove,
  rulesOf,
} from '#tests/support/engine-world.ts'

const by = (device: string, op: Operation, changes: Parameters<typeof mutationBy>[2] = {}): Mutation =>
  mutationBy(device, op, changes)
const count = (device: string, total: number): Operation => ({
  type: 'crdt',
  changes: [{ path: '/n', kind: 'pn-counter', state: { p: { [device]: total }, n: {} } }],
})
const type = (ops: (number | string)[], baseRevision: number, path = '/t'): Operation => ({
  type: 'ot',
  path,
  kind: 'text',
  baseRevision,
  ops,
})
const statuses = (server: EngineWorld): readonly string[] => server.last.results.map(({ status }) => status)

describe.each(['A first', 'B first'])('a device undoes its deletion while another edits, %s', (order) => {
  const inOrder = (server: EngineWorld, chain: readonly Mutation[], other: Mutation): void => {
    if (order === 'B first') server.push(DEVICE_B, [other])
    server.push(DEVICE_A, chain)
    if (order === 'A first') server.push(DEVICE_B, [other])
  }

  it('[CS9] by crdt every step counts once, also what the chain counts behind it on the life that it began', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'crdt' }))
    server.send(DEVICE_C, put({ title: 'x' }))
    server.send(DEVICE_C, count(DEVICE_C, 5), { baseVersion: 1 })
    const gone = by(DEVICE_A, remove, { baseVersion: 2, atMs: 10 })
    const again = by(DEVICE_A, put({ title: 'x', n: 5 }), { baseVersion: 2, after: gone.id, atMs: 11 })
    const next = by(DEVICE_A, count(DEVICE_A, 7), { baseVersion: 2, after: again.id, atMs: 12 })
    inOrder(server, [gone, again, next], by(DEVICE_B, count(DEVICE_B, 1), { baseVersion: 2 }))
    expect(server.record?.data).toEqual({ title: 'x', n: 8 })
    const late = by(DEVICE_A, count(DEVICE_A, 9), { baseVersion: 2, after: next.id, atMs: 13 })
    server.push(DEVICE_A, [late])
    expect(server.record?.data).toEqual({ title: 'x', n: 10 })
  })

  it('[CS9] by crdt the last one of a register stays, and what is added to a set', () => {
    const fieldStrategies = { '/tags': 'crdt' } as const
    const server = new EngineWorld(rulesOf({ strategy: 'crdt', fieldStrategies }))
    server.send(DEVICE_A, put({ title: 'x', tags: ['a'] }))
    const gone = by(DEVICE_A, remove, { baseVersion: 1, atMs: 10 })
    const again = by(DEVICE_A, put({ title: 'x', tags: ['a'] }), {
      baseVersion: 1,
      after: gone.id,
      atMs: 11,
    })
    const other = by(DEVICE_B, patch({ title: 'newer', tags: ['a', 'b'] }), { baseVersion: 1, atMs: 20 })
    inOrder(server, [gone, again], other)
    expect(server.record?.data).toMatchObject({ title: 'newer' })
    expect(new Set(server.record?.data?.['tags'] as string[])).toEqual(new Set(['a', 'b']))
  })

  it('[CS9] by ot the text is there once, with what was typed', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'ot' }))
    server.send(DEVICE_A, put({ t: 'hello' }))
    server.send(DEVICE_A, type([5, '!'], 0), { baseVersion: 1 })
    const gone = by(DEVICE_A, remove, { baseVersion: 2, atMs: 10 })
    const again = by(DEVICE_A, put({ t: 'hello!' }), { baseVersion: 2, after: gone.id, atMs: 11 })
    const next = by(DEVICE_A, patch({ t: '>hello!' }), { baseVersion: 2, after: again.id, atMs: 12 })
    inOrder(server, [gone, again, next], by(DEVICE_B, type([6, ' B'], 1), { baseVersion: 2 }))
    expect(server.record?.data).toEqual({ t: '>hello! B' })
  })

  it('[CS9] by ot what the put leaves out is gone, but for what another typed there', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'ot' }))
    server.send(DEVICE_A, put({ t: 'hello' }))
    server.send(DEVICE_A, type([5, '!'], 0), { baseVersion: 1 })
    const gone = by(DEVICE_A, remove, { baseVersion: 2, atMs: 10 })
    const again = by(DEVICE_A, put({ z: 1 }), { baseVersion: 2, after: gone.id, atMs: 11 })
    const next = by(DEVICE_A, patch({ t: 'new' }), { baseVersion: 2, after: again.id, atMs: 12 })
    inOrder(server, [gone, again, next], by(DEVICE_B, type([6, ' B'], 1), { baseVersion: 2 }))
    // Of two at one place the later one stands left.
    expect(server.record?.data).toEqual({ z: 1, t: order === 'A first' ? ' Bnew' : 'new B' })
  })
})

it('[CS9] by ot an edit between the two that come in pushes of their own makes nothing double', () => {
  const server = new EngineWorld(rulesOf({ strategy: 'ot' }))
  server.send(DEVICE_A, put({ t: 'hello' }))
  server.send(DEVICE_A, type([5, '!'], 0), { baseVersion: 1 })
  const gone = by(DEVICE_A, remove, { baseVersion: 2, atMs: 10 })
  server.push(DEVICE_A, [gone])
  server.push(DEVICE_B, [by(DEVICE_B, type([6, ' B'], 1), { baseVersion: 2 })])
  server.push(DEVICE_A, [by(DEVICE_A, put({ t: 'hello!' }), { baseVersion: 2, after: gone.id, atMs: 11 })])
  expect(server.record?.data).toEqual({ t: 'hello! B' })
})

it.each(['crdt', 'ot'] as const)(
  '[CS9] by %s what another made anew and removed meanwhile comes back with nothing that is put there',
  (strategy) => {
    const server = new EngineWorld(rulesOf({ strategy }))
    server.send(DEVICE_A, put({ t: 'hello' }))
    server.send(DEVICE_A, strategy === 'ot' ? type([5, '!'], 0) : patch({ t: 'hello!' }), { baseVersion: 1 })
    const gone = by(DEVICE_A, remove, { baseVersion: 2, atMs: 10 })
    server.push(DEVICE_A, [gone])
    expect(toWireRecord(server.record as RecordState)).toMatchObject({ deleted: true, life: 0 })
    server.send(DEVICE_B, put({ t: 'bob', b: 1 }), { atMs: 20 })
    expect(server.record).toMatchObject({ life: 4 })
    server.send(DEVICE_B, remove, { baseVersion: 4, atMs: 30 })
    expect(toWireRecord(server.record as RecordState)).toMatchObject({ deleted: true, life: 4 })
    server.push(DEVICE_A, [by(DEVICE_A, put({ t: 'new' }), { baseVersion: 2, after: gone.id, atMs: 40 })])
    expect(server.record).toMatchObject({ data: { t: 'new' }, life: 6 })
  },
)

it('[CS9] by crdt two devices that undo their deletions keep everything once', () => {
  const server = new EngineWorld(rulesOf({ strategy: 'crdt' }))
  server.send(DEVICE_C, put({ title: 'x' }))
  server.send(DEVICE_C, count(DEVICE_C, 5), { baseVersion: 1 })
  for (const device of [DEVICE_A, DEVICE_B]) {
    const gone = by(device, remove, { baseVersion: 2 })
    const again = by(device, put({ title: 'x', n: 5 }), { baseVersion: 2, after: gone.id })
    const next = by(device, count(device, 6), { baseVersion: 2, after: again.id })
    server.push(device, [gone, again, next])
  }
  expect(server.record?.data).toEqual({ title: 'x', n: 7 })
})

/** What A did alone in epoch 1 comes again in epoch 2, when the server has no more than the first of it. */
const restored = (rules: Parameters<typeof rulesOf>[0], data = { t: 'text', n: 5 }): EngineWorld => {
  const server = new EngineWorld(rulesOf(rules))
  server.push(DEVICE_A, [by(DEVICE_A, put(data), { baseEpoch: 1 })])
  server.world = { ...server.world, epoch: 2 }
  return server
}
const former = { baseVersion: 1, baseEpoch: 1 } as const
const ALL = ['lww', 'fww', 'field-merge', 'manual', 'crdt', 'ot'] as const

describe.each(ALL)('a device alone and a restored server, %s', (strategy) => {
  const rules = { strategy, tieRule: 'lww' } as const

  it('[TK6] a removed record is removed again', () => {
    const server = restored(rules)
    server.push(DEVICE_A, [by(DEVICE_A, remove, { ...former, atMs: 5 })])
    expect(statuses(server)).toEqual(['applied'])
    expect(server.record?.deleted).toBe(true)
  })

  it('[TK6] one that was written again in the same chain is as it was written', () => {
    const server = restored({ ...rules, fieldStrategies: strategy === 'field-merge' ? { '/n': 'crdt' } : {} })
    const gone = by(DEVICE_A, remove, { ...former, atMs: 5 })
    const again = by(DEVICE_A, put({ t: 'text', n: 5 }), { ...former, after: gone.id, atMs: 6 })
    server.push(DEVICE_A, [gone, again])
    expect(statuses(server)).toEqual(['applied', 'applied'])
    expect(server.record?.data).toEqual({ t: 'text', n: 5 })
  })

  it('[TK6] a put that was made on nothing replaces what its author alone wrote', () => {
    const server = restored({ ...rules, fieldStrategies: strategy === 'field-merge' ? { '/n': 'crdt' } : {} })
    if (strategy === 'crdt') server.send(DEVICE_A, count(DEVICE_A, 7), { baseVersion: 1, baseEpoch: 2 })
    if (strategy === 'ot') server.send(DEVICE_A, type([4, '!'], 0), { baseVersion: 1, baseEpoch: 2 })
    server.push(DEVICE_A, [by(DEVICE_A, put({ t: 'text!', n: 5 }), { baseEpoch: 1, atMs: 6 })])
    expect(statuses(server)).toEqual(['applied'])
    expect(server.record?.data).toEqual({ t: 'text!', n: 5 })
  })
})

it.each(['crdt', 'ot'] as const)(
  '[CS9] %s: a delete without its base does not win over another’s edit',
  (strategy) => {
    const server = restored({ strategy })
    server.send(DEVICE_B, patch({ b: 1 }), { baseVersion: 1 })
    server.push(DEVICE_A, [by(DEVICE_A, remove, { ...former, atMs: 5 })])
    expect(statuses(server)).toEqual(['superseded'])
  },
)

describe('a text under OT whose parent a patch takes away', () => {
  const opened = (): EngineWorld => {
    const server = new EngineWorld(rulesOf({ strategy: 'ot' }))
    server.send(DEVICE_A, put({ o: { t: 'deep', k: 1 }, z: 0 }))
    server.send(DEVICE_A, type([4, '!'], 0, '/o/t'), { baseVersion: 1 })
    return server
  }

  it('[CS5] is empty and stays in its place', () => {
    const server = opened()
    server.send(DEVICE_A, patch({}, ['o']), { baseVersion: 2 })
    expect(server.record?.data).toEqual({ o: { t: '' }, z: 0 })
  })

  it.each([
    ['patch', patch({ o: 5 })],
    ['put', put({ o: 5, z: 0 })],
  ])('[CS5] goes where a %s puts something else there, which can be made an object again', (_, op) => {
    const server = opened()
    server.send(DEVICE_A, op, { baseVersion: 2 })
    expect(server.record?.data).toEqual({ o: 5, z: 0 })
    server.send(DEVICE_A, patch({ o: { t: 'X' } }), { baseVersion: 3 })
    expect(server.record?.data).toEqual({ o: { t: 'X' }, z: 0 })
    server.send(DEVICE_A, type([1, 'Y'], server.record?.ot?.['/o/t']?.revision ?? 0, '/o/t'), {
      baseVersion: 4,
    })
    expect(server.record?.data).toEqual({ o: { t: 'XY' }, z: 0 })
  })
})

it('[CS5] an edit behind two documents of a new record, of which one leaves the text out, is for nobody to decide', () => {
  const server = new EngineWorld(rulesOf({ strategy: 'ot', fieldStrategies: { '/t': 'ot' } }))
  const first = by(DEVICE_A, put({ t: 'x', z: 0 }))
  const second = by(DEVICE_A, put({ z: 1 }), { after: first.id })
  const third = by(DEVICE_A, patch({ '/t': 'x!' }), { after: second.id })
  server.push(DEVICE_A, [first, second, third])
  expect(statuses(server)).toEqual(['applied', 'applied', 'applied'])
  expect(server.record?.data).toEqual({ t: 'x!', z: 1 })
})
