import { describe, expect, it } from 'vitest'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  newId,
  patch,
  rulesOf,
} from '#tests/support/engine-world.ts'

const open = rulesOf({ strategy: 'crdt' })
const closed = { ...open, schema: { properties: { flag: { not: {} } } } }
const likes = (p: number, n = 0): Operation => ({
  type: 'crdt',
  changes: [{ path: '/likes', kind: 'pn-counter', state: { p: { [DEVICE_A]: p }, n: { [DEVICE_A]: n } } }],
})
const hits = (total: number): Operation => ({
  type: 'crdt',
  changes: [{ path: '/hits', kind: 'g-counter', state: { [DEVICE_A]: total } }],
})

const publish = (server: EngineWorld, rules: typeof open): void => {
  server.world = { ...server.world, collections: new Map([[COLLECTION, rules]]) }
}
const letterOf = (result: MutationResult | undefined): string =>
  result?.status === 'dead_lettered' ? result.deadLetterId : ''
const made = (op: Operation, changes: Partial<Mutation> = {}): Mutation =>
  mutationBy(DEVICE_A, op, { baseVersion: 1, ...changes })

/** Version 1 has ten likes and one hit by A; then the schema refuses a flag, and all that is behind it dies with it. */
function started(): EngineWorld {
  const server = new EngineWorld(open)
  const [likedOf, hitsOf] = [likes(10), hits(1)].map((op) => (op.type === 'crdt' ? op.changes : []))
  server.send(DEVICE_A, { type: 'crdt', changes: [...(likedOf ?? []), ...(hitsOf ?? [])] })
  publish(server, closed)
  return server
}

/** The letters of a push, with the flag before them; replayed one by one where the schema takes it. */
function refused(server: EngineWorld, ...ops: readonly Operation[]) {
  const flag = made(patch({ flag: true }))
  const chain = [flag]
  for (const op of ops) chain.push(made(op, { after: chain.at(-1)?.id ?? '' }))
  const results = server.push(DEVICE_A, chain)
  expect(results.map(({ status }) => status)).toEqual(chain.map(() => 'dead_lettered'))
  const replay = (): readonly MutationResult[] => {
    publish(server, open)
    return chain.flatMap((one, i) => server.push(DEVICE_B, [one], { replayOf: letterOf(results[i]) }))
  }
  return { chain, replay }
}

describe('counts of a replayed letter', () => {
  it('[CS4] are its step: what the device counted on without the letter stays', () => {
    const server = started()
    const { replay } = refused(server, likes(0, 2))
    server.send(DEVICE_A, likes(0, 3), { baseVersion: 1 })
    expect(server.record?.data).toMatchObject({ likes: 7 })
    const [, result] = replay()
    // The record goes along: its device could not tell what it made.
    expect(result).toMatchObject({ status: 'applied', record: { data: { likes: 5 } } })
    // What was made before the device heard of it counts on from its own total.
    server.send(DEVICE_A, likes(0, 4), { baseVersion: 2 })
    expect(server.record?.data).toMatchObject({ likes: 4 })
  })

  it('[CS4] are the step of each of a chain, and of a counter that grows only', () => {
    const server = started()
    const { replay } = refused(server, likes(11), likes(14), hits(3))
    server.send(DEVICE_A, likes(12), { baseVersion: 1 })
    server.send(DEVICE_A, hits(6), { baseVersion: 2 })
    replay()
    expect(server.record?.data).toMatchObject({ likes: 16, hits: 8 })
  })

  it('[CS4] are the step of a document too', () => {
    const server = started()
    const { replay } = refused(server, patch({ likes: 12 }))
    server.send(DEVICE_A, likes(13), { baseVersion: 1 })
    replay()
    server.send(DEVICE_A, likes(14), { baseVersion: 2 })
    expect(server.record?.data).toMatchObject({ likes: 16 })
  })

  it('[CS4] hold once for a child that comes behind the replay, and for what is made on that', () => {
    const server = started()
    const { chain, replay } = refused(server, likes(12))
    replay()
    const parent = chain.at(-1)?.id ?? ''
    const child = made(likes(15), { after: parent })
    expect(server.push(DEVICE_A, [child])[0]).toMatchObject({ record: { data: { likes: 15 } } })
    // The device has read the replay meanwhile, and has the child in its outbox still.
    const { version = 0 } = server.record ?? {}
    server.push(DEVICE_A, [made(likes(16), { after: child.id, baseVersion: version - 1 })])
    expect(server.record?.data).toMatchObject({ likes: 16 })
    server.send(DEVICE_A, likes(11), { baseVersion: version + 1 })
    expect(server.record?.data).toMatchObject({ likes: 17 })
  })

  it('[AF4] go on from what their device had, whatever an edited form counts', () => {
    const server = started()
    const first = made(likes(12), { schemaVersion: 2 })
    const second = made(likes(15), { after: first.id })
    const letters = server.push(DEVICE_A, [first, second]).map(letterOf)
    const edited = { ...first, id: newId(), op: likes(14), schemaVersion: 1 }
    const editOf = first.id
    server.push(DEVICE_B, [edited], { replayOf: letters[0] ?? '', editOf })
    expect(server.record?.data).toMatchObject({ likes: 14 })
    server.push(DEVICE_B, [second], { replayOf: letters[1] ?? '' })
    expect(server.record?.data).toMatchObject({ likes: 17 })
  })

  it('[CS4] without the base: by the record, where its device wrote nothing since, else the letter stays', () => {
    const replayed = (since: Operation | null): readonly [MutationResult | undefined, unknown] => {
      const server = started()
      const early = made(likes(12), { schemaVersion: 2 })
      const letter = letterOf(server.push(DEVICE_A, [early])[0])
      if (since) server.send(DEVICE_A, since, { baseVersion: 1 })
      server.send(DEVICE_B, patch({ title: 'x' }), { baseVersion: server.record?.version ?? 0 })
      publish(server, { ...open, schemaVersion: 2 })
      server.world = { ...server.world, bases: new Map() }
      const [result] = server.push(DEVICE_B, [early], { replayOf: letter })
      return [result, server.record?.data?.['likes']]
    }
    expect(replayed(null)).toMatchObject([{ status: 'applied' }, 12])
    expect(replayed(likes(13))).toMatchObject([{ status: 'dead_lettered', code: 'underivable' }, 13])
  })
})
