import { describe, expect, it } from 'vitest'
import { SERVER_ACTOR_ID, serverHlcAt } from '#lib/engine/clock-offset.ts'
import { isSamePayload } from '#lib/engine/payload.ts'
import { decidePush } from '#lib/engine/push.ts'
import type { IncomingMutation } from '#lib/engine/types.ts'
import { CLOCK_AHEAD_MAX_MS, MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  NOW_MS,
  RECORD,
  incomingOf,
  mutationBy,
  newId,
  patch,
  pushOf,
  put,
  rulesOf,
  stamp,
  uuid,
} from '#tests/support/engine-world.ts'

const strict = rulesOf({
  schema: { type: 'object', properties: { n: { type: 'number' } } },
  schemaVersion: 2,
})
const withIncoming = (server: EngineWorld, changes: Partial<IncomingMutation>) => {
  const incoming = { ...incomingOf(mutationBy(DEVICE_A, put({ n: 1 }))), ...changes }
  return server.take({ ...pushOf(DEVICE_A, []), mutations: [incoming] })[0]
}

describe('push', () => {
  it('[PU1] applies in order, with dense versions from the head', () => {
    const server = new EngineWorld()
    server.world = { ...server.world, heads: new Map([[COLLECTION, 40]]) }
    const results = server.push(
      DEVICE_A,
      [1, 2, 3].map((n) => mutationBy(DEVICE_A, put({ n }), { recordId: uuid('e', n) })),
    )
    expect(results.map((result) => result.status === 'applied' && result.version)).toEqual([41, 42, 43])
    expect(server.world.heads.get(COLLECTION)).toBe(43)
    expect(server.record).toMatchObject({
      version: 41,
      deviceId: DEVICE_A,
      versionVector: { [DEVICE_A]: 41 },
      schemaVersion: 1,
    })
  })

  it('[PU1] keeps the replaced document as a base', () => {
    const server = new EngineWorld()
    server.send(DEVICE_A, put({ n: 1 }))
    server.send(DEVICE_A, put({ n: 2 }), { baseVersion: 1 })
    expect(server.last.effects[0]?.replaced).toMatchObject({ version: 1, data: { n: 1 } })
    expect(server.world.bases.get(`${COLLECTION}/${RECORD}@1`)).toMatchObject({ data: { n: 1 } })
  })

  it('[PU2] an unknown field refuses that mutation only, and is not remembered', () => {
    const server = new EngineWorld()
    expect(withIncoming(server, { unknownField: 'extra' })).toMatchObject({
      status: 'refused',
      code: 'unknown_field',
      detail: 'unknown field extra',
      serverHlc: serverHlcAt(NOW_MS),
    })
    expect(server.world.mutations.size).toBe(0)
  })

  it('[PU2] a stamp of another device is refused', () => {
    const server = new EngineWorld()
    const forged = mutationBy(DEVICE_A, put({}), { hlc: stamp(DEVICE_B) })
    expect(server.push(DEVICE_A, [forged])[0]).toMatchObject({ status: 'refused', code: 'foreign_actor' })
    for (const hlc of ['', 'x', stamp('no-uuid'), stamp(SERVER_ACTOR_ID)]) {
      expect(server.push(DEVICE_A, [{ ...forged, hlc }])[0]).toMatchObject({
        status: 'refused',
        code: 'foreign_actor',
      })
    }
  })

  it('[CL1] a stamp more than 5 min ahead is refused whatever the strategy, and goes through re-stamped', () => {
    for (const strategy of ['lww', 'fww', 'field-merge'] as const) {
      const server = new EngineWorld(rulesOf({ strategy }))
      const mutation = mutationBy(DEVICE_A, put({}), { hlc: stamp(DEVICE_A, CLOCK_AHEAD_MAX_MS + 1) })
      expect(server.push(DEVICE_A, [mutation])[0]).toMatchObject({
        status: 'refused',
        code: 'clock_out_of_bounds',
        serverHlc: serverHlcAt(NOW_MS),
      })
      expect(
        server.push(DEVICE_A, [{ ...mutation, hlc: stamp(DEVICE_A, CLOCK_AHEAD_MAX_MS) }])[0]?.status,
      ).toBe('applied')
    }
  })
})

describe('a stamp out of bounds', () => {
  const early = mutationBy(DEVICE_A, put({}), { hlc: stamp(DEVICE_A, CLOCK_AHEAD_MAX_MS + 1) })
  const tried = (times: number, replayOf: string | null) => {
    const server = new EngineWorld()
    server.world = { ...server.world, failedTries: new Map([[early.id, times]]) }
    return server.take({ ...pushOf(DEVICE_A, []), mutations: [incomingOf(early)], replayOf })[0]
  }

  it('[DL4] is a dead letter at the twentieth sending, of which a replay is none', () => {
    expect(tried(18, null)).toMatchObject({ status: 'refused', code: 'clock_out_of_bounds' })
    expect(tried(19, null)).toMatchObject({ status: 'dead_lettered', code: 'exhausted' })
    expect(tried(19, newId())).toMatchObject({ status: 'refused', code: 'clock_out_of_bounds' })
  })
})

describe('idempotency', () => {
  it('[ID1] the same mutation again is a duplicate with the first result, and changes nothing', () => {
    const server = new EngineWorld()
    const mutation = mutationBy(DEVICE_A, put({ n: 1 }))
    const [first] = server.push(DEVICE_A, [mutation])
    const { world } = server
    expect(server.push(DEVICE_A, [mutation])).toEqual([
      { id: mutation.id, status: 'duplicate', original: first },
    ])
    expect(server.world).toEqual(world)
  })

  it('[ID1] a duplicate inside one push has one effect', () => {
    const server = new EngineWorld()
    const mutation = mutationBy(DEVICE_A, put({ n: 1 }))
    expect(server.push(DEVICE_A, [mutation, mutation]).map(({ status }) => status)).toEqual([
      'applied',
      'duplicate',
    ])
    expect(server.last.effects).toHaveLength(1)
  })

  it('[ID1] what had its effect is a duplicate behind an open breaker too, and the rest is shed', () => {
    const server = new EngineWorld()
    const known = mutationBy(DEVICE_A, put({ n: 1 }))
    server.push(DEVICE_A, [known])
    const shed = new Map([[COLLECTION, 7]])
    const other = mutationBy(DEVICE_A, put({ n: 2 }), { recordId: newId() })
    expect(server.push(DEVICE_A, [known, other], { shed })).toEqual([
      { id: known.id, status: 'duplicate', original: { id: known.id, status: 'applied', version: 1 } },
      { id: other.id, status: 'shed', retryAfterMs: 7 },
    ])
  })

  it('[ID1] the same id with another payload, or from another device, is refused without effect', () => {
    const server = new EngineWorld()
    const mutation = mutationBy(DEVICE_A, put({ n: 1 }))
    server.push(DEVICE_A, [mutation])
    expect(server.push(DEVICE_A, [{ ...mutation, op: put({ n: 2 }) }])[0]).toMatchObject({
      status: 'refused',
      code: 'mutation_id_reused',
    })
    expect(server.push(DEVICE_B, [{ ...mutation, hlc: stamp(DEVICE_B) }])[0]).toMatchObject({
      status: 'refused',
      code: 'mutation_id_reused',
    })
    expect(server.record?.data).toEqual({ n: 1 })
  })

  it('[ID4] stamps and times stand outside the payload', () => {
    const mutation = mutationBy(DEVICE_A, put({ a: 1, b: 2 }))
    const later = {
      ...mutation,
      hlc: stamp(DEVICE_A, 9),
      madeAt: '2024-01-01T00:00:00Z',
      madeOffsetMs: 4,
      op: put({ b: 2, a: 1 }),
    }
    expect(isSamePayload(later, mutation)).toBe(true)
    expect(isSamePayload({ ...mutation, after: undefined }, mutation)).toBe(true)
    for (const changes of [
      { baseVersion: 1 },
      { op: put({ a: 2 }) },
      { after: newId() },
      { recordId: newId() },
      { schemaVersion: 2 },
    ]) {
      expect(isSamePayload({ ...mutation, ...changes }, mutation)).toBe(false)
      expect(isSamePayload(mutation, { ...mutation, ...changes })).toBe(false)
    }
  })
})

describe('dead letters', () => {
  it('[DL1] what can never apply leaves the queue, and the rest of the push goes on', () => {
    const server = new EngineWorld(strict)
    const bad = mutationBy(DEVICE_A, put({ n: 'text' }))
    const good = mutationBy(DEVICE_A, put({ n: 1 }), { recordId: uuid('e', 2) })
    expect(server.push(DEVICE_A, [bad, good]).map(({ status }) => status)).toEqual([
      'dead_lettered',
      'applied',
    ])
    expect(server.last.effects[0]).toMatchObject({
      record: null,
      result: { code: 'schema_mismatch', deadLetterId: server.last.effects[0]?.deadLetter?.id },
      deadLetter: { code: 'schema_mismatch', path: '/n', base: null, parentMutationId: null },
    })
    expect(server.world.mutations.get(bad.id)?.deadLetter).toBe('open')
  })

  it('[DL1] a patch that does not fit, or makes the document invalid, keeps its own copy of the base', () => {
    const server = new EngineWorld(strict)
    server.send(DEVICE_A, put({ n: 1 }))
    expect(server.send(DEVICE_A, patch({ '/n/x': 1 }), { baseVersion: 1 })).toMatchObject({
      code: 'schema_mismatch',
      detail: /not_a_container/,
    })
    expect(server.last.effects[0]?.deadLetter).toMatchObject({ path: '/n/x', base: { n: 1 } })
    expect(server.send(DEVICE_A, patch({ n: 'x' }), { baseVersion: 1 })).toMatchObject({
      code: 'schema_mismatch',
    })
    expect(server.record?.data).toEqual({ n: 1 })
  })

  it('[DL1] a merge that breaks the schema is a dead letter, not a broken record', () => {
    const both = rulesOf({ strategy: 'field-merge', schema: { not: { required: ['a', 'b'] } } })
    const server = new EngineWorld(both)
    server.send(DEVICE_A, put({}))
    server.send(DEVICE_B, patch({ a: 1 }), { baseVersion: 1 })
    expect(server.send(DEVICE_A, patch({ b: 1 }), { baseVersion: 1 })).toMatchObject({
      status: 'dead_lettered',
      code: 'schema_mismatch',
    })
    expect(server.record?.data).toEqual({ a: 1 })
  })

  it('[DL1] the answer names the field that is at fault, again where it is asked for again, and no rule as one', () => {
    const schema = { properties: { n: { type: 'number' } }, required: ['n'] }
    const server = new EngineWorld(
      rulesOf({ schema, rules: [{ id: 'few', cel: 'new.n < 9', message: 'm' }] }),
    )
    const wrong = mutationBy(DEVICE_A, put({ n: 'text' }))
    for (const _ of ['', 'again']) server.push(DEVICE_A, [wrong])
    expect(server.last.results[0]).toMatchObject({ status: 'duplicate', original: { path: '/n' } })
    for (const data of [{}, { n: 10 }]) {
      const result = server.send(DEVICE_A, put(data), { recordId: uuid('e', 9) })
      expect(result.status).toBe('dead_lettered')
      expect(result).not.toHaveProperty('path')
    }
  })

  it('[DL1] too large, of an unknown collection: dead letters, and no record', () => {
    const server = new EngineWorld(strict)
    expect(withIncoming(server, { bytes: MUTATION_BYTES_MAX + 1 })).toMatchObject({
      status: 'dead_lettered',
      code: 'too_large',
    })
    expect(withIncoming(server, { bytes: MUTATION_BYTES_MAX })?.status).toBe('applied')
    expect(server.send(DEVICE_A, put({}), { collection: 'nowhere', recordId: uuid('e', 9) })).toMatchObject({
      code: 'unknown_collection',
    })
    expect(server.world.records.size).toBe(1)
    expect(server.world.heads.has('nowhere')).toBe(false)
  })

  it('[DL5] a schema ahead of the server’s is schema_ahead, an older one is validated as it is', () => {
    const server = new EngineWorld(strict)
    expect(server.send(DEVICE_A, put({ n: 1 }), { schemaVersion: 3 })).toMatchObject({
      status: 'dead_lettered',
      code: 'schema_ahead',
    })
    expect(server.send(DEVICE_A, put({ n: 1 }), { schemaVersion: 1 }).status).toBe('applied')
    expect(server.record?.schemaVersion).toBe(2)
  })
})

describe('replay of a dead letter', () => {
  const fixed = rulesOf({ schemaVersion: 3, strategy: 'lww' })
  const world = () => {
    const server = new EngineWorld(strict)
    const mutation = mutationBy(DEVICE_A, put({ n: 'text' }))
    server.push(DEVICE_A, [mutation])
    const letterId = server.last.effects[0]?.deadLetter?.id ?? ''
    const publish = (changes = {}): void => {
      server.world = { ...server.world, collections: new Map([[COLLECTION, { ...fixed, ...changes }]]) }
    }
    return {
      server,
      mutation,
      publish,
      replay: () => server.push(SERVER_ACTOR_ID, [mutation], { replayOf: letterId })[0],
      letterId,
    }
  }

  it('[ID3] keeps its mutation id and its author, and is no duplicate while the letter is open', () => {
    const { server, mutation, publish, replay } = world()
    publish()
    expect(server.push(DEVICE_A, [mutation])[0]?.status).toBe('duplicate')
    expect(replay()).toMatchObject({ id: mutation.id, status: 'applied' })
    expect(server.record).toMatchObject({ deviceId: DEVICE_A, versionVector: { [DEVICE_A]: 1 } })
    expect(server.world.mutations.get(mutation.id)?.deadLetter).toBe('replayed')
    expect(replay()?.status).toBe('duplicate')
    expect(server.push(DEVICE_A, [mutation])[0]).toMatchObject({
      status: 'duplicate',
      original: { status: 'applied' },
    })
  })

  it('[DL1] says of a duplicate whether its letter is closed, so that nobody is told of it anew', () => {
    const { server, mutation, publish } = world()
    publish()
    expect(server.push(DEVICE_A, [mutation])[0]).not.toHaveProperty('letterClosed')
    const known = server.world.mutations.get(mutation.id)
    if (!known) throw new Error('the letter is known')
    for (const deadLetter of ['discarded', 'replayed'] as const) {
      server.world = {
        ...server.world,
        mutations: new Map([[mutation.id, { ...known, deadLetter }]]),
      }
      expect(server.push(DEVICE_A, [mutation])[0]).toMatchObject({ status: 'duplicate', letterClosed: true })
    }
  })

  it('[ID3] that fails again keeps its letter', () => {
    const { server, replay, letterId } = world()
    expect(replay()).toMatchObject({ status: 'dead_lettered', deadLetterId: letterId })
    expect(replay()).toMatchObject({ status: 'dead_lettered', deadLetterId: letterId })
    expect(server.record).toBeUndefined()
  })

  it('[DL6] never overwrites newer work in silence, not even the device’s own', () => {
    for (const [by, strategy] of [
      [DEVICE_A, 'lww'],
      [DEVICE_B, 'lww'],
      [DEVICE_A, 'fww'],
    ] as const) {
      const { server, publish, replay } = world()
      publish({ strategy })
      server.send(by, put({ n: 2 }))
      expect(replay()).toMatchObject({ status: 'conflict' })
      expect(server.last.effects[0]?.conflict?.strategy).toBe('manual')
      expect(server.record?.data).toEqual({ n: 2 })
    }
  })

  it('[DL6] disjoint fields still merge', () => {
    const { server, mutation, publish, letterId } = world()
    publish({ strategy: 'field-merge', tieRule: 'lww' })
    const [first, second] = [server.send(DEVICE_B, put({ m: 2 })), null]
    expect(first.status).toBe('applied')
    expect(second).toBeNull()
    expect(server.push(SERVER_ACTOR_ID, [mutation], { replayOf: letterId })[0]?.status).toBe('merged')
    expect(server.record?.data).toEqual({ m: 2, n: 'text' })
  })
})

describe('atomic pushes', () => {
  const culprits = (server: EngineWorld) => {
    const good = mutationBy(DEVICE_A, put({ n: 1 }), { recordId: uuid('e', 2) })
    const bad = mutationBy(DEVICE_A, put({ n: 'text' }))
    const child = mutationBy(DEVICE_A, patch({ n: 1 }), { after: bad.id })
    return server.push(DEVICE_A, [good, bad, child], { atomic: true })
  }

  it('[AT1] one culprit leaves the whole push without effect', () => {
    const server = new EngineWorld(strict)
    const { world } = server
    expect(culprits(server)).toMatchObject([
      { status: 'not_applied' },
      { status: 'dead_lettered', code: 'schema_mismatch' },
      { status: 'dead_lettered', code: 'parent_dead_lettered' },
    ])
    expect(server.last).toMatchObject({ kind: 'aborted', effects: [] })
    expect(server.world).toEqual(world)
  })

  it('[AT1] refused and conflict are culprits too, superseded and duplicate are not', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'fww' }))
    server.send(DEVICE_B, put({ n: 1 }))
    expect(server.push(DEVICE_A, [mutationBy(DEVICE_A, put({ n: 2 }))], { atomic: true })[0]?.status).toBe(
      'conflict',
    )
    expect(server.last.kind).toBe('aborted')
    server.push(DEVICE_A, [mutationBy(DEVICE_A, put({}), { hlc: 'x' })], { atomic: true })
    expect(server.last.kind).toBe('aborted')
    const settled = new EngineWorld()
    const first = mutationBy(DEVICE_A, put({ n: 1 }))
    settled.push(DEVICE_A, [first])
    settled.send(DEVICE_B, put({ n: 2 }), { baseVersion: 1, atMs: 10 })
    settled.push(DEVICE_A, [first, mutationBy(DEVICE_A, put({ n: 3 }), { baseVersion: 1 })], { atomic: true })
    expect(settled.last).toMatchObject({
      kind: 'committed',
      results: [{ status: 'duplicate' }, { status: 'superseded' }],
    })
  })

  it('[AT1] without a culprit an atomic push is like any other', () => {
    const server = new EngineWorld()
    server.push(DEVICE_A, [mutationBy(DEVICE_A, put({ n: 1 }))], { atomic: true })
    expect(server.last).toMatchObject({ kind: 'committed', results: [{ status: 'applied' }] })
  })
})

describe('decidePush', () => {
  it('[CS8] does not change the world it is given', () => {
    const server = new EngineWorld()
    server.send(DEVICE_A, put({ n: 1 }))
    const { text: _, ot: __, ...facts } = server.world
    const before = structuredClone(facts)
    decidePush(server.world, pushOf(DEVICE_B, [mutationBy(DEVICE_B, put({ n: 2 }), { atMs: 5 })]), newId)
    expect({ ...server.world, text: null, ot: null }).toEqual({ ...before, text: null, ot: null })
  })
})
