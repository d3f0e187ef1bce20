import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { Mutation, OtOperation } from '#lib/protocol/mutation.ts'
import type { UpMigration, UpMigrationOp } from '#lib/protocol/rules.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { baseKey } from '#lib/engine/types.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  newId,
  patch,
  put,
  RECORD,
  remove,
  rulesOf,
} from '#tests/support/engine-world.ts'

const text = (ops: Json, baseRevision = 0, path = '/body'): OtOperation => ({
  type: 'ot',
  path,
  kind: 'text',
  baseRevision,
  ops,
})
const json = (ops: Json, baseRevision = 0, path = '/tree'): OtOperation => ({
  type: 'ot',
  path,
  kind: 'json',
  baseRevision,
  ops,
})
const edit = (device: string, op: Mutation['op'], changes: Parameters<typeof mutationBy>[2] = {}): Mutation =>
  mutationBy(device, op, { baseVersion: 1, ...changes })

/** A record with a text at version 1. */
function written(data: JsonObject = { body: 'abc', n: 0 }, rules: Parameters<typeof rulesOf>[0] = {}) {
  const server = new EngineWorld(rulesOf({ strategy: 'ot', tieRule: 'lww', ...rules }))
  server.send(DEVICE_A, put(data))
  return server
}
const one = (results: readonly MutationResult[]): MutationResult => results[0] as MutationResult

describe.each([
  ['ot', {}],
  ['field-merge', { '/body': 'ot', '/tree': 'ot' }],
] as const)('a path that is unset by %s', (strategy, fieldStrategies) => {
  const typed = (): EngineWorld => {
    const server = written({ body: 'my old text', tree: [1] }, { strategy, fieldStrategies })
    server.send(DEVICE_A, text(['A']), { baseVersion: 1 })
    server.send(DEVICE_A, json([0, { i: 0 }]), { baseVersion: 2 })
    expect(server.record?.data).toEqual({ body: 'Amy old text', tree: [0, 1] })
    return server
  }

  it('[PA1] is empty, be it one of text, and gone, be it JSON', () => {
    const server = typed()
    expect(server.send(DEVICE_A, patch({ z: 1 }, ['body', 'tree']), { baseVersion: 3 }).status).toBe(
      'applied',
    )
    expect(server.record?.data).toEqual({ body: '', z: 1 })
  })

  it('[PA1] is what its own chain writes there next, and nothing of what it was', () => {
    const server = typed()
    const unset = edit(DEVICE_A, patch({}, ['body', 'tree']), { baseVersion: 3 })
    const next = edit(DEVICE_A, put({ body: 'new', tree: [2] }), { baseVersion: 3, after: unset.id })
    const results = server.push(DEVICE_A, [unset, next])
    expect(results.map(({ status }) => status)).toEqual(['applied', 'applied'])
    expect(server.record?.data).toEqual({ body: 'new', tree: [2] })
  })

  it('[CS5] keeps what another types meanwhile, in either order', () => {
    for (const order of [0, 1]) {
      const server = typed()
      const steps = [
        () => server.send(DEVICE_A, patch({}, ['body']), { baseVersion: 3 }),
        () => server.send(DEVICE_B, text([3, 'B'], 1), { baseVersion: 3 }),
      ]
      for (const step of order === 0 ? steps : steps.toReversed()) expect(step().status).toBe('applied')
      expect(server.record?.data).toEqual({ body: 'B', tree: [0, 1] })
    }
  })

  it('[CS5] is let be by a put that leaves it out, and whole for the one after it in the chain', () => {
    for (const [data, reads] of [
      [{ body: 'new' }, 'new'],
      [{ body: 'Amy old text!' }, 'Amy old text!'],
      [{ z: 2 }, 'Amy old text'],
    ] as const) {
      const server = typed()
      const first = edit(DEVICE_A, put({ z: 1 }), { baseVersion: 3 })
      const next = edit(DEVICE_A, put(data), { baseVersion: 3, after: first.id })
      server.push(DEVICE_A, [first])
      expect(server.push(DEVICE_A, [next])).toMatchObject([{ status: 'applied' }])
      expect(server.record?.data?.['body']).toBe(reads)
    }
  })

  it('[CS5] is let be by a put that leaves it out', () => {
    const server = typed()
    server.send(DEVICE_A, put({ z: 1 }), { baseVersion: 3 })
    expect(server.record?.data).toEqual({ body: 'Amy old text', tree: [0, 1], z: 1 })
  })
})

it('[CS5] what a put dropped before another typed there is for a person, once its chain writes there again', () => {
  const server = written()
  const first = edit(DEVICE_A, put({ n: 1 }))
  const next = edit(DEVICE_A, put({ body: 'new' }), { after: first.id })
  server.push(DEVICE_A, [first])
  server.send(DEVICE_B, text(['B']), { baseVersion: 2 })
  expect(server.push(DEVICE_A, [next])).toMatchObject([{ status: 'conflict' }])
  expect(server.record?.data).toEqual({ body: 'B', n: 1 })
})

describe('operations on a record', () => {
  it('[CS5] are put in order; the result has the revision and what the device has still to apply', () => {
    const server = written()
    expect(one(server.push(DEVICE_A, [edit(DEVICE_A, text(['x']))]))).toMatchObject({
      status: 'applied',
      version: 2,
      revision: 1,
    })
    const result = one(server.push(DEVICE_B, [edit(DEVICE_B, text([3, 'y']))]))
    expect(result).toEqual({
      id: result.id,
      status: 'applied',
      version: 3,
      revision: 2,
      transformed: [['x']],
      record: expect.objectContaining({ version: 3, data: { body: 'xabcy', n: 0 } }),
    })
    expect(server.record).toMatchObject({
      data: { body: 'xabcy' },
      ot: { '/body': { kind: 'text', revision: 2 } },
    })
    expect(server.last.effects[0]?.conflict).toBeNull()
  })

  describe('after a restore', () => {
    /** Two operations were lost with it; the first of them, by A, was sent again, and one by `other`. */
    function restoredWith(other: string) {
      const server = written()
      server.push(DEVICE_A, [edit(DEVICE_A, text(['x']), { baseEpoch: 1 })])
      server.world = { ...server.world, epoch: 2 }
      const old = (device: string, op: OtOperation) => edit(device, op, { baseEpoch: 1 })
      server.push(DEVICE_A, [old(DEVICE_A, text([1, 'A'], 1))])
      server.push(other, [old(other, text([1, 'B'], other === DEVICE_A ? 2 : 1))])
      return {
        server,
        send: (device: string, op: OtOperation) => one(server.push(device, [old(device, op)])),
      }
    }

    it('[CS5][TK6] a lost revision that another device has filled since is not taken for what it was', () => {
      const { server, send } = restoredWith(DEVICE_B)
      const before = server.record?.data
      expect(send(DEVICE_A, text([1, { d: 1 }], 2))).toMatchObject({
        status: 'dead_lettered',
        code: 'underivable',
      })
      expect(server.record?.data).toEqual(before)
      // What the backup has is named as ever, and so is what was made on the restored text.
      expect(send(DEVICE_A, text(['<'], 1))).toMatchObject({ status: 'applied' })
      const anew = edit(DEVICE_A, text(['>'], 2), { baseEpoch: 2 })
      expect(one(server.push(DEVICE_A, [anew]))).toMatchObject({ status: 'applied' })
    })

    it('[CS5][TK6] what one device alone has sent again has its old numbers', () => {
      const { server, send } = restoredWith(DEVICE_A)
      expect(server.record?.data).toMatchObject({ body: 'xBAabc' })
      expect(send(DEVICE_A, text([1, { d: 1 }], 3))).toMatchObject({ status: 'applied', revision: 4 })
      expect(server.record?.data).toMatchObject({ body: 'xAabc' })
      expect(send(DEVICE_B, text([1, { d: 1 }], 3))).toMatchObject({ code: 'underivable' })
    })

    it('[CS5][TK6] an epoch far above the one before it is one restore, and the one before still has its numbers', () => {
      const server = written()
      server.push(DEVICE_A, [edit(DEVICE_A, text(['x']), { baseEpoch: 1 })])
      server.world = { ...server.world, epoch: 28_600_000, epochBefore: 1 }
      const old = (op: OtOperation) => one(server.push(DEVICE_A, [edit(DEVICE_A, op, { baseEpoch: 1 })]))
      expect(old(text([1, 'A'], 1))).toMatchObject({ status: 'applied' })
      expect(old(text([1, 'B'], 2))).toMatchObject({ status: 'applied', revision: 3 })
      // After another one nothing is said of the epoch before that.
      server.world = { ...server.world, epoch: 28_700_000, epochBefore: 28_600_000 }
      server.push(DEVICE_A, [edit(DEVICE_A, text(['3'], 3), { baseEpoch: 28_700_000 })])
      expect(old(text(['<'], 1))).toMatchObject({ code: 'underivable' })
    })

    it('[CS5][TK6] of the epoch before the last one nothing is taken where there was writing since', () => {
      const { server, send } = restoredWith(DEVICE_A)
      server.world = { ...server.world, epoch: 3 }
      server.push(DEVICE_A, [edit(DEVICE_A, text(['3'], 3), { baseEpoch: 3 })])
      expect(send(DEVICE_A, text(['<'], 1))).toMatchObject({ code: 'underivable' })
    })
  })

  it('[CS5] the first on a path goes past what others wrote there as documents', () => {
    const server = written()
    server.push(DEVICE_A, [mutationBy(DEVICE_A, patch({ body: '# abc' }), { baseVersion: 1 })])
    const result = one(server.push(DEVICE_B, [edit(DEVICE_B, text([2, 'y']))]))
    expect(result).toMatchObject({ status: 'applied', transformed: [['# ']] })
    expect(server.record?.data).toMatchObject({ body: '# abyc' })
  })

  it('[CS5] of a chain may name the revision before its first one; each is told of others once', () => {
    const server = written()
    server.push(DEVICE_B, [edit(DEVICE_B, text(['<']))])
    const first = edit(DEVICE_A, text([3, 'd']))
    const second = edit(DEVICE_A, text([4, 'e']), { after: first.id })
    expect(server.push(DEVICE_A, [first, second])).toMatchObject([
      { revision: 2, transformed: [['<']] },
      { revision: 3 },
    ])
    server.push(DEVICE_B, [edit(DEVICE_B, text([1, '>'], 1))])
    const third = edit(DEVICE_A, text([5, 'f']), { after: second.id })
    expect(one(server.push(DEVICE_A, [third]))).toMatchObject({
      revision: 5,
      transformed: [['>']].map(() => [1, '>']),
    })
    expect(server.record?.data).toEqual({ body: '<>abcdef', n: 0 })
  })

  it('[CS5] create what they write, also the record', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'ot' }))
    expect(server.send(DEVICE_A, text(['new']))).toMatchObject({ status: 'applied', revision: 1 })
    expect(server.send(DEVICE_A, json([{ i: { a: [1] } }]), { baseVersion: 1 })).toMatchObject({
      revision: 1,
    })
    expect(server.record?.data).toEqual({ body: 'new', tree: { a: [1] } })
  })

  it.each([
    ['what is no operation', text([{ d: -1 }]), 'schema_mismatch'],
    ['more than there is', text([9, 'x']), 'schema_mismatch'],
    ['text on a number', text(['x'], 0, '/n'), 'schema_mismatch'],
    ['a path into a text', text(['x'], 0, '/body/0'), 'schema_mismatch'],
    ['a revision that is not there yet', text(['x'], 7), 'underivable'],
  ] as const)('[CS5] that mean %s are dead letters', (_, op, code) => {
    const server = written()
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, op)]))).toMatchObject({ status: 'dead_lettered', code })
    expect(server.record?.version).toBe(1)
  })

  it('[CS5] whose result breaks the schema are dead letters', () => {
    const schema = { type: 'object', properties: { body: { type: 'string', maxLength: 4 } } }
    const server = written({ body: 'abc' }, { schema })
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, text(['xy']))]))).toMatchObject({
      code: 'schema_mismatch',
    })
  })

  it('[CS5] go only where the strategy is ot, and never into one another', () => {
    const server = written({ body: 'abc', n: 0 }, { strategy: 'lww', fieldStrategies: { '/body': 'ot' } })
    expect(server.send(DEVICE_B, text(['x']), { baseVersion: 1 }).status).toBe('applied')
    expect(server.send(DEVICE_B, text(['x'], 0, '/other'), { baseVersion: 2 })).toMatchObject({
      status: 'dead_lettered',
      code: 'schema_mismatch',
    })
    const nested = written({ tree: { a: 'x' } })
    expect(nested.send(DEVICE_B, json(['a', { es: ['y'] }]), { baseVersion: 1 }).status).toBe('applied')
    expect(nested.send(DEVICE_B, text(['z'], 0, '/tree/a'), { baseVersion: 2 }).status).toBe('dead_lettered')
  })

  it('[CS5] behind what the log still has go to a person with both sides; without their base they are dead letters', () => {
    const server = written()
    for (let i = 0; i < 3; i++)
      server.push(DEVICE_A, [edit(DEVICE_A, text(['x'], i), { baseVersion: 1 + i })])
    compact(server, 2)
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, text(['y'], 0))]))).toMatchObject({
      status: 'conflict',
      record: { data: { body: 'xxxabc' } },
    })
    expect(server.last.effects[0]?.conflict).toMatchObject({
      base: { body: 'abc', n: 0 },
      local: { body: 'yabc', n: 0 },
      fields: ['/body'],
    })
    const blind = edit(DEVICE_B, text(['y'], 1), { after: newId() })
    expect(one(server.push(DEVICE_B, [blind]))).toMatchObject({
      status: 'dead_lettered',
      code: 'underivable',
    })
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, text(['y'], 2))]))).toMatchObject({ revision: 4 })
    expect(server.record?.data?.['body']).toBe('yxxxabc')
  })

  it('[CS5] further behind than can be passed go to a person', () => {
    const wide = Array.from({ length: 9_000 }, (_, i) => (i % 2 === 0 ? 'y' : 1))
    const long = written({ body: 'abc'.repeat(3_000), n: 0 })
    for (let i = 0; i < 240; i++)
      long.push(DEVICE_A, [edit(DEVICE_A, text(['x'], i), { baseVersion: 1 + i })])
    expect(one(long.push(DEVICE_B, [edit(DEVICE_B, text(wide, 0))])).status).toBe('conflict')
    expect(one(long.push(DEVICE_B, [edit(DEVICE_B, text(wide.slice(0, 10), 0))])).status).toBe('applied')
  })
})

describe('operations behind a superseded patch of another field', () => {
  /** B's patch is the later one, and has won; B typed before it. */
  function superseded(op: OtOperation, other: JsonObject = { n: 7 }) {
    const server = written()
    server.push(DEVICE_B, [edit(DEVICE_B, text(['<']), { atMs: 5 })])
    server.push(DEVICE_B, [edit(DEVICE_B, patch({ n: 1 }), { baseVersion: 2, atMs: 20 })])
    const parent = edit(DEVICE_A, patch(other), { atMs: 10 })
    const child = edit(DEVICE_A, op, { after: parent.id, atMs: 11 })
    return { server, results: server.push(DEVICE_A, [parent, child]) }
  }

  it('[CS5] go by their revision, be it the one that the chain began on or one that they were taken past since', () => {
    for (const op of [text([3, '!'], 0), text([4, '!'], 1)]) {
      const { server, results } = superseded(op)
      expect(results.map(({ status }) => status)).toEqual(['superseded', 'applied'])
      expect(server.record?.data).toEqual({ body: '<abc!', n: 1 })
    }
  })

  it('[CS5] as the first of their path, too, leave what another typed there first', () => {
    const server = written()
    server.push(DEVICE_B, [edit(DEVICE_B, patch({ n: 1 }), { atMs: 20 })])
    server.push(DEVICE_C, [edit(DEVICE_C, text([3, 'C']), { atMs: 21 })])
    const parent = edit(DEVICE_A, patch({ n: 7 }), { atMs: 10 })
    const child = edit(DEVICE_A, text(['A']), { after: parent.id, atMs: 11 })
    expect(server.push(DEVICE_A, [parent, child])).toMatchObject([
      { status: 'superseded' },
      { status: 'applied' },
    ])
    expect(server.record?.data).toEqual({ body: 'AabcC', n: 1 })
  })
})

it('[AF2] [CS5] what was superseded stays so where the text is written on behind it, on a base that has what won', () => {
  const server = written(
    { body: 'abc', n: 0, m: 0 },
    { strategy: 'field-merge', fieldStrategies: { '/body': 'ot' } },
  )
  server.push(DEVICE_B, [edit(DEVICE_B, patch({ n: 2 }), { atMs: 20 })])
  const first = edit(DEVICE_A, patch({ m: 5 }), { atMs: 10 })
  const lost = edit(DEVICE_A, patch({ n: 7 }), { atMs: 11, after: first.id })
  const next = edit(DEVICE_A, patch({ body: 'abc!' }), { baseVersion: 3, atMs: 12, after: lost.id })
  expect(server.push(DEVICE_A, [first, lost, next])).toMatchObject([
    { status: 'merged', version: 3 },
    { status: 'superseded' },
    { status: 'applied' },
  ])
  expect(server.record?.data).toEqual({ body: 'abc!', n: 2, m: 5 })
})

/** Retention has left the newest operations of the record's log only. */
function compact(server: EngineWorld, from: number): void {
  const [[key, log] = ['', []]] = server.world.otLog
  server.world = { ...server.world, otLog: new Map([[key, log.slice(from)]]) }
}

describe('operations behind a conflict that a person decides', () => {
  /** A's put is in conflict, and what A typed on top of it waits. B typed meanwhile. */
  function contested() {
    const server = written({ body: 'abc', n: 0 }, { tieRule: 'manual' })
    server.push(DEVICE_B, [edit(DEVICE_B, patch({ n: 1 }))])
    const parent = edit(DEVICE_A, put({ body: 'Qabc', n: 7 }))
    const first = edit(DEVICE_A, text([4, '!'], 0), { after: parent.id })
    const second = edit(DEVICE_A, text([5, '?'], 0), { after: first.id })
    const results = server.push(DEVICE_A, [parent, first, second])
    expect(results.map(({ status }) => status)).toEqual(['conflict', 'conflict', 'conflict'])
    server.push(DEVICE_B, [edit(DEVICE_B, text([3, 'Z'], 0), { baseVersion: 2 })])
    expect(server.record?.data).toEqual({ body: 'abcZ', n: 1 })
    return { server, parent, second, conflictId: (results[0] as { conflictId: string }).conflictId }
  }

  it('[CS5] go on at the same place of what the person made of it, and so do later ones', () => {
    const { server, second, conflictId } = contested()
    const decision = { baseVersion: 3, resolves: conflictId }
    expect(server.send(DEVICE_C, put({ body: 'QabcZ', n: 7 }), decision).status).toBe('applied')
    expect(server.record?.data).toEqual({ body: 'Qabc!?Z', n: 7 })
    server.send(DEVICE_B, text(['>'], 4), { baseVersion: server.record?.version ?? 0 })
    const late = edit(DEVICE_A, text([6, '.'], 0), { after: second.id })
    expect(one(server.push(DEVICE_A, [late])).status).toBe('applied')
    expect(server.record?.data).toEqual({ body: '>Qabc!?.Z', n: 7 })
  })

  it('[CS5] beside what was contested go by their revision, also one that they were taken past others to', () => {
    for (const op of [text([3, '!'], 0), text([4, '!'], 1)]) {
      const server = written({ body: 'abc', n: 0 }, { tieRule: 'manual' })
      server.push(DEVICE_B, [edit(DEVICE_B, text(['<']))])
      server.push(DEVICE_B, [edit(DEVICE_B, patch({ n: 1 }), { baseVersion: 2 })])
      const parent = edit(DEVICE_A, patch({ n: 7 }))
      const result = one(server.push(DEVICE_A, [parent])) as { conflictId: string }
      server.push(DEVICE_B, [edit(DEVICE_B, text(['<'], 1), { baseVersion: 3 })])
      const resolves = result.conflictId
      server.send(DEVICE_C, put({ body: '<<abc?', n: 7 }), { baseVersion: 4, resolves })
      const late = edit(DEVICE_A, op, { after: parent.id })
      expect(server.push(DEVICE_A, [late])).toMatchObject([{ status: 'applied' }])
      expect(server.record?.data).toEqual({ body: '<<abc!?', n: 7 })
    }
  })

  it('[CS5] are superseded with a row each where the other side was kept', () => {
    const { server, conflictId } = contested()
    server.send(DEVICE_C, put({ body: 'abcZ', n: 1 }), { baseVersion: 3, resolves: conflictId })
    const rows = server.last.effects.filter(({ result }) => result.status === 'superseded')
    expect(rows).toHaveLength(2)
    expect(rows.every(({ conflict }) => conflict !== null)).toBe(true)
    expect(server.record?.data).toEqual({ body: 'abcZ', n: 1 })
  })
})

describe('operations of an older schema version', () => {
  const RENAME: UpMigrationOp = { op: 'rename', path: '/body', to: '/text' }
  function renamed(ops: UpMigrationOp[] = [RENAME]) {
    const server = written()
    server.push(DEVICE_B, [edit(DEVICE_B, text([3, '!'], 0))])
    const rules = rulesOf({
      strategy: 'ot',
      tieRule: 'lww',
      schemaVersion: 2,
      upMigrations: [{ from: 1, to: 2, ops }],
    })
    server.world = { ...server.world, collections: new Map([[rules.name, rules]]) }
    return server
  }

  it('[DL5] move with their path, past what others did under its former name', () => {
    const server = renamed()
    expect(one(server.push(DEVICE_A, [edit(DEVICE_A, text(['x'], 0))]))).toMatchObject({
      status: 'applied',
      revision: 2,
      transformed: [[4, '!']],
    })
    expect(server.record).toMatchObject({ data: { text: 'xabc!', n: 0 }, ot: { '/text': { revision: 2 } } })
    const today = edit(DEVICE_C, text(['y'], 2, '/text'), { baseVersion: 3, schemaVersion: 2 })
    expect(one(server.push(DEVICE_C, [today]))).toMatchObject({ revision: 3 })
    expect(one(server.push(DEVICE_C, [edit(DEVICE_C, patch({ body: 'abc?' }))])).status).toBe('applied')
    expect(server.record?.data).toEqual({ text: 'yxabc?!', n: 0 })
  })

  it('[DL5] are passed in their order, under both names, though a store gives them by name', () => {
    const server = renamed([{ op: 'rename', path: '/body', to: '/alt' }])
    server.push(DEVICE_C, [edit(DEVICE_C, text(['c'], 1))])
    const [[key, log] = ['reports/', []] as const] = server.world.otLog
    const byName = log.toSorted((a, b) => (a.path < b.path ? -1 : 1))
    expect(byName.map(({ path }) => path)).toEqual(['/alt', '/body'])
    server.world = { ...server.world, otLog: new Map([[key, byName]]) }
    expect(server.push(DEVICE_A, [edit(DEVICE_A, text(['x'], 0))])).toMatchObject([{ status: 'applied' }])
    expect(server.record?.data).toEqual({ alt: 'xcabc!', n: 0 })
  })

  it('[CS5] past others that a chain has seen are told from its own under their former name too', () => {
    for (const isRenamed of [false, true]) {
      const server = renamed(isRenamed ? [RENAME] : [])
      const path = isRenamed ? 'text' : 'body'
      const first = edit(DEVICE_A, text(['x'], 1))
      const next = edit(DEVICE_A, put({ body: 'xabc!y', n: 0 }), { after: first.id })
      expect(server.push(DEVICE_A, [first, next])).toMatchObject([
        { status: 'applied' },
        { status: 'conflict' },
      ])
      expect(server.record?.data).toEqual({ [path]: 'xabc!', n: 0 })
    }
  })

  it('[DL5] are passed as their own version named them, also once the record was rewritten in the new one', () => {
    const server = renamed()
    server.push(DEVICE_C, [edit(DEVICE_C, patch({ n: 1 }), { baseVersion: 2, schemaVersion: 2 })])
    expect(server.record?.schemaVersion).toBe(2)
    const operation = edit(DEVICE_A, text(['x'], 0, '/text'), { schemaVersion: 2 })
    expect(one(server.push(DEVICE_A, [operation]))).toMatchObject({
      status: 'applied',
      transformed: [[4, '!']],
    })
    const write = edit(DEVICE_C, patch({ text: 'abc?' }), { schemaVersion: 2 })
    expect(one(server.push(DEVICE_C, [write])).status).toBe('applied')
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, text(['y'], 1))])).status).toBe('applied')
    expect(server.record?.data).toEqual({ text: 'yxabc?!', n: 1 })
  })

  it('[DL5] of a field whose name another one took go on from the one that is there', () => {
    const server = written({ body: 'abc', text: 'old', n: 0 })
    for (const revision of [0, 1, 2])
      server.send(DEVICE_B, text(['o'], revision, '/text'), { baseVersion: 1 })
    server.send(DEVICE_B, text([3, '!'], 0), { baseVersion: 1 })
    const [key = ''] = server.world.collections.keys()
    const upMigrations: UpMigration[] = [
      { from: 1, to: 2, ops: [{ op: 'rename', path: '/body', to: '/text' }] },
    ]
    const rules = rulesOf({ strategy: 'ot', schemaVersion: 2, upMigrations })
    server.world = { ...server.world, collections: new Map([[key, rules]]) }
    const at = { baseVersion: 1, schemaVersion: 2 }
    expect(server.send(DEVICE_A, text(['x'], 0, '/text'), at)).toMatchObject({
      status: 'applied',
      revision: 2,
    })
    expect(server.record?.data).toEqual({ text: 'xabc!', n: 0 })
  })

  it('[DL5] of a field that is gone, or computed since, are dead letters', () => {
    const gone = renamed([{ op: 'remove', path: '/body' }])
    const dead = { status: 'dead_lettered', code: 'schema_mismatch' }
    expect(one(gone.push(DEVICE_A, [edit(DEVICE_A, text(['x'], 1))]))).toMatchObject(dead)
    const computed = renamed([{ op: 'cel', path: '/body', cel: 'doc.body + "~"' }])
    expect(one(computed.push(DEVICE_A, [edit(DEVICE_A, text(['x'], 1))]))).toMatchObject(dead)
    expect(one(computed.push(DEVICE_A, [edit(DEVICE_A, patch({ body: 'abc?' }))])).status).not.toBe('applied')
    expect(computed.record?.data).toEqual({ body: 'abc!', n: 0 })
  })
})

describe('document writes on a path under OT', () => {
  it('[CS5] are the difference from their base', () => {
    const server = written()
    server.push(DEVICE_A, [edit(DEVICE_A, text([3, '!']))])
    const result = one(server.push(DEVICE_B, [edit(DEVICE_B, put({ body: 'Zabc', n: 5 }))]))
    expect(result.status).toBe('applied')
    expect(server.record).toMatchObject({ data: { body: 'Zabc!', n: 5 }, ot: { '/body': { revision: 2 } } })
    expect(one(server.push(DEVICE_C, [edit(DEVICE_C, patch({ body: 'abcq' }))])).status).toBe('applied')
    expect(server.record?.data?.['body']).toBe('Zabcq!')
    expect(one(server.push(DEVICE_C, [edit(DEVICE_C, text(['-'], 0))]))).toMatchObject({ revision: 4 })
  })

  it('[CS5] of a field that is named so merge from the first one on', () => {
    const server = written({ body: 'abc' }, { strategy: 'lww', fieldStrategies: { '/body': 'ot' } })
    server.send(DEVICE_A, patch({ body: 'abcd' }), { baseVersion: 1 })
    server.send(DEVICE_B, patch({ body: '_abc' }), { baseVersion: 1, atMs: -50 })
    expect(server.record?.data).toEqual({ body: '_abcd' })
  })

  it('[CS5] that leave it out let it be, and what is not under OT goes by its own rule', () => {
    const server = written({ body: 'abc', n: 0, m: 0 }, { tieRule: 'manual' })
    server.push(DEVICE_A, [edit(DEVICE_A, text([3, '!']))])
    server.send(DEVICE_A, patch({ n: 1 }), { baseVersion: 2 })
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, put({ n: 0, m: 9 }))])).status).toBe('merged')
    expect(server.record?.data).toEqual({ body: 'abc!', n: 1, m: 9 })
    const contested = one(server.push(DEVICE_B, [edit(DEVICE_B, patch({ n: 7 }))]))
    expect(contested.status).toBe('conflict')
  })

  it('[CS5] without a base are underivable', () => {
    const server = written()
    server.push(DEVICE_A, [edit(DEVICE_A, text(['x']))])
    const blind = { after: newId() }
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, patch({ body: 'q' }), blind)]))).toMatchObject({
      status: 'dead_lettered',
      code: 'underivable',
    })
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, patch({ other: 1 }), blind)])).status).not.toBe(
      'dead_lettered',
    )
  })
})

describe('document writes over a log with a gap', () => {
  it('[CS5] go to a person: a gap is seen by what the rest of the log makes of the base', () => {
    const server = written()
    for (let i = 0; i < 3; i++)
      server.push(DEVICE_A, [edit(DEVICE_A, text(['x'], i), { baseVersion: 1 + i })])
    compact(server, 1)
    expect(one(server.push(DEVICE_B, [edit(DEVICE_B, put({ body: 'abc!', n: 0 }))]))).toMatchObject({
      status: 'conflict',
      record: { data: { body: 'xxxabc' } },
    })
    expect(server.last.effects[0]?.conflict).toMatchObject({ local: { body: 'abc!', n: 0 } })
  })
})

describe('edit × delete', () => {
  const mixed = { strategy: 'lww', fieldStrategies: { '/body': 'ot' } } as const
  it.each([
    ['lww', 5, 4, 'superseded'],
    ['lww', 4, 5, 'merged'],
    ['manual', 4, 5, 'conflict'],
  ] as const)(
    '[CS9] with a field under OT goes by the collection’s %s, whichever came first (delete at %i, edit at %i)',
    (strategy, deletedAt, editedAt, outcome) => {
      const first = written({ body: 'abc', n: 0 }, { ...mixed, strategy })
      first.send(DEVICE_B, remove, { baseVersion: 1, atMs: deletedAt })
      const late = edit(DEVICE_A, text(['x']), { atMs: editedAt })
      expect(one(first.push(DEVICE_A, [late])).status).toBe(outcome)
      expect(first.last.effects[0]?.conflict?.local).toEqual({ body: 'xabc', n: 0 })
      const second = written({ body: 'abc', n: 0 }, { ...mixed, strategy })
      second.push(DEVICE_A, [edit(DEVICE_A, text(['x']), { atMs: editedAt })])
      const deleted = second.send(DEVICE_B, remove, { baseVersion: 1, atMs: deletedAt }).status
      expect(deleted).toBe({ superseded: 'merged', merged: 'superseded', conflict: 'conflict' }[outcome])
      if (strategy === 'lww') expect(second.record?.data).toEqual(first.record?.data)
    },
  )

  it('[DL6] a replayed delete of a record with newer work goes to a person', () => {
    const rules = rulesOf({ ...mixed, schemaVersion: 2 })
    const server = written({ body: 'abc', n: 0 }, mixed)
    const late = edit(DEVICE_B, remove, { schemaVersion: 2, atMs: 9 })
    const [dead] = server.push(DEVICE_B, [late])
    const replayOf = dead?.status === 'dead_lettered' ? dead.deadLetterId : ''
    server.send(DEVICE_A, patch({ n: 1 }), { baseVersion: 1, atMs: 5 })
    server.world = { ...server.world, collections: new Map([[rules.name, rules]]) }
    expect(one(server.push(DEVICE_B, [late], { replayOf }))).toMatchObject({ status: 'conflict' })
    expect(server.record?.data).toEqual({ body: 'abc', n: 1 })
  })

  it('[CS9] an operation on a record that is gone for good goes to a person with what was typed in it', () => {
    const server = written()
    server.world = { ...server.world, records: new Map() }
    const base = { data: { body: 'abc' }, crdt: {}, schemaVersion: 1 }
    server.world = { ...server.world, bases: new Map([[baseKey(COLLECTION, RECORD, 1), base]]) }
    expect(one(server.push(DEVICE_A, [edit(DEVICE_A, text(['x']))]))).toMatchObject({ status: 'conflict' })
    expect(server.last.effects[0]?.conflict?.local).toEqual({ body: 'xabc' })
  })

  it('[CS9] the edit wins, whichever came first, with what others had typed', () => {
    const server = written()
    server.push(DEVICE_B, [edit(DEVICE_B, text([3, '!']))])
    server.send(DEVICE_B, remove, { baseVersion: 2 })
    expect(server.record?.deleted).toBe(true)
    const result = one(server.push(DEVICE_A, [edit(DEVICE_A, text(['x']))]))
    expect(result).toMatchObject({ status: 'merged', resolution: { outcome: 'local' } })
    expect(server.record).toMatchObject({
      deleted: false,
      data: { body: 'xabc!' },
      ot: { '/body': { revision: 2 } },
    })
    expect(one(server.push(DEVICE_C, [edit(DEVICE_C, remove)]))).toMatchObject({
      status: 'superseded',
      record: { data: { body: 'xabc!' } },
    })
  })
})

describe('a record under OT that returns', () => {
  /** Two revisions of the text, then a delete: version 3, "hello world!". */
  function deleted(): EngineWorld {
    const server = written({ body: 'hello world', n: 0 })
    server.push(DEVICE_C, [edit(DEVICE_C, text([11, '!']))])
    server.send(DEVICE_A, remove, { baseVersion: 2 })
    expect(server.record?.ot).toEqual({ '/body': { kind: 'text', revision: 1, was: 'hello world!' } })
    return server
  }
  const late = (op: Mutation['op']): Mutation => edit(DEVICE_B, op)

  it('[CS9] made anew is an operation: what comes late removes nothing of it, and what it adds stays', () => {
    for (const [body, ops, reads] of [
      ['completely other text', [{ d: 5 }], 'completely other text'],
      ['hello you', [{ d: 5 }], 'hello you'],
      ['x', [5, 'B'], 'xB'],
    ] as const) {
      const server = deleted()
      expect(server.send(DEVICE_A, put({ body }))).toMatchObject({
        status: 'applied',
        record: { ot: { '/body': { revision: 2 } } },
      })
      expect(server.record?.ot).toEqual({ '/body': { kind: 'text', revision: 2 } })
      expect(one(server.push(DEVICE_B, [late(text(ops))]))).toMatchObject({ status: 'applied', revision: 3 })
      expect(server.record?.data).toEqual({ body: reads })
    }
  })

  it('[CS9] without the field has nothing of it, until something is added late', () => {
    const server = deleted()
    server.send(DEVICE_A, put({ n: 1 }))
    expect(server.record?.data).toEqual({ n: 1 })
    expect(one(server.push(DEVICE_B, [late(patch({ body: 'hello B world' }))])).status).toBe('applied')
    expect(server.record?.data).toEqual({ n: 1, body: 'B ' })
  })

  it('[CS9] by a document of its former life keeps what others had typed; operations after it stay in place', () => {
    const server = deleted()
    expect(one(server.push(DEVICE_A, [edit(DEVICE_A, put({ body: 'hello, world', n: 4 }))])).status).toBe(
      'merged',
    )
    expect(server.record?.data).toEqual({ body: 'hello, world!', n: 4 })
    expect(one(server.push(DEVICE_B, [late(text([11, ' B']))])).status).toBe('applied')
    expect(server.record?.data).toEqual({ body: 'hello, world B!', n: 4 })
  })

  it('[CS9] by a person’s hand is the difference from what was deleted', () => {
    const server = deleted()
    const desk = mutationBy(DEVICE_C, put({ body: 'hello big world!' }), { baseVersion: 3 })
    expect(one(server.push(DEVICE_C, [desk], { byDesk: true })).status).toBe('applied')
    expect(one(server.push(DEVICE_B, [late(text([{ d: 5 }]))])).status).toBe('applied')
    expect(server.record?.data).toEqual({ body: ' big world!' })
  })

  it('[CS9] goes on for its own chain as it was made, late operations of others included', () => {
    const server = deleted()
    const anew = mutationBy(DEVICE_A, put({ body: 'fresh' }))
    server.push(DEVICE_A, [anew])
    server.push(DEVICE_B, [late(text([5, 'B']))])
    const patched = mutationBy(DEVICE_A, patch({ body: 'fresh!' }), { after: anew.id })
    const typed = mutationBy(DEVICE_A, text([6, '?']), { after: patched.id })
    expect(server.push(DEVICE_A, [patched, typed])).toMatchObject([
      { status: 'applied' },
      { status: 'applied' },
    ])
    expect(server.record?.data).toEqual({ body: 'fresh!?B' })
  })

  it('[CS9] brings no JSON back, and keeps what is added late to what is there again', () => {
    const server = written({ tree: { a: [1, 2], b: 'text', c: { d: 1 } } })
    server.push(DEVICE_C, [edit(DEVICE_C, json(['e', { i: 1 }]))])
    server.send(DEVICE_A, remove, { baseVersion: 2 })
    server.send(DEVICE_A, put({ tree: { a: [1], b: 'text', c: {} } }))
    expect(server.record?.data).toEqual({ tree: { a: [1], b: 'text', c: {} } })
    const ops = [
      ['a', 2, { i: 3 }],
      ['b', { es: [{ d: 4 }, 'B'] }],
      ['c', 'f', { i: 2 }],
    ]
    expect(one(server.push(DEVICE_B, [late(json(ops))])).status).toBe('applied')
    expect(server.record?.data).toEqual({ tree: { a: [3, 1], b: 'textB', c: { f: 2 } } })
  })
})

describe('a document write behind an operation that its device took past others’', () => {
  it('[AF2] goes to a person: what the device saw there can’t be told', () => {
    const server = written({ body: 'hello', n: 0 })
    server.push(DEVICE_B, [edit(DEVICE_B, text(['a longer text in front of '], 0))])
    const first = edit(DEVICE_A, text([5, ' A'], 0))
    const second = edit(DEVICE_A, text([28, 'x'], 2), { after: first.id })
    const whole = edit(DEVICE_A, put({ body: 'hexllo A!', n: 1 }), { after: second.id })
    const other = edit(DEVICE_A, patch({ m: 1 }), { after: second.id })
    server.push(DEVICE_A, [first, second])
    expect(one(server.push(DEVICE_A, [other])).status).toBe('applied')
    expect(one(server.push(DEVICE_A, [whole])).status).toBe('conflict')
    expect(server.last.effects[0]?.conflict?.local).toEqual({ body: 'hexllo A!', n: 1 })
  })
})
