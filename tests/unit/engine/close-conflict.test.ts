import { describe, expect, it } from 'vitest'
import { HELD_MAX } from '#lib/engine/check-mutation.ts'
import { resolutionOf } from '#lib/engine/conflict/resolution.ts'
import type { DecidableConflict } from '#lib/engine/conflict/resolution.ts'
import { sidesOfToday } from '#lib/engine/conflict/sides-of-today.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { UpMigration } from '#lib/protocol/rules.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  newId,
  patch,
  put,
  remove,
  rulesOf,
  uuid,
} from '#tests/support/engine-world.ts'

const statuses = (results: readonly MutationResult[]): string[] => results.map(({ status }) => status)
const conflictOf = (result: MutationResult | undefined): string => {
  if (result?.status !== 'conflict') throw new Error(`not a conflict: ${JSON.stringify(result)}`)
  return result.conflictId
}
const edit = (op: Operation, changes: Parameters<typeof mutationBy>[2] = {}): Mutation =>
  mutationBy(DEVICE_A, op, { baseVersion: 1, ...changes })

/** A record at version 2 by B, and A's change of version 1, which waits for a person. */
function contested(mine: Operation = patch({ a: 'mine' }), strategy: 'manual' | 'fww' | 'lww' = 'manual') {
  const server = new EngineWorld(rulesOf({ strategy }))
  server.send(DEVICE_A, put({ a: 0, b: 0 }))
  server.send(DEVICE_B, patch({ a: 'theirs' }), { baseVersion: 1 })
  const parent = edit(mine)
  const [result] = server.push(DEVICE_A, [parent])
  return { server, parent, conflictId: conflictOf(result) }
}

describe('manual', () => {
  it('[CS6] sends both versions to a person, unless they say the same', () => {
    const { server } = contested()
    expect(server.record?.data).toEqual({ a: 'theirs', b: 0 })
    expect(server.last.effects[0]?.conflict).toMatchObject({
      strategy: 'manual',
      outcome: 'manual',
      fields: ['/a'],
      local: { a: 'mine', b: 0 },
      remote: { a: 'theirs', b: 0 },
    })
    expect(server.send(DEVICE_C, patch({ a: 'theirs' }), { baseVersion: 1 }).status).toBe('applied')
  })

  it('[CS9] sends an edit that meets a delete to a person, and a delete that meets an edit', () => {
    for (const [theirs, mine] of [
      [remove, patch({ a: 1 })],
      [patch({ a: 1 }), remove],
    ] as const) {
      const server = new EngineWorld(rulesOf({ strategy: 'manual' }))
      server.send(DEVICE_A, put({ a: 0 }))
      server.send(DEVICE_B, theirs, { baseVersion: 1 })
      expect(server.send(DEVICE_A, mine, { baseVersion: 1 }).status).toBe('conflict')
    }
  })

  it('[CS3] goes for one field alone', () => {
    const rules = rulesOf({ strategy: 'lww', fieldStrategies: { '/a': 'manual' } })
    const server = new EngineWorld(rules)
    server.send(DEVICE_A, put({ a: 0, b: 0 }))
    server.send(DEVICE_B, patch({ a: 1, b: 1 }), { baseVersion: 1 })
    expect(server.send(DEVICE_A, patch({ b: 2 }), { baseVersion: 1, atMs: 9 }).status).toBe('merged')
    const result = server.send(DEVICE_C, patch({ a: 3 }), { baseVersion: 1, atMs: 9 })
    expect(result.status).toBe('conflict')
    expect(server.last.effects[0]?.conflict).toMatchObject({ strategy: 'manual', fields: ['/a'] })
  })
})

describe('resolves', () => {
  it.each([
    ['mine', { a: 'mine', b: 0 }],
    ['theirs', { a: 'theirs', b: 0 }],
    ['merged', { a: 'both', b: 0 }],
  ] as const)(
    '[CS6] a mutation closes a conflict, and its document says whose side was kept: %s',
    (kept, data) => {
      const { server, conflictId } = contested()
      const result = server.send(DEVICE_B, put(data), { baseVersion: 2, resolves: conflictId })
      expect(result).toMatchObject({ status: 'applied', version: 3 })
      expect(server.last.effects[0]?.closes).toMatchObject({
        conflictId,
        deviceId: DEVICE_A,
        kept,
        version: 3,
        data,
      })
      expect(server.world.conflicts.get(conflictId)).toMatchObject({ status: 'resolved' })
    },
  )

  it('[CS6] what stands is theirs, also where a migration would make it of the device’s side', () => {
    const step = { from: 1, to: 2, ops: [{ op: 'default' as const, path: '/b', value: 0 }] }
    const server = new EngineWorld(rulesOf({ strategy: 'manual', schemaVersion: 2, upMigrations: [step] }))
    const today = { schemaVersion: 2 }
    server.send(DEVICE_A, put({ a: 0, b: 0 }), today)
    server.send(DEVICE_B, put({ a: 2, b: 0 }), { ...today, baseVersion: 1 })
    const conflictId = conflictOf(server.send(DEVICE_A, put({ a: 2 }), { ...today, baseVersion: 1 }))
    server.send(DEVICE_C, put({ a: 2, b: 0 }), { ...today, baseVersion: 2, resolves: conflictId })
    expect(server.last.effects[0]?.closes?.kept).toBe('theirs')
  })

  it.each([
    ['today, what a migration would make of it is another document', 2, 'merged'],
    ['before, what the migration makes of it is it', 1, 'mine'],
  ] as const)('[CS6] of a side that was told %s', (_, from, kept) => {
    const step = { from: 1, to: 2, ops: [{ op: 'cel' as const, path: '/a', cel: 'value * 100' }] }
    const today = rulesOf({ strategy: 'manual', schemaVersion: 2, upMigrations: [step] })
    const { schemaVersion, upMigrations } = from === 1 ? rulesOf() : today
    const server = new EngineWorld({ ...today, schemaVersion, upMigrations })
    const then = { schemaVersion: from }
    server.send(DEVICE_A, put({ a: 1 }), then)
    server.send(DEVICE_B, put({ a: 3 }), { ...then, baseVersion: 1 })
    const conflictId = conflictOf(server.send(DEVICE_A, put({ a: 2 }), { ...then, baseVersion: 1 }))
    server.world = { ...server.world, collections: new Map([[today.name, today]]) }
    server.send(DEVICE_C, put({ a: 200 }), { schemaVersion: 2, baseVersion: 2, resolves: conflictId })
    expect(server.last.effects[0]?.closes?.kept).toBe(kept)
  })

  it('[CS7] both sides are of one schema version, which the row names', () => {
    const step = {
      from: 1,
      to: 2,
      ops: [{ op: 'rename' as const, path: '/a', to: '/b' }],
    }
    const today = rulesOf({ strategy: 'manual', schemaVersion: 2, upMigrations: [step] })
    const server = new EngineWorld({ ...today, ...rulesOf({ strategy: 'manual' }) })
    server.send(DEVICE_A, put({ a: 1 }))
    server.send(DEVICE_B, put({ a: 3 }), { baseVersion: 1 })
    server.world = { ...server.world, collections: new Map([[today.name, today]]) }
    server.send(DEVICE_A, put({ a: 2 }), { baseVersion: 1 })
    expect(server.last.effects[0]?.conflict).toMatchObject({
      schemaVersion: 2,
      fields: ['/b'],
      base: { b: 1 },
      local: { b: 2 },
      remote: { b: 3 },
    })
  })

  it('[CS6] the first wins, later ones are superseded and what they wanted is kept', () => {
    const { server, conflictId } = contested()
    const decide = (device: string, a: string) =>
      server.send(device, put({ a }), { baseVersion: 2, resolves: conflictId })
    expect(decide(DEVICE_B, 'first').status).toBe('applied')
    const late = decide(DEVICE_C, 'second')
    expect(late).toMatchObject({
      status: 'superseded',
      record: { data: { a: 'first' } },
      resolution: { strategy: 'manual', outcome: 'remote', fields: ['/a'] },
    })
    expect(server.last.effects[0]).toMatchObject({
      closes: null,
      conflict: { id: 'conflictId' in late && late.conflictId, local: { a: 'second' }, outcome: 'remote' },
    })
    expect(server.record?.version).toBe(3)
  })

  it('[CS6] a decision that itself meets newer work closes nothing', () => {
    const { server, conflictId } = contested()
    server.send(DEVICE_B, patch({ b: 9 }), { baseVersion: 2 })
    const result = server.send(DEVICE_C, put({ a: 'late' }), { baseVersion: 2, resolves: conflictId })
    expect(conflictOf(result)).not.toBe(conflictId)
    expect(server.world.conflicts.get(conflictId)?.status).toBe('open')
  })

  it('[CS6] one that names no conflict of this record is refused and not remembered', () => {
    const { server, conflictId } = contested()
    const refused = { status: 'refused', code: 'unknown_conflict' }
    expect(server.send(DEVICE_B, put({}), { baseVersion: 2, resolves: newId() })).toMatchObject(refused)
    const elsewhere = { recordId: uuid('e', 9), resolves: conflictId }
    expect(server.send(DEVICE_B, put({}), elsewhere)).toMatchObject(refused)
    expect(server.last.effects).toEqual([])
  })

  it('[CS9] a person may bring back what was deleted, nobody else', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'manual' }))
    server.send(DEVICE_A, put({ a: 0 }))
    server.send(DEVICE_B, remove, { baseVersion: 1 })
    const conflictId = conflictOf(server.send(DEVICE_A, patch({ a: 1 }), { baseVersion: 1 }))
    expect(server.send(DEVICE_C, put({ a: 1 }), { baseVersion: 2 }).status).toBe('conflict')
    const decided = server.send(DEVICE_C, put({ a: 1 }), { baseVersion: 2, resolves: conflictId })
    expect(decided.status).toBe('applied')
    expect(server.record).toMatchObject({ deleted: false, data: { a: 1 } })
  })

  it('[CS6] the device itself decides, also with a mutation that names its own as the parent', () => {
    const { server, parent, conflictId } = contested()
    const decision = edit(put({ a: 'mine after all' }), {
      baseVersion: 2,
      after: parent.id,
      resolves: conflictId,
    })
    expect(server.push(DEVICE_A, [decision])).toMatchObject([{ status: 'applied' }])
    expect(server.last.effects[0]?.closes?.kept).toBe('merged')
  })
})

describe('what waits behind a conflict', () => {
  /** Two changes that A made on its change in conflict: one in the same push would be the same. */
  function withHeld(mine?: Operation) {
    const { server, parent, conflictId } = contested(mine)
    const first = edit(patch({ b: 1 }), { after: parent.id })
    const second = edit(patch({ c: 2 }), { after: first.id })
    const results = server.push(DEVICE_A, [first, second])
    return { server, parent, conflictId, first, second, results }
  }
  const resultOf = (server: EngineWorld, { id }: Mutation) => server.world.mutations.get(id)?.result

  it('[AF3] answers with the same conflict, and runs in order on the side that was kept', () => {
    const { server, conflictId, first, second, results } = withHeld()
    expect(results.map(conflictOf)).toEqual([conflictId, conflictId])
    server.send(DEVICE_C, put({ a: 'mine', b: 0 }), { baseVersion: 2, resolves: conflictId })
    expect(server.record?.data).toEqual({ a: 'mine', b: 1, c: 2 })
    expect(server.record).toMatchObject({ version: 5, deviceId: DEVICE_A })
    expect([resultOf(server, first), resultOf(server, second)]).toMatchObject([
      { status: 'applied', version: 4 },
      { status: 'applied', version: 5 },
    ])
    expect(server.last.results).toHaveLength(1)
    expect(server.last.effects.map(({ releasedBy }) => releasedBy)).toEqual([null, conflictId, conflictId])
  })

  it('[AF3] is superseded when the other side was kept, and can be restored', () => {
    const { server, conflictId, first, second } = withHeld()
    server.send(DEVICE_C, put({ a: 'theirs', b: 0 }), { baseVersion: 2, resolves: conflictId })
    expect(server.record?.data).toEqual({ a: 'theirs', b: 0 })
    expect([resultOf(server, first), resultOf(server, second)]).toMatchObject([
      { status: 'superseded' },
      { status: 'superseded' },
    ])
    expect(server.last.effects.map(({ conflict }) => conflict?.outcome)).toEqual([
      undefined,
      'remote',
      'remote',
    ])
  })

  it.each(['mine', 'theirs'])('[AF3] comes to the same when it arrives after the decision: %s', (kept) => {
    const early = withHeld()
    const late = contested()
    const decision = { baseVersion: 2, resolves: '' }
    const data = { a: kept, b: 0 }
    early.server.send(DEVICE_C, put(data), { ...decision, resolves: early.conflictId })
    late.server.send(DEVICE_C, put(data), { ...decision, resolves: late.conflictId })
    const first = edit(patch({ b: 1 }), { after: late.parent.id })
    const second = edit(patch({ c: 2 }), { after: first.id })
    const results = [...late.server.push(DEVICE_A, [first]), ...late.server.push(DEVICE_A, [second])]
    const status = kept === 'mine' ? 'applied' : 'superseded'
    expect(statuses(results)).toEqual([status, status])
    expect(late.server.text).toBe(early.server.text)
  })

  it('[AF3] meets what others wrote after the decision like every change', () => {
    const { server, parent, conflictId } = contested()
    server.send(DEVICE_C, put({ a: 'mine', b: 0 }), { baseVersion: 2, resolves: conflictId })
    server.send(DEVICE_B, patch({ b: 7 }), { baseVersion: 3 })
    const child = edit(patch({ b: 1 }), { after: parent.id })
    expect(conflictOf(server.push(DEVICE_A, [child])[0])).not.toBe(conflictId)
    expect(server.last.effects[0]?.conflict).toMatchObject({ base: { a: 'mine', b: 0 }, fields: ['/b'] })
  })

  it('[DL2] that no longer fits is a dead letter of its own', () => {
    const { server, conflictId, first } = withHeld()
    const schema = { type: 'object', properties: { b: { const: 0 } } }
    const rules = rulesOf({ strategy: 'manual', schema })
    server.world = { ...server.world, collections: new Map([[rules.name, rules]]) }
    server.send(DEVICE_C, put({ a: 'mine', b: 0 }), { baseVersion: 2, resolves: conflictId })
    expect(resultOf(server, first)).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
    expect(server.last.effects.map(({ result }) => result.status)).toEqual([
      'applied',
      'dead_lettered',
      'dead_lettered',
    ])
  })

  it(`[AF3] is not taken past ${HELD_MAX}: those stay on their device`, () => {
    expect(HELD_MAX).toBe(500)
    const { server, parent } = contested()
    let last = parent
    const children = Array.from(
      { length: HELD_MAX + 1 },
      () => (last = edit(patch({ b: 1 }), { after: last.id })),
    )
    const results = server.push(DEVICE_A, children)
    expect(results[HELD_MAX - 1]?.status).toBe('conflict')
    expect(results[HELD_MAX]).toMatchObject({ status: 'retry', code: 'parent_retry' })
  })
})

describe('what a choice does', () => {
  const conflict = (changes: Partial<DecidableConflict> = {}): DecidableConflict => ({
    id: uuid('f', 1),
    strategy: 'field-merge',
    outcome: 'manual',
    fields: ['/a'],
    base: { a: 0, b: 0 },
    baseKnown: true,
    local: { a: 'mine', b: 0 },
    remote: { a: 'theirs', b: 0 },
    result: null,
    resolution: null,
    closure: null,
    ...changes,
  })
  const whole = { strategy: 'manual', fieldStrategies: {} } as const
  const byField = { strategy: 'field-merge', fieldStrategies: {} } as const
  const now: JsonObject = { a: 'theirs', b: 5 }

  it('[CS6] field by field, also under OT, my side is laid over what others did since; else it is my whole document', () => {
    expect(resolutionOf(conflict(), { kind: 'mine' }, now, byField)).toEqual(put({ a: 'mine', b: 5 }))
    expect(resolutionOf(conflict(), { kind: 'mine' }, now, whole)).toEqual(put({ a: 'mine', b: 0 }))
    const underOt = { strategy: 'ot', fieldStrategies: {} } as const
    expect(resolutionOf(conflict(), { kind: 'mine' }, now, underOt)).toEqual(put({ a: 'mine', b: 5 }))
    const unknown = conflict({ base: null, baseKnown: false })
    expect(resolutionOf(unknown, { kind: 'mine' }, now, byField)).toEqual(put({ a: 'mine', b: 0 }))
    expect(resolutionOf(conflict({ local: null }), { kind: 'mine' }, now, byField)).toEqual(remove)
    expect(resolutionOf(conflict(), { kind: 'theirs' }, now, whole)).toEqual(put(now))
    expect(resolutionOf(conflict(), { kind: 'theirs' }, null, whole)).toEqual(remove)
    expect(resolutionOf(conflict(), { kind: 'merged', data: { c: 1 } }, now, whole)).toEqual(put({ c: 1 }))
  })

  it('[CS1] what lost comes back as it was', () => {
    const restore = { kind: 'restore', side: null } as const
    const lost = (changes: Partial<DecidableConflict>) => resolutionOf(conflict(changes), restore, now, whole)
    expect(lost({ outcome: 'local' })).toEqual(put({ a: 'theirs', b: 0 }))
    expect(lost({ outcome: 'remote' })).toEqual(put({ a: 'mine', b: 0 }))
    expect(lost({ closure: { kept: 'theirs' } })).toEqual(put({ a: 'mine', b: 0 }))
    expect(lost({ closure: { kept: 'merged' } })).toBeNull()
    const named = { kind: 'restore', side: 'mine' } as const
    expect(resolutionOf(conflict({ closure: { kept: 'merged' } }), named, now, whole)).toEqual(
      put({ a: 'mine', b: 0 }),
    )
  })

  it('[CS3] after a merge only the fields that lost come back', () => {
    const merged = conflict({
      outcome: 'merge',
      fields: ['/a', '/o/x', '/gone'],
      local: { a: 'mine', o: { x: 1 }, gone: 1 },
      remote: { a: 'theirs', o: { x: 2 } },
      result: { a: 'theirs', o: { x: 1 }, gone: 1 },
    })
    expect(resolutionOf(merged, { kind: 'restore', side: null }, now, byField)).toEqual(
      patch({ '/a': 'mine', '/o/x': 2 }, ['/gone']),
    )
  })

  it('[CS3] [DL5] what lost comes back under the name that its field has today, and one that is gone stays away', () => {
    const merged = conflict({
      outcome: 'merge',
      fields: ['/a', '/o/x', '/old'],
      local: { a: 'mine', o: { x: 1 }, old: 1 },
      remote: { a: 'theirs', o: { x: 2 }, old: 2 },
      result: { a: 'theirs', o: { x: 1 }, old: 2 },
    })
    const ops: UpMigration['ops'] = [
      { op: 'rename', path: '/a', to: '/aye' },
      { op: 'rename', path: '/o', to: '/other' },
      { op: 'remove', path: '/old' },
    ]
    const rules = rulesOf({
      strategy: 'field-merge',
      schemaVersion: 2,
      upMigrations: [{ from: 1, to: 2, ops }],
    })
    const today = sidesOfToday(rules, { ...merged, schemaVersion: 1 })
    expect(today.fields).toEqual(['/aye', '/other/x', '/old'])
    expect(resolutionOf(today, { kind: 'restore', side: null }, { aye: 'theirs' }, rules)).toEqual(
      patch({ '/aye': 'mine', '/other/x': 2 }, []),
    )
    expect(sidesOfToday(rules, { ...merged, schemaVersion: 2 }).fields).toEqual(merged.fields)
  })
})
