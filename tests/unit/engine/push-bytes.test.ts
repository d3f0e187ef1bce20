import { expect, test } from 'vitest'
import type { Json } from '#lib/kernel/json.ts'
import { PUSH_RECORD_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
  uuid,
} from '#tests/support/engine-world.ts'

const LARGE = 'x'.repeat(100_000)

/** Records of `large` that two devices changed in different fields. */
function contested(count: number, large = LARGE): { server: EngineWorld; mutations: readonly Mutation[] } {
  const server = new EngineWorld()
  const collections = new Map([[COLLECTION, rulesOf({ strategy: 'field-merge' })]])
  server.world = { ...server.world, collections }
  const mutations = Array.from({ length: count }, (_, n) => {
    const recordId = uuid('e', n + 1)
    const [made] = server.push(DEVICE_A, [mutationBy(DEVICE_A, put({ large, a: 0, b: 0 }), { recordId })])
    const { version: baseVersion } = made as MutationResult & { version: number }
    server.push(DEVICE_A, [mutationBy(DEVICE_A, patch({ a: 1 }), { recordId, baseVersion })])
    return mutationBy(DEVICE_B, patch({ b: 1 }), { recordId, baseVersion })
  })
  return { server, mutations }
}

test('[PU5] no answer outgrows what a push may handle; the rest is told to come again, and comes through', () => {
  const { server, mutations } = contested(200)
  let waiting = mutations
  for (let pushes = 0; waiting.length > 0; pushes++) {
    expect(pushes).toBeLessThan(10)
    const results = server.push(DEVICE_B, waiting)
    expect(JSON.stringify(results).length).toBeLessThan(PUSH_RECORD_BYTES_MAX + 2 * LARGE.length)
    const later = results.filter(({ status }) => status !== 'merged')
    expect(later.every((one) => one.status === 'retry' && one.code === 'push_full')).toBe(true)
    waiting = waiting.slice(results.length - later.length)
  }
  expect([...server.world.records.values()].every(({ data }) => data?.['a'] === 1 && data['b'] === 1)).toBe(
    true,
  )
  const again = server.push(DEVICE_B, mutations)
  expect(JSON.stringify(again).length).toBeLessThan(PUSH_RECORD_BYTES_MAX + 2 * LARGE.length)
})

test.each(['事', '\u0001', '😀', 'é'])(
  '[PU5] counts bytes, and neither less nor more: %j as a letter of large texts',
  (letter) => {
    const bytes = Buffer.byteLength(JSON.stringify(letter)) - 2
    const large = letter.repeat(100_000 / bytes)
    const { server, mutations } = contested(60, large)
    const results = server.push(DEVICE_B, mutations)
    const taken = results.filter(({ status }) => status === 'merged').length
    // Each is counted as what it wrote and as its answer.
    expect(taken).toBe(Math.ceil(PUSH_RECORD_BYTES_MAX / (2 * 100_000)))
  },
)

test('[PU5] others’ operations that an answer tells count as well', () => {
  const server = new EngineWorld()
  const collections = new Map([[COLLECTION, rulesOf({ strategy: 'ot' })]])
  server.world = { ...server.world, collections }
  const ot = (ops: Json) => ({ type: 'ot', path: '/text', kind: 'text', baseRevision: 0, ops }) as const
  const recordIds = Array.from({ length: 120 }, (_, n) => uuid('e', n + 1))
  for (const recordId of recordIds) {
    server.push(DEVICE_A, [mutationBy(DEVICE_A, put({ text: '' }), { recordId })])
    server.push(DEVICE_A, [mutationBy(DEVICE_A, ot([LARGE]), { recordId, baseVersion: 1 })])
  }
  const heads = recordIds.map((recordId, n) =>
    mutationBy(DEVICE_B, ot(['b']), { recordId, baseVersion: 2 * n + 1 }),
  )
  const results = server.push(DEVICE_B, heads)
  expect(JSON.stringify(results).length).toBeLessThan(PUSH_RECORD_BYTES_MAX)
  expect(results.at(-1)).toMatchObject({ status: 'retry', code: 'push_full' })
})

test('[PU5] a chain on one large record is taken a part at a time, in order', () => {
  const { server } = contested(1)
  const recordId = uuid('e', 1)
  const chain: Mutation[] = []
  for (let n = 0; n < 200; n++) {
    const after = chain.at(-1)?.id
    const op = patch({ [`k${n}`]: n })
    chain.push(mutationBy(DEVICE_B, op, { recordId, baseVersion: 2, ...(after ? { after } : {}) }))
  }
  const results = server.push(DEVICE_B, chain)
  const taken = results.filter(({ status }) => status === 'applied').length
  expect(taken).toBeGreaterThan(10)
  expect(taken).toBeLessThan(100)
  expect(results.slice(taken).every((one) => one.status === 'retry' && one.code === 'push_full')).toBe(true)
})

test('[PU5] an atomic push past it has no effect', () => {
  const { server, mutations } = contested(200)
  const before = server.text
  const results = server.push(DEVICE_B, mutations, { atomic: true })
  expect(results.at(-1)).toMatchObject({ status: 'retry', code: 'push_full' })
  expect(results[0]).toMatchObject({ status: 'not_applied' })
  expect(server.text).toBe(before)
})

test('[PU5] the documents that dead letters keep count as well', () => {
  const server = new EngineWorld(rulesOf({ schema: { properties: { n: { type: 'number' } } } }))
  server.send(DEVICE_A, put({ large: LARGE }))
  let waiting: readonly Mutation[] = Array.from({ length: 200 }, () =>
    mutationBy(DEVICE_A, patch({ n: 'none' }), { baseVersion: 1 }),
  )
  for (let pushes = 0; waiting.length > 0; pushes++) {
    expect(pushes).toBeLessThan(5)
    const results = server.push(DEVICE_A, waiting)
    const dead = results.filter(({ status }) => status === 'dead_lettered').length
    expect(dead).toBeLessThanOrEqual(Math.ceil(PUSH_RECORD_BYTES_MAX / LARGE.length))
    expect(results.slice(dead).every((one) => one.status === 'retry' && one.code === 'push_full')).toBe(true)
    waiting = waiting.slice(dead)
  }
})

test('[PU5] what a decision sets free counts as well; what is past it is a conflict of its own', () => {
  const server = new EngineWorld(rulesOf({ strategy: 'manual' }))
  server.send(DEVICE_A, put({ large: LARGE, title: 'old' }))
  server.send(DEVICE_B, patch({ title: 'theirs' }), { baseVersion: 1 })
  const first = mutationBy(DEVICE_A, patch({ title: 'mine' }), { baseVersion: 1 })
  const chain = [first]
  for (let n = 0; n < 200; n++) {
    const after = chain.at(-1)?.id ?? ''
    chain.push(mutationBy(DEVICE_A, patch({ [`k${n}`]: n }), { baseVersion: 1, after }))
  }
  let waiting: readonly Mutation[] = chain
  while (waiting.length > 0) {
    const results = server.push(DEVICE_A, waiting)
    waiting = waiting.filter((_, n) => results[n]?.status === 'retry')
  }
  const [conflictId = ''] = server.world.conflicts.keys()
  const resolves = conflictId
  server.send(DEVICE_B, put({ large: LARGE, title: 'mine' }), { baseVersion: 2, resolves })
  const released = server.last.effects.slice(1)
  expect(released).toHaveLength(200)
  const taken = released.filter(({ record }) => record !== null)
  expect(taken.length).toBeGreaterThan(10)
  expect(taken.length).toBeLessThan(PUSH_RECORD_BYTES_MAX / LARGE.length + 1)
  const past = released.slice(taken.length)
  expect(past.every(({ result }) => result.status === 'conflict')).toBe(true)
  const own = past.flatMap(({ conflict }) => conflict?.id ?? [])
  expect(own).toHaveLength(1)
  // Whoever decides that one sets free the next part.
  const baseVersion = server.record?.version ?? 0
  const mine = server.world.conflicts.get(own[0] ?? '')?.local ?? {}
  server.send(DEVICE_B, put(mine), { baseVersion, resolves: own[0] ?? '' })
  expect(server.last.effects.filter(({ record }) => record !== null).length).toBeGreaterThan(10)
})
