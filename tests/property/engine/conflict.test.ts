import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideFieldMerge } from '#lib/engine/conflict/field-merge.ts'
import type { ConflictContext } from '#lib/engine/conflict/decision.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import type { RecordState } from '#lib/engine/types.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson, jsonEqual } from '#lib/kernel/json.ts'
import { cases } from '#tests/support/cases.ts'
import { operation } from '#tests/support/engine-arbitraries.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  RECORD,
  mutationBy,
  put,
  stamp,
  uuid,
  rulesOf,
} from '#tests/support/engine-world.ts'

/** Each list is one value, equal only to itself here. */
const leaf: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom('x', null, true)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Json>(
      '',
      '😅',
      '😅'.slice(0, 1),
      'e\u0301',
      '\u0000',
      -0.5,
      2 ** 53,
      [],
      [0],
      [[]],
    ),
  },
  { weight: 1, arbitrary: fc.constant('😅'.repeat(2_000)) },
)
/** Flat names of the leaves; `o.x` stands in the object `o`. The objects on the way are in every document. */
const LEAVES = [
  'a',
  'b',
  '__proto__',
  '',
  '😅',
  'o.x',
  'o.y',
  'o.p.q',
  'o.p.d.e.e.p.e.r',
  'o.p.d.constructor',
] as const
type Leaves = Readonly<Partial<Record<(typeof LEAVES)[number], Json>>>
const leaves = fc
  .record(Object.fromEntries(LEAVES.map((name) => [name, leaf])), { requiredKeys: [] })
  .map((picked) => new Map(Object.entries(picked))) as unknown as fc.Arbitrary<Map<keyof Leaves, Json>>

/** `reversed`: with its keys in the other order, which says the same. */
function toDocument(map: ReadonlyMap<string, Json>, reversed = false): JsonObject {
  const object = (prefix: string): string => {
    const heads = new Set(
      LEAVES.filter((name) => name.startsWith(prefix)).map(
        (name) => name.slice(prefix.length).split('.')[0] ?? '',
      ),
    )
    const parts = [...heads].flatMap((head) => {
      const name = prefix + head
      const isLeaf = LEAVES.some((other) => other === name)
      if (isLeaf && !map.has(name)) return []
      return [`${JSON.stringify(head)}:${isLeaf ? JSON.stringify(map.get(name)) : object(`${name}.`)}`]
    })
    return `{${(reversed ? parts.toReversed() : parts).join()}}`
  }
  return JSON.parse(object('')) as JsonObject
}

const recordOf = (data: JsonObject | null, hlc: string): RecordState => ({
  collection: COLLECTION,
  recordId: RECORD,
  version: 2,
  deleted: data === null,
  data,
  hlc,
  deviceId: DEVICE_B,
  versionVector: { [DEVICE_B]: 2 },
  schemaVersion: 1,
  crdt: {},
})

describe('field-merge', () => {
  it('[CS3] is the leaf by leaf three-way merge of a naive oracle', () => {
    const tie = fc.constantFrom('lww' as const, 'fww' as const, 'manual' as const)
    fc.assert(
      fc.property(leaves, leaves, leaves, tie, fc.boolean(), (base, local, remote, tieRule, localIsNewer) => {
        const expected = new Map<string, Json>()
        let contested = 0
        for (const name of LEAVES) {
          const [b, l, r] = [base.get(name), local.get(name), remote.get(name)]
          const both = l !== b && r !== b && l !== r
          if (both) contested++
          const value = both ? (localIsNewer ? l : r) : l === b ? r : l
          if (value !== undefined) expected.set(name, value)
        }
        const context: ConflictContext = {
          strategy: 'field-merge',
          fieldStrategies: {},
          tieRule,
          local: toDocument(local),
        }
        const mutation = mutationBy(DEVICE_A, put(toDocument(local)), { atMs: localIsNewer ? 9 : 1 })
        const decision = decideFieldMerge(
          { kind: 'known', data: toDocument(base), crdt: {} },
          recordOf(toDocument(remote, true), stamp(DEVICE_B, 5)),
          mutation,
          context,
        )
        const same = canonicalJson(toDocument(local)) === canonicalJson(toDocument(remote))
        expect(decision.kind === 'same').toBe(same)
        if (decision.kind === 'same') return
        expect(decision.fields).toHaveLength(contested)
        expect(decision.kind === 'person').toBe(contested > 0 && tieRule !== 'lww')
        if (decision.kind === 'person') return
        const result =
          decision.kind === 'merge' ? decision.data : toDocument(decision.kind === 'local' ? local : remote)
        expect(canonicalJson(result)).toBe(canonicalJson(toDocument(expected)))
      }),
      { numRuns: cases(2_000) },
    )
  })

  it('[CS3] does not depend on the order of disjoint changes', () => {
    fc.assert(
      fc.property(leaves, leaves, (mine, theirs) => {
        const common = [...mine.keys()].filter((name) => theirs.has(name))
        for (const name of common) theirs.delete(name)
        const changes = (map: ReadonlyMap<string, Json>) => ({
          type: 'patch' as const,
          set: Object.fromEntries(
            [...map].map(([name, value]) => [`/${name.replaceAll('.', '/')}`, value]),
          ) as JsonObject,
        })
        const run = (order: readonly (readonly [string, Map<keyof Leaves, Json>])[]): string => {
          const server = new EngineWorld()
          server.world = {
            ...server.world,
            collections: new Map([[COLLECTION, rulesOf({ strategy: 'field-merge', tieRule: 'manual' })]]),
          }
          server.send(DEVICE_A, put(toDocument(new Map())))
          for (const [device, map] of order) server.send(device, changes(map), { baseVersion: 1 })
          return server.text
        }
        expect(
          run([
            [DEVICE_A, mine],
            [DEVICE_B, theirs],
          ]),
        ).toBe(
          run([
            [DEVICE_B, theirs],
            [DEVICE_A, mine],
          ]),
        )
      }),
    )
  })
})

describe('field-merge by the last write of a field', () => {
  it('[CS3] leaves of each field what was written last, in any order of arrival', () => {
    const start = new Map<keyof Leaves, Json>()
    const rules = fc.constantFrom(
      rulesOf({ strategy: 'field-merge', tieRule: 'lww' }),
      rulesOf({ strategy: 'field-merge', tieRule: 'lww', fieldStrategies: { '/a': 'lww' } }),
    )
    // What each writes is its own: an equal value is no conflict, and leaves the field's stamp as it is.
    const places = fc.uniqueArray(fc.constantFrom(...LEAVES), { minLength: 1 })
    fc.assert(
      fc.property(
        fc.array(places, { minLength: 2, maxLength: 5 }),
        rules,
        fc.func(fc.nat()),
        (drawn, chosen, key) => {
          const writes = drawn.map((names, i) => {
            const map = new Map(names.map((name): [keyof Leaves, Json] => [name, i]))
            const atMs = key(`at ${i}`) % 1_000
            const set = Object.fromEntries(
              [...map].map(([name, value]) => [`/${name.replaceAll('.', '/')}`, value]),
            )
            return {
              map,
              mutation: mutationBy(
                uuid('b', i + 1),
                { type: 'patch', set: set as JsonObject },
                { baseVersion: 1, atMs },
              ),
            }
          })
          const run = (order: typeof writes): string => {
            const server = new EngineWorld()
            server.world = { ...server.world, collections: new Map([[COLLECTION, chosen]]) }
            server.send(DEVICE_A, put(toDocument(start)), { atMs: -1 })
            for (const { mutation } of order) server.push(mutation.hlc.slice(18), [mutation])
            return server.text
          }
          const expected = new Map(start)
          const byStamp = writes.toSorted((a, b) => (a.mutation.hlc < b.mutation.hlc ? -1 : 1))
          for (const { map } of byStamp) for (const [name, value] of map) expected.set(name, value)
          const inOrder = writes.toSorted((a, b) => key(a.mutation.id) - key(b.mutation.id))
          expect(run(inOrder)).toBe(canonicalJson(toDocument(expected)))
          expect(run(byStamp)).toBe(canonicalJson(toDocument(expected)))
        },
      ),
      { numRuns: cases(1_000) },
    )
  })
})

describe('lww', () => {
  it('[CS1] converges to the document with the highest stamp, in any order of arrival', () => {
    const start = { a: 0, b: 0, c: 0 }
    const change = fc.record({ op: operation, atMs: fc.integer({ min: 0, max: 3 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 2, maxLength: 5 }), fc.func(fc.integer()), (drawn, key) => {
        const changes = drawn.map(({ op, atMs }, i) =>
          mutationBy(uuid('b', i + 1), op, { baseVersion: 1, atMs }),
        )
        const run = (order: typeof changes): string => {
          const server = new EngineWorld()
          server.send(DEVICE_A, put(start), { atMs: -1 })
          for (const mutation of order) server.push(mutation.hlc.slice(18), [mutation])
          return server.text
        }
        const winner = changes.reduce((best, mutation) => (mutation.hlc > best.hlc ? mutation : best))
        const document = applyOperation(start, winner.op)
        expect(run(changes)).toBe(canonicalJson(document.ok ? document.value : 'never'))
        expect(run([...changes].sort((a, b) => key(a.id) - key(b.id)))).toBe(run(changes))
      }),
      { numRuns: cases(300) },
    )
  })
})

describe('operations', () => {
  it('[PA2] what is set reads back, what is unset is gone, and the rest stays', () => {
    fc.assert(
      fc.property(leaves, fc.constantFrom(...LEAVES), leaf, (map, name, value) => {
        const document = toDocument(map)
        const key = `/${name.replaceAll('.', '/')}`
        const set = applyOperation(document, {
          type: 'patch',
          set: JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`) as JsonObject,
        })
        const unset = applyOperation(document, { type: 'patch', unset: [key] })
        const without = new Map(map)
        without.delete(name)
        expect(set.ok && jsonEqual(set.value, toDocument(new Map(map).set(name, value)))).toBe(true)
        expect(unset.ok && jsonEqual(unset.value, toDocument(without))).toBe(true)
      }),
    )
  })
})
