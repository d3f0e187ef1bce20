import { describe, expect, it } from 'vitest'
import { fateAfter } from '#lib/engine/after-chain.ts'
import { CHAIN_MAX } from '#lib/engine/chain-links.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
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
  stamp,
  uuid,
} from '#tests/support/engine-world.ts'

const edit = (op: Operation, changes: Parameters<typeof mutationBy>[2] = {}): Mutation =>
  mutationBy(DEVICE_A, op, changes)
const statuses = (results: readonly MutationResult[]): string[] => results.map(({ status }) => status)

/** A record {a, b} at version 1 that B has patched to version 2, stamped at 100 ms. */
function contested(rules: Parameters<typeof rulesOf>[0], theirs: Operation): EngineWorld {
  const server = new EngineWorld(rulesOf(rules))
  server.send(DEVICE_A, put({ a: 0, b: 0 }))
  server.send(DEVICE_B, theirs, { baseVersion: 1, atMs: 100 })
  return server
}

describe('after chains', () => {
  it('[AF1] a chain in one push is applied in order, also where nobody else may write', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'fww' }))
    const first = edit(put({ a: 1 }))
    const second = edit(patch({ b: 2 }), { after: first.id })
    const third = edit(patch({}, ['a']), { after: second.id })
    expect(statuses(server.push(DEVICE_A, [first, second, third]))).toEqual(['applied', 'applied', 'applied'])
    expect(server.record?.data).toEqual({ b: 2 })
  })

  it('[AF1] over several pushes too', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'fww' }))
    const first = edit(put({ a: 1 }))
    const second = edit(patch({ b: 2 }), { after: first.id })
    for (const mutation of [first, second, edit(patch({ c: 3 }), { after: second.id })]) {
      expect(statuses(server.push(DEVICE_A, [mutation]))).toEqual(['applied'])
    }
    expect(server.record?.data).toEqual({ a: 1, b: 2, c: 3 })
  })

  it('[AF2] the base is the one at baseVersion with the chain’s earlier changes, though the parent was merged', () => {
    const server = contested({ strategy: 'field-merge', tieRule: 'manual' }, patch({ b: 'theirs' }))
    const first = edit(patch({ a: 1 }), { baseVersion: 1 })
    const second = edit(patch({ a: 2 }), { baseVersion: 1, after: first.id })
    expect(statuses(server.push(DEVICE_A, [first, second]))).toEqual(['merged', 'merged'])
    expect(server.record?.data).toEqual({ a: 2, b: 'theirs' })
    expect(server.last.effects[1]?.conflict).toMatchObject({ base: { a: 1, b: 0 }, local: { a: 2, b: 0 } })
  })

  it('[AF2] another device’s version after the base stays concurrent for every link', () => {
    const server = contested({ strategy: 'field-merge', tieRule: 'manual' }, patch({ b: 'theirs' }))
    const first = edit(patch({ a: 1 }), { baseVersion: 1 })
    const second = edit(patch({ b: 'mine' }), { baseVersion: 1, after: first.id })
    expect(statuses(server.push(DEVICE_A, [first, second]))).toEqual(['merged', 'conflict'])
  })

  it('[AF2] though the parent was superseded', () => {
    const server = contested({ strategy: 'field-merge', tieRule: 'lww' }, patch({ a: 'theirs' }))
    const first = edit(patch({ a: 1 }), { baseVersion: 1, atMs: 50 })
    const second = edit(patch({ b: 1 }), { baseVersion: 1, atMs: 60, after: first.id })
    expect(statuses(server.push(DEVICE_A, [first, second]))).toEqual(['superseded', 'merged'])
    expect(server.record?.data).toEqual({ a: 'theirs', b: 1 })
    expect(server.last.effects[1]?.conflict?.base).toEqual({ a: 1, b: 0 })
  })

  it('[AF2] an ancestor that the base already holds is not applied twice', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'field-merge', tieRule: 'manual' }))
    const first = edit(put({ list: ['x'] }))
    const second = edit(patch({ '/list/-': 'y' }), { after: first.id })
    server.push(DEVICE_A, [first, second])
    server.send(DEVICE_B, patch({ other: 1 }), { baseVersion: 2 })
    const third = edit(patch({ '/list/-': 'z' }), { baseVersion: 2, after: second.id })
    expect(statuses(server.push(DEVICE_A, [third]))).toEqual(['merged'])
    expect(server.record?.data).toEqual({ list: ['x', 'y', 'z'], other: 1 })
  })

  it('[AF3] parent conflict: the child answers conflict with the same id, and writes no second row', () => {
    const server = contested({ strategy: 'fww' }, patch({ a: 'theirs' }))
    const first = edit(patch({ a: 1 }), { baseVersion: 1 })
    const second = edit(patch({ b: 1 }), { baseVersion: 1, after: first.id })
    const [parent, child] = server.push(DEVICE_A, [first, second])
    expect(parent).toMatchObject({ status: 'conflict' })
    expect(child).toEqual({ ...parent, id: second.id })
    expect(server.last.effects[1]).toMatchObject({ conflict: null, record: null })
  })

  it('[DL3] parent dead: the child is held with it, and replays after it', () => {
    const server = new EngineWorld(rulesOf({ schema: { properties: { a: { type: 'number' } } } }))
    const first = edit(put({ a: 'text' }))
    const second = edit(patch({ b: 1 }), { after: first.id })
    const grandchild = edit(patch({ c: 1 }), { after: second.id })
    const results = server.push(DEVICE_A, [first, second, grandchild])
    expect(results).toMatchObject([
      { code: 'schema_mismatch' },
      { code: 'parent_dead_lettered' },
      { code: 'parent_dead_lettered' },
    ])
    expect(server.last.effects.map(({ deadLetter }) => deadLetter?.parentMutationId)).toEqual([
      null,
      first.id,
      second.id,
    ])
    const letters = server.last.effects.map(({ deadLetter }) => deadLetter?.id ?? '')
    server.world = { ...server.world, collections: new Map([['reports', rulesOf({ strategy: 'fww' })]]) }
    for (const [i, mutation] of [first, second, grandchild].entries()) {
      expect(statuses(server.push(DEVICE_A, [mutation], { replayOf: letters[i] ?? '' }))).toEqual(['applied'])
    }
    expect(server.record?.data).toEqual({ a: 'text', b: 1, c: 1 })
  })

  it('[AF3] [ID1] a child of what was refused under a known id is refused with it, and goes on from the known one later', () => {
    const server = new EngineWorld()
    const known = edit(put({ a: 1 }))
    server.push(DEVICE_A, [known])
    const child = edit(patch({ b: 1 }), { after: known.id })
    expect(server.push(DEVICE_A, [{ ...known, op: put({ a: 2 }) }, child])).toMatchObject([
      { status: 'refused', code: 'mutation_id_reused' },
      { status: 'refused', code: 'parent_refused' },
    ])
    expect(statuses(server.push(DEVICE_A, [child]))).toEqual(['applied'])
    expect(server.record?.data).toEqual({ a: 1, b: 1 })
  })

  it('[DL3] a discarded parent counts as dead', () => {
    const server = new EngineWorld(rulesOf({ schema: { properties: { a: { type: 'number' } } } }))
    const first = edit(put({ a: 'text' }))
    server.push(DEVICE_A, [first])
    const known = server.world.mutations.get(first.id)
    if (!known) throw new Error('the dead letter is not remembered')
    server.world = {
      ...server.world,
      mutations: new Map([[first.id, { ...known, deadLetter: 'discarded' }]]),
    }
    expect(server.push(DEVICE_A, [edit(patch({ b: 1 }), { after: first.id })])[0]).toMatchObject({
      code: 'parent_dead_lettered',
    })
  })

  it('[AF3] parent refused: the child is refused, and both go through when the parent is mended', () => {
    const server = new EngineWorld()
    const first = edit(put({ a: 1 }), { hlc: stamp(DEVICE_A, 3_600_000) })
    const second = edit(patch({ b: 1 }), { after: first.id })
    expect(server.push(DEVICE_A, [first, second])).toMatchObject([
      { code: 'clock_out_of_bounds' },
      { status: 'refused', code: 'parent_refused' },
    ])
    expect(statuses(server.push(DEVICE_A, [{ ...first, hlc: stamp(DEVICE_A, 1) }, second]))).toEqual([
      'applied',
      'applied',
    ])
  })

  it('[AF3] every fate of a parent, by its result', () => {
    const id = newId()
    const waiting = { id, retryAfterMs: 5 } as const
    expect(fateAfter({ ...waiting, status: 'shed' })).toEqual({
      kind: 'waits',
      status: 'shed',
      retryAfterMs: 5,
    })
    expect(fateAfter({ ...waiting, status: 'retry', code: 'contention' })).toEqual({
      kind: 'waits',
      status: 'retry',
      retryAfterMs: 5,
    })
    expect(fateAfter({ id, status: 'not_applied' })).toEqual({ kind: 'unknown' })
    expect(fateAfter({ id, status: 'duplicate', original: { id, status: 'applied', version: 1 } })).toEqual({
      kind: 'stands',
    })
  })

  it('[AF3] parent unknown, of another record or of another device: the base is unknown', () => {
    const server = contested({ strategy: 'field-merge', tieRule: 'manual' }, patch({ b: 1 }))
    const elsewhere = edit(put({}), { recordId: uuid('e', 5) })
    server.push(DEVICE_A, [elsewhere])
    for (const after of [newId(), elsewhere.id, [...server.world.mutations.keys()][1] as string]) {
      server.push(DEVICE_A, [edit(patch({ a: 9 }), { baseVersion: 2, after })])
      expect(server.last.effects[0]?.conflict).toMatchObject({ baseKnown: false, fields: ['/a'] })
    }
    const orphan = edit(patch({ a: 1 }), { recordId: uuid('e', 6), after: newId() })
    expect(server.push(DEVICE_A, [orphan])[0]).toMatchObject({ status: 'conflict', record: null })
    const whole = edit(put({ a: 1 }), { recordId: uuid('e', 6), after: newId() })
    expect(statuses(server.push(DEVICE_A, [whole]))).toEqual(['applied'])
  })

  it('[AF2] delete and create again in one chain', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'fww' }))
    server.send(DEVICE_A, put({ a: 1 }))
    const gone = edit(remove, { baseVersion: 1 })
    expect(statuses(server.push(DEVICE_A, [gone, edit(put({ a: 2 }), { after: gone.id })]))).toEqual([
      'applied',
      'applied',
    ])
    expect(server.record?.data).toEqual({ a: 2 })
  })

  /** A record of A's own, and a chain behind one that nobody knows: `before`, a delete, a put and a patch. */
  function behindUnknown(strategy: CollectionRules['strategy'], before: readonly Operation[] = []) {
    const server = new EngineWorld(rulesOf({ strategy, tieRule: 'manual' }))
    server.send(DEVICE_A, put({ body: 'old' }))
    const chain: Mutation[] = []
    for (const op of [...before, remove, put({ body: 'new' }), patch({ n: 1 })])
      chain.push(edit(op, { baseVersion: 1, after: chain.at(-1)?.id ?? newId() }))
    return { server, chain }
  }

  describe.each(['lww', 'fww', 'field-merge', 'crdt', 'ot', 'manual'] as const)('by %s', (strategy) => {
    it.each([
      ['one push', 3],
      ['a push each', 1],
    ])('[AF2] behind a delete whose own parent is unknown it is nothing, in %s', (_, size) => {
      const { server, chain } = behindUnknown(strategy)
      const results = []
      for (let i = 0; i < 3; i += size) results.push(...server.push(DEVICE_A, chain.slice(i, i + size)))
      expect(statuses(results)).toEqual(['applied', 'applied', 'applied'])
      expect(server.record).toMatchObject({ deleted: false, data: { body: 'new', n: 1 } })
    })

    const tags = { tags: ['x', 'y'] }
    it.each([
      ['one push', 3],
      ['a push each', 1],
    ])('[CS9] a put behind one’s own delete recreates, and the chain goes on from it, in %s', (_, size) => {
      const server = new EngineWorld(rulesOf({ strategy, tieRule: 'manual' }))
      server.send(DEVICE_A, put({ ...tags, body: 'old' }))
      const gone = edit(remove, { baseVersion: 1 })
      const again = edit(put({ ...tags, body: 'new' }), { baseVersion: 1, after: gone.id })
      const next = edit(patch({ tags: ['x'], n: 1 }), { baseVersion: 1, after: again.id })
      const chain = [gone, again, next]
      const results = []
      for (let i = 0; i < 3; i += size) results.push(...server.push(DEVICE_A, chain.slice(i, i + size)))
      expect(statuses(results)).toEqual(['applied', 'applied', 'applied'])
      expect(server.record).toMatchObject({ deleted: false, data: { tags: ['x'], body: 'new', n: 1 } })
    })

    it('[CS9] a put with the tombstone’s version as base goes to a person, with base 0 it makes the record anew', () => {
      const told = [2, 0].map((baseVersion) => {
        const server = new EngineWorld(rulesOf({ strategy, tieRule: 'manual' }))
        server.send(DEVICE_A, put({ body: 'old' }))
        server.send(DEVICE_A, remove, { baseVersion: 1 })
        return server.send(DEVICE_A, put({ body: 'new' }), { baseVersion }).status
      })
      expect(told).toEqual(['conflict', 'applied'])
    })

    it('[CS9] a put behind one’s own delete recreates what another had deleted too', () => {
      const server = new EngineWorld(rulesOf({ strategy, tieRule: 'manual' }))
      server.send(DEVICE_A, put({ body: 'old' }))
      server.send(DEVICE_B, remove, { baseVersion: 1 })
      const gone = edit(remove, { baseVersion: 1 })
      const again = edit(put({ body: 'new' }), { baseVersion: 1, after: gone.id })
      expect(statuses(server.push(DEVICE_A, [gone, again]))).toEqual(['applied', 'applied'])
      expect(server.record?.data).toEqual({ body: 'new' })
    })
  })

  describe.each(['crdt', 'ot'] as const)('by %s, edited and then deleted offline', (strategy) => {
    /** What A sends of its edit and its delete, before, around or after what B does. */
    const chainOf = (): readonly [Mutation, Mutation] => {
      const changed = edit(patch({ n: 1 }), { baseVersion: 1, atMs: 5 })
      return [changed, edit(remove, { baseVersion: 1, after: changed.id, atMs: 6 })]
    }
    const started = (): EngineWorld => {
      const server = new EngineWorld(rulesOf({ strategy }))
      server.send(DEVICE_A, put({ body: 'old', n: 0 }))
      return server
    }

    it('[CS9] what both have deleted is gone, whoever comes first', () => {
      for (const pushes of [1, 2]) {
        const server = started()
        server.send(DEVICE_B, remove, { baseVersion: 1 })
        const [changed, gone] = chainOf()
        const results =
          pushes === 1
            ? server.push(DEVICE_A, [changed, gone])
            : [changed, gone].flatMap((mutation) => server.push(DEVICE_A, [mutation]))
        expect(statuses(results)).toEqual(['merged', 'applied'])
        expect(server.record).toMatchObject({ deleted: true, data: null })
      }
      const other = started()
      other.push(DEVICE_A, chainOf())
      expect(other.send(DEVICE_B, remove, { baseVersion: 1 }).status).toBe('applied')
      expect(other.record?.deleted).toBe(true)
    })

    it('[CS9] another’s edit wins all the same, before its own edit and after', () => {
      const before = started()
      before.send(DEVICE_B, patch({ z: 1 }), { baseVersion: 1 })
      expect(statuses(before.push(DEVICE_A, chainOf()))[1]).toBe('superseded')
      expect(before.record?.data).toEqual({ body: 'old', n: 1, z: 1 })
      const after = started()
      after.send(DEVICE_B, remove, { baseVersion: 1 })
      const [changed, gone] = chainOf()
      after.push(DEVICE_A, [changed])
      after.send(DEVICE_B, patch({ z: 1 }), { baseVersion: 3 })
      expect(statuses(after.push(DEVICE_A, [gone]))).toEqual(['superseded'])
      expect(after.record?.data).toEqual({ body: 'old', n: 1, z: 1 })
    })
  })

  it('[CS9] an edit of one’s own creation recreates nothing that another has deleted meanwhile', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'fww' }))
    const first = edit(put({ a: 1 }))
    server.push(DEVICE_A, [first])
    server.send(DEVICE_B, remove, { baseVersion: 1 })
    expect(statuses(server.push(DEVICE_A, [edit(put({ a: 2 }), { after: first.id })]))).toEqual(['conflict'])
    expect(server.record?.deleted).toBe(true)
  })

  it.each(['lww', 'fww', 'field-merge', 'ot', 'manual'] as const)(
    '[AF2] behind such a delete another’s later write is concurrent, by %s',
    (strategy) => {
      const { server, chain } = behindUnknown(strategy)
      server.push(DEVICE_A, chain.slice(0, 1))
      server.send(DEVICE_B, put({ body: 'theirs' }), { atMs: 100 })
      expect(statuses(server.push(DEVICE_A, chain.slice(1, 2)))).not.toEqual(['applied'])
      expect(server.last.effects[0]?.conflict?.baseKnown).toBe(true)
    },
  )

  it('[AF2] all links count where the first is unknown, on both sides of a delete, however they are pushed', () => {
    const links = CHAIN_MAX + 2
    const told = [1, links].map((size) => {
      const { server, chain } = behindUnknown('lww', [patch({ a: 1 }), patch({ a: 2 })])
      while (chain.length < links)
        chain.push(edit(patch({ n: chain.length }), { baseVersion: 1, after: chain.at(-1)?.id ?? '' }))
      const results = []
      for (let i = 0; i < links; i += size) results.push(...server.push(DEVICE_A, chain.slice(i, i + size)))
      return statuses(results)
    })
    const applied = Array.from({ length: CHAIN_MAX - 2 }, () => 'applied')
    expect(told[0]).toEqual(['superseded', 'superseded', 'applied', ...applied, 'superseded'])
    expect(told[1]).toEqual(told[0])
  })

  it('[AF2] a chain longer than its bound has an unknown base, and never hangs', () => {
    const server = contested({ strategy: 'field-merge', tieRule: 'manual' }, patch({ b: 1 }))
    const links: Mutation[] = []
    for (let i = 0; i <= CHAIN_MAX; i++) {
      const parent = links.at(-1)
      links.push(edit(patch({ a: i }), parent ? { baseVersion: 1, after: parent.id } : { baseVersion: 1 }))
    }
    server.push(DEVICE_A, links)
    expect(server.last.effects.at(-2)?.result.status).toBe('merged')
    server.push(DEVICE_A, [edit(patch({ a: -1 }), { baseVersion: 1, after: links.at(-1)?.id ?? '' })])
    expect(server.last.effects[0]?.conflict?.baseKnown).toBe(false)
  })
})
