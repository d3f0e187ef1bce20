import { describe, expect, it } from 'vitest'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { migrateRecord } from '#lib/engine/schema-evolution/migrate.ts'
import type { CrdtChange, CrdtState } from '#lib/protocol/crdt.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
  stamp,
} from '#tests/support/engine-world.ts'

const crdt = (...changes: CrdtChange[]): Operation => ({ type: 'crdt', changes })
const counts = (deviceId: string, n: number, path = '/n'): CrdtChange => ({
  path,
  kind: 'pn-counter',
  state: { p: { [deviceId]: n } },
})
const adds = (deviceId: string, value: string, n = 1): CrdtChange => ({
  path: '/tags',
  kind: 'or-set',
  add: [{ value, dot: `${deviceId}:${n}` }],
})
const register = (deviceId: string, path: string, value: string, atMs = 0): CrdtChange => ({
  path,
  kind: 'lww-register',
  value,
  hlc: stamp(deviceId, atMs),
})
function edits(base: CrdtState | undefined, text: string): CrdtChange {
  const made = yjsText.edit(base?.kind === 'text' ? base : null, text, `seed ${text}`)
  return { path: '/body', kind: 'text', update: made.ok ? made.value.update : '' }
}
const types = (text: string): CrdtChange => edits(undefined, text)
const cel = (path: string, text: string): UpMigrationOp => ({ op: 'cel', path, cel: text })
const rename = (path: string, to: string): UpMigrationOp => ({ op: 'rename', path, to })

/** A collection of CRDTs whose next version has these steps. */
class Evolving extends EngineWorld {
  constructor() {
    super(rulesOf({ strategy: 'crdt' }))
  }
  publish(...ops: UpMigrationOp[]): void {
    const rules = rulesOf({ strategy: 'crdt', schemaVersion: 2, upMigrations: [{ from: 1, to: 2, ops }] })
    this.world = { ...this.world, collections: new Map([[rules.name, rules]]) }
  }
  /** Anything that is written under the new version brings the record up. */
  touch(): unknown {
    this.send(DEVICE_C, patch({ z: 1 }), { baseVersion: this.version, schemaVersion: 2 })
    const { z: _, ...data } = this.record?.data ?? {}
    return data
  }
  get rules(): CollectionRules {
    return [...this.world.collections.values()][0] as CollectionRules
  }
  get version(): number {
    return this.record?.version ?? 0
  }
}

function recordOf(...ops: readonly Operation[]): Evolving {
  const server = new Evolving()
  for (const op of ops)
    expect(server.send(DEVICE_A, op, { baseVersion: server.version })).toMatchObject({ status: 'applied' })
  return server
}

describe('up-migrations of records that hold CRDTs', () => {
  it('[DL5] a computed value is what every strategy has, of whatever kind it is', () => {
    const server = recordOf(
      put({ total: 2, name: 'N' }),
      crdt(counts(DEVICE_A, 3), adds(DEVICE_A, 'a')),
      crdt(adds(DEVICE_A, 'b', 2)),
      crdt(types('hi')),
    )
    server.publish(
      cel('/total', 'value * 100'),
      cel('/n', 'value * -2'),
      cel('/tags', 'value + ["c"]'),
      cel('/body', 'value + "!"'),
      cel('/name', 'doc.body + value'),
    )
    expect(server.touch()).toEqual({ total: 200, n: -6, tags: ['c', 'a', 'b'], body: 'hi!', name: 'hi!N' })
    expect(server.record?.schemaVersion).toBe(2)
  })

  it.each([
    ['the first name', 1],
    ['a name between', 2],
  ])('[AF2] [DL5] a child of a write that was taken under %s of its text goes on from that', (_, taken) => {
    const server = recordOf(crdt(types('one two three')))
    const steps = [
      { from: 1, to: 2, ops: [rename('/body', '/text')] },
      { from: 2, to: 3, ops: [rename('/text', '/page')] },
    ]
    const publish = (schemaVersion: number): void => {
      const upMigrations = steps.slice(0, schemaVersion - 1)
      const rules = rulesOf({ strategy: 'crdt', schemaVersion, upMigrations })
      server.world = { ...server.world, collections: new Map([[rules.name, rules]]) }
    }
    const write = (body: string, after?: string) =>
      mutationBy(DEVICE_A, patch({ body }), { baseVersion: 1, ...(after === undefined ? {} : { after }) })
    const first = write('one TWO two three')
    const second = write('one TWO-typed- two three', first.id)
    const third = write('one TWO two three', second.id)
    publish(taken)
    server.push(DEVICE_A, [first])
    publish(3)
    server.push(DEVICE_A, [second])
    expect(server.touch()).toEqual({ page: 'one TWO-typed- two three' })
    server.push(DEVICE_A, [third])
    expect(server.touch()).toEqual({ page: 'one TWO two three' })
  })

  it('[DL5] what is computed is counted, filled and typed in as before', () => {
    const server = recordOf(put({}), crdt(counts(DEVICE_A, 3)), crdt(adds(DEVICE_A, 'a')), crdt(types('hi')))
    server.publish(cel('/n', 'value * 100'), cel('/tags', '["x"]'), cel('/body', 'value + "!"'))
    const base = server.version
    const added = server.send(DEVICE_B, crdt(counts(DEVICE_B, 5)), { baseVersion: base, schemaVersion: 2 })
    expect(added).toMatchObject({ status: 'applied' })
    // Made on what was before: the difference to it, brought up, is what counts.
    server.send(DEVICE_A, patch({ n: 301 }), { baseVersion: base, schemaVersion: 2 })
    expect(server.record?.data).toMatchObject({ n: 306, tags: ['x'], body: 'hi!' })
    server.send(DEVICE_A, patch({ tags: ['y'], body: 'ho' }), { baseVersion: base, schemaVersion: 2 })
    expect(server.record?.data).toEqual({ n: 306, tags: ['y'], body: 'ho' })
    const { crdt: states = {} } = server.record ?? {}
    expect(Object.keys(states).sort()).toEqual(['/body', '/n', '/tags'])
  })

  it.each(['value + "!"', '"<" + value + ">"', '"HI"'])(
    '[DL5] what is typed on a copy that lacks what others typed before %s was computed is kept',
    (computes) => {
      const server = recordOf(put({}), crdt(types('hi')))
      const { data, crdt: states = {}, hlc = '' } = server.record ?? {}
      const stale = { data: data ?? {}, crdt: states, hlc }
      server.send(DEVICE_B, crdt(edits(states['/body'], 'hi, late')), { baseVersion: server.version })
      server.publish(cel('/body', computes))
      const made = migrateRecord(server.rules, stale, 1)
      if (!made.ok) throw new Error(made.error)
      const { crdt: copy, data: shown } = made.value
      const typed = edits(copy['/body'], `AAA${String(shown['body'])}`)
      const result = server.send(DEVICE_A, crdt(typed), { baseVersion: 2, schemaVersion: 2 })
      expect(result).toMatchObject({ status: 'applied' })
      const now = String((server.touch() as { body: string }).body)
      expect(now).toContain('AAA')
      expect(now.replace('AAA', '')).toBe(
        computes === '"HI"'
          ? 'HI'
          : `${computes.startsWith('value') ? '' : '<'}hi, late${computes.startsWith('value') ? '!' : '>'}`,
      )
    },
  )

  it('[DL5] a rename onto something replaces it, and one of nothing replaces nothing', () => {
    const server = recordOf(put({ name: 'N', total: 2, kept: 1 }), crdt(counts(DEVICE_A, 3, '/total')))
    server.publish(rename('/name', '/total'), rename('/nothing', '/kept'))
    expect(server.touch()).toEqual({ total: 'N', kept: 1 })
    const below = recordOf(put({ name: 'N', who: { a: 1, b: 2 } }))
    below.publish(rename('/name', '/who'))
    expect(below.touch()).toEqual({ who: 'N' })
    const inside = recordOf(put({ meta: {}, name: 'N', list: ['p', 'q'] }))
    inside.publish(rename('/name', '/meta/name'), rename('/list/0', '/first'))
    expect(inside.touch()).toEqual({ meta: { name: 'N' }, list: ['q'], first: 'p' })
  })

  it('[DL5] what a step fails on stays as it is, of its version, until the migration is mended', () => {
    const server = recordOf(put({ name: 'N' }), crdt(counts(DEVICE_A, 3)))
    server.publish(rename('/n', '/stats/n'), cel('/name', 'value * 2'))
    expect(server.touch()).toEqual({ name: 'N', n: 3 })
    expect(server.last.results[0]).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
    expect(JSON.stringify(server.last.results[0])).toMatch(/of schema version 1: up-migration 1 to 2/)
    const late = server.send(DEVICE_B, crdt(counts(DEVICE_B, 1)), { baseVersion: server.version })
    expect(late).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
    expect(server.record).toMatchObject({ schemaVersion: 1, version: 2 })
    server.publish(rename('/n', '/stats/n'), cel('/name', 'value + "!"'))
    expect(server.touch()).toEqual({ name: 'N!', stats: { n: 3 } })
  })

  it('[DL5] a deleted record comes back as its fields are called today', () => {
    const server = recordOf(put({ name: 'N' }), crdt(counts(DEVICE_A, 3)))
    const base = server.version
    server.send(DEVICE_B, { type: 'delete' }, { baseVersion: base })
    server.publish(rename('/n', '/stats/n'), cel('/stats/n', 'value * 10'))
    server.send(DEVICE_A, crdt(counts(DEVICE_A, 1, '/stats/n')), { baseVersion: base, schemaVersion: 2 })
    expect(server.record?.data).toEqual({ name: 'N', stats: { n: 31 } })
  })

  it('[DL5] a late change of a register is computed; of a counter, set or text there, nothing can say what it comes to', () => {
    const server = recordOf(put({ n: 1, name: 'N' }), crdt(counts(DEVICE_A, 3)))
    server.publish(cel('/n', 'value * 100'), cel('/name', 'value + "!"'), rename('/name', '/who/name'))
    const base = server.version
    server.send(DEVICE_B, crdt(register(DEVICE_B, '/name', 'B', 10)), { baseVersion: base })
    expect(server.record?.data).toEqual({ n: 300, who: { name: 'B!' } })
    const late = server.send(DEVICE_B, crdt(counts(DEVICE_B, 1)), { baseVersion: base })
    expect(late).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
    expect(JSON.stringify(late)).toContain('computed')
    expect(server.record?.data).toEqual({ n: 300, who: { name: 'B!' } })
  })

  it('[DL5] a late change of what a rename may have replaced is told', () => {
    const server = recordOf(put({ name: 'N' }), crdt(counts(DEVICE_A, 3, '/total')))
    server.publish(rename('/name', '/total'))
    const late = server.send(DEVICE_B, crdt(counts(DEVICE_B, 1, '/total')), { baseVersion: server.version })
    expect(late).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
    expect(server.touch()).toEqual({ total: 'N' })
  })
})
