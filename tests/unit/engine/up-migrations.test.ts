import { describe, expect, it } from 'vitest'
import { checkUpMigrations } from '#lib/engine/schema-evolution/check-up-migrations.ts'
import { migrateStates } from '#lib/engine/schema-evolution/migrate-pointer.ts'
import { migrateDocument, migrateMutation } from '#lib/engine/schema-evolution/migrate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { UpMigration, UpMigrationOp } from '#lib/protocol/rules.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
} from '#tests/support/engine-world.ts'

const step = (...ops: UpMigrationOp[]): UpMigration => ({ from: 1, to: 2, ops })
const rules = (...upMigrations: UpMigration[]) => ({ schemaVersion: 9, upMigrations })
const rename: UpMigrationOp = { op: 'rename', path: '/name', to: '/who/name' }
const doc = (document: JsonObject, ...ops: UpMigrationOp[]) => {
  const migrated = migrateDocument(rules(step(...ops)), document, 1)
  return migrated.ok ? migrated.value : migrated.error
}
const patched = (op: Operation, ...ops: UpMigrationOp[]) => {
  const migrated = migrateMutation(rules(step(...ops)), mutationBy(DEVICE_A, op))
  return migrated.ok ? migrated.value.op : migrated.error
}

describe('up-migrations', () => {
  it('[DL5] documents: rename, remove, default and cel, in order', () => {
    expect(doc({ name: 'Ann', x: 1 }, rename)).toEqual({ who: { name: 'Ann' }, x: 1 })
    expect(doc({ x: 1 }, rename)).toEqual({ x: 1 })
    expect(doc({ a: { b: 1, c: 2 } }, { op: 'remove', path: '/a/b' })).toEqual({ a: { c: 2 } })
    expect(doc({ n: null }, { op: 'default', path: '/n', value: 7 })).toEqual({ n: null })
    expect(doc({}, { op: 'default', path: '/a/b', value: [1] })).toEqual({ a: { b: [1] } })
    expect(doc({ cents: 250 }, { op: 'cel', path: '/euros', cel: 'doc.cents / 100' })).toEqual({
      cents: 250,
      euros: 2.5,
    })
    expect(
      doc(
        { first: 'Ann', last: 'Lee' },
        { op: 'cel', path: '/name', cel: 'doc.first + " " + doc.last' },
        { op: 'remove', path: '/first' },
        { op: 'remove', path: '/last' },
      ),
    ).toEqual({ name: 'Ann Lee' })
  })

  it.each([
    [
      'the renamed first',
      { '/name': 'renamed', '/name/x': 'below', '/who/name': 'old', '/who/name/y': 'old below' },
    ],
    [
      'the renamed last',
      { '/who/name/y': 'old below', '/who/name': 'old', '/name/x': 'below', '/name': 'renamed' },
    ],
  ])(
    '[DL5] what a field is renamed onto gives way to the renamed one, in any order of keys: %s',
    (_, states) => {
      expect(migrateStates(rules(step(rename)), states, 1)).toEqual({
        '/who/name': 'renamed',
        '/who/name/x': 'below',
      })
      const { '/name': _renamed, '/name/x': _below, ...alone } = states
      expect(migrateStates(rules(step(rename)), alone, 1)).toEqual(alone)
    },
  )

  it('[DL5] CRDT changes and operations move with their path; one that has no place left is told', () => {
    const change = (path: string) => ({ path, kind: 'g-counter', state: { [DEVICE_A]: 1 } }) as const
    const crdt = (...paths: string[]): Operation => ({ type: 'crdt', changes: paths.map(change) })
    const ot = (path: string): Operation => ({ type: 'ot', path, kind: 'text', baseRevision: 0, ops: ['x'] })
    expect(patched(crdt('/name/first', '/x'), rename)).toEqual(crdt('/who/name/first', '/x'))
    expect(patched(ot('/name/first'), rename)).toEqual(ot('/who/name/first'))
    const removed = { op: 'remove', path: '/name' } as const
    expect(patched(crdt('/name', '/x'), removed)).toEqual(crdt('/x'))
    for (const op of [crdt('/name'), ot('/name/first')])
      expect(patched(op, removed)).toContain('remove /name')
    const computed = { op: 'cel', path: '/who/name/first', cel: '1' } as const
    expect(patched(ot('/name'), rename, computed)).toContain('compute')
    expect(patched(ot('/x'), rename, computed)).toEqual(ot('/x'))
  })

  it('[DL5] a record that a step fails on takes a whole document or a delete, and no change that would stand on it', () => {
    const failing = step({ op: 'cel', path: '/total', cel: 'value * 100' })
    const today = { schemaVersion: 2, upMigrations: [failing] }
    const stuck = () => {
      const server = new EngineWorld(rulesOf())
      server.send(DEVICE_A, put({ name: 'N' }))
      server.world = { ...server.world, collections: new Map([['reports', rulesOf(today)]]) }
      return server
    }
    const patched = stuck()
    for (const schemaVersion of [1, 2]) {
      const result = patched.send(DEVICE_B, patch({ total: 3 }), { baseVersion: 1, schemaVersion })
      expect(result).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
    }
    expect(patched.record).toMatchObject({ data: { name: 'N' }, schemaVersion: 1, version: 1 })

    const replaced = stuck()
    replaced.send(DEVICE_B, put({ total: 300 }), { baseVersion: 1, schemaVersion: 2 })
    expect(replaced.record).toMatchObject({ data: { total: 300 }, schemaVersion: 2 })
    // What was made on the old shape is laid over the new document, and doesn't bring that shape back.
    replaced.send(DEVICE_A, patch({ more: true }), { baseVersion: 1, schemaVersion: 2, atMs: 9 })
    expect(replaced.record?.data).toEqual({ total: 300, more: true })

    const deleted = stuck()
    expect(deleted.send(DEVICE_B, { type: 'delete' }, { baseVersion: 1 }).status).toBe('applied')
  })

  it('[DL5] patches: their paths and values move as the document’s would', () => {
    expect(patched(patch({ name: 'Bo' }, ['name']), rename)).toEqual(
      patch({ '/who/name': 'Bo' }, ['/who/name']),
    )
    expect(patched(patch({ '/name/given': 'Bo' }), rename)).toEqual(patch({ '/who/name/given': 'Bo' }))
    expect(patched(patch({ x: 1 }, ['y']), rename)).toEqual(patch({ '/x': 1 }, ['/y']))
    const inner: UpMigrationOp = { op: 'rename', path: '/a/b', to: '/c' }
    expect(patched(patch({ a: { b: 1, d: 2 } }), inner)).toEqual(patch({ '/a': { d: 2 }, '/c': 1 }))
    expect(patched(patch({}, ['a']), inner)).toEqual(patch({}, ['/a', '/c']))
    const gone: UpMigrationOp = { op: 'remove', path: '/a/b' }
    expect(patched(patch({ '/a/b': 1, '/a/b/c': 2, a: { b: 1 }, z: 0 }, ['/a/b']), gone)).toEqual(
      patch({ '/a': {}, '/z': 0 }),
    )
    const filled: UpMigrationOp = { op: 'default', path: '/n', value: 0 }
    expect(patched(patch({ x: 1 }, ['n']), filled)).toEqual(patch({ '/x': 1, '/n': 0 }))
    const scaled: UpMigrationOp = { op: 'cel', path: '/n', cel: 'value * 10' }
    expect(patched(patch({ n: 4 }), scaled)).toEqual(patch({ '/n': 40 }))
    expect(patched(patch({ m: 4 }), scaled)).toEqual(patch({ '/m': 4 }))
  })

  it('[DL5] what a patch cannot tell by itself fails with a reason', () => {
    const full: UpMigrationOp = { op: 'cel', path: '/name', cel: 'doc.first + doc.last' }
    expect(patched(patch({ first: 'Bo' }), full)).toMatch(/computed from the whole document/)
    expect(patched(patch({ other: 1 }), full)).toEqual(patch({ '/other': 1 }))
    expect(patched(patch({ '/n/m': 1 }), { op: 'cel', path: '/n', cel: 'value' })).toMatch(/whole document/)
    expect(patched(patch({ n: 'x' }), { op: 'cel', path: '/n', cel: 'value * 10' })).toMatch(
      /up-migration 1 to 2: the value for \/n could not be computed/,
    )
  })

  it('[DL5] versions: gaps stay as they are, each step runs once, newer ones none', () => {
    const tag = (from: number, to: number): UpMigration => ({
      from,
      to,
      ops: [{ op: 'cel', path: '/tags', cel: `doc.tags + ["${from}"]` }],
    })
    const run = (from: number, ...list: UpMigration[]) => migrateDocument(rules(...list), { tags: [] }, from)
    expect(run(1, tag(5, 6), tag(2, 3))).toMatchObject({ value: { tags: ['2', '5'] } })
    expect(run(3, tag(5, 6), tag(2, 3))).toMatchObject({ value: { tags: ['5'] } })
    expect(run(1, tag(1, 4), tag(2, 3), tag(4, 5))).toMatchObject({ value: { tags: ['1', '4'] } })
    expect(run(9, tag(1, 9))).toMatchObject({ value: { tags: [] } })
  })

  it('[DL5] what cannot be published is told with its place', () => {
    const faults = (migration: Partial<UpMigration>, schemaVersion = 3) =>
      checkUpMigrations([{ from: 1, to: 2, ops: [rename], ...migration }], schemaVersion)
    expect(faults({})).toEqual([])
    expect(faults({ from: 2, to: 1 })[0]).toMatchObject({
      path: '/0/to',
      message: 'must be later than from (2)',
    })
    expect(faults({ to: 4 })[0]?.path).toBe('/0/to')
    expect(faults({ ops: [{ op: 'remove', path: 'a' }] })[0]).toMatchObject({
      path: '/0/ops/0/path',
      message: expect.stringMatching(/JSON Pointer/) as string,
    })
    expect(faults({ ops: [{ op: 'remove', path: '/a~2' }] })).toHaveLength(1)
    expect(faults({ ops: [{ op: 'remove', path: '' }] })).toHaveLength(1)
    expect(faults({ ops: [{ op: 'rename', path: '/a', to: '/a/b' }] })[0]?.path).toBe('/0/ops/0/to')
    expect(faults({ ops: [{ op: 'cel', path: '/a', cel: 'doc.' }] })[0]?.message).toMatch(/^at 4: /)
    expect(checkUpMigrations([step(rename), step(rename)], 2)[0]).toMatchObject({
      path: '/1/from',
      message: 'two migrations start at version 1',
    })
  })
})

describe('schema versions in a push', () => {
  const schema: JsonObject = {
    type: 'object',
    required: ['who'],
    additionalProperties: false,
    properties: { who: { type: 'object' }, n: { type: 'integer' } },
  }
  const today = rulesOf({ schema, schemaVersion: 2, upMigrations: [step(rename)], strategy: 'field-merge' })

  it('[DL5] an older document and an older patch are migrated before they are validated', () => {
    const server = new EngineWorld(today)
    expect(server.send(DEVICE_A, put({ name: 'Ann' }))).toMatchObject({ status: 'applied' })
    expect(server.send(DEVICE_A, patch({ name: 'Bo' }), { baseVersion: 1 })).toMatchObject({
      status: 'applied',
    })
    expect(server.text).toBe('{"who":{"name":"Bo"}}')
    const failed = server.send(DEVICE_A, patch({ nobody: 1 }), { baseVersion: 2 })
    expect(failed).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
  })

  it('[DL5] where none is declared it is validated as it is', () => {
    const server = new EngineWorld({ ...today, upMigrations: [] })
    expect(server.send(DEVICE_A, put({ name: 'Ann' }))).toMatchObject({ code: 'schema_mismatch' })
    expect(server.send(DEVICE_A, put({ who: {} }))).toMatchObject({ status: 'applied' })
  })

  it('[DL5] records and bases written under an older version take part as today’s', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'field-merge' }))
    server.send(DEVICE_A, put({ name: 'Ann', n: 1 }))
    server.send(DEVICE_A, patch({ n: 2 }), { baseVersion: 1 })
    server.world = { ...server.world, collections: new Map([[today.name, today]]) }
    const merged = server.send(DEVICE_B, patch({ '/who/name': 'Bo' }), { baseVersion: 1, schemaVersion: 2 })
    expect(merged).toMatchObject({ status: 'merged' })
    expect(server.text).toBe('{"n":2,"who":{"name":"Bo"}}')
    expect(server.record?.schemaVersion).toBe(2)
  })

  it('[DL5] a chain across an update goes on from migrated parents', () => {
    const server = new EngineWorld(today)
    const parent = mutationBy(DEVICE_A, put({ name: 'Ann' }))
    const child = mutationBy(DEVICE_A, patch({ n: 3 }), { after: parent.id, schemaVersion: 2 })
    expect(server.push(DEVICE_A, [parent, child])).toMatchObject([
      { status: 'applied' },
      { status: 'applied' },
    ])
    expect(server.text).toBe('{"n":3,"who":{"name":"Ann"}}')
  })

  const renamed = (changes: Parameters<typeof rulesOf>[0]) => {
    const rules = rulesOf({ schemaVersion: 2, upMigrations: [step(rename)], ...changes })
    return new Map([[rules.name, rules]])
  }

  it('[CS3] a field’s stamp moves with it: what was written between others keeps its place', () => {
    const of = (atMs: number): string => {
      const server = new EngineWorld(rulesOf({ strategy: 'field-merge' }))
      server.send(DEVICE_A, put({ name: 'N', z: 0 }))
      server.send(DEVICE_B, patch({ name: 'B10' }), { baseVersion: 1, atMs: 10 })
      server.send(DEVICE_A, patch({ z: 20 }), { baseVersion: 2, atMs: 20 })
      server.world = { ...server.world, collections: renamed({ strategy: 'field-merge' }) }
      server.send(DEVICE_C, patch({ name: 'C' }), { baseVersion: 1, atMs })
      return server.text
    }
    expect(of(5)).toBe('{"name":"B10","z":20}')
    expect(of(12)).toBe('{"who":{"name":"C"},"z":20}')
  })

  it.each(['theirs', 'mine'] as const)(
    '[CS6] %s is kept, whatever its fields are called by now',
    (choice) => {
      const server = new EngineWorld(rulesOf({ strategy: 'manual' }))
      server.send(DEVICE_A, put({ name: 'N', total: 1 }))
      server.send(DEVICE_B, patch({ total: 2 }), { baseVersion: 1 })
      const first = mutationBy(DEVICE_C, patch({ total: 3 }), { baseVersion: 1 })
      const [conflict] = server.push(DEVICE_C, [first])
      const held = mutationBy(DEVICE_C, patch({ name: 'held' }), { baseVersion: 1, after: first.id })
      expect(server.push(DEVICE_C, [held])).toMatchObject([{ status: 'conflict' }])
      server.world = { ...server.world, collections: renamed({ strategy: 'manual' }) }
      const resolves = conflict && 'conflictId' in conflict ? conflict.conflictId : ''
      const data = { who: { name: 'N' }, total: choice === 'mine' ? 3 : 2 }
      server.send(DEVICE_A, put(data), { baseVersion: 2, schemaVersion: 2, resolves })
      expect(server.world.conflicts.get(resolves)?.closure).toMatchObject({ kept: choice })
      const name = choice === 'mine' ? 'held' : 'N'
      expect(server.record?.data).toEqual({ ...data, who: { name } })
    },
  )

  it('[DL3] the child of a dead letter is held with it in a collection that nobody knows, too', () => {
    const server = new EngineWorld(rulesOf({ name: 'others' }))
    const parent = mutationBy(DEVICE_A, put({ n: 0 }))
    const child = mutationBy(DEVICE_A, patch({ a: 1 }), { after: parent.id })
    const later = mutationBy(DEVICE_A, patch({ b: 1 }), { after: child.id })
    expect(server.push(DEVICE_A, [parent, child])).toMatchObject([
      { code: 'unknown_collection' },
      { code: 'parent_dead_lettered' },
    ])
    expect(server.push(DEVICE_A, [later])).toMatchObject([{ code: 'parent_dead_lettered' }])
  })
})

it('[DL5] a step whose value outgrows what a document may be fails, and says so', () => {
  const all = Array.from({ length: 100 }, () => 'doc').join()
  const grows: UpMigrationOp = { op: 'cel', path: '/x', cel: `[${all}]` }
  const failure = doc({ x: 1 }, ...Array.from({ length: 10 }, () => grows))
  expect(failure).toMatch(/larger than a document may be/)
})
