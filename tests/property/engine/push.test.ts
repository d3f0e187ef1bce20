import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSamePayload } from '#lib/engine/payload.ts'
import type { CollectionRules, PushDecision } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import { writtenByOthersSince } from '#lib/kernel/version-vector.ts'
import { cases } from '#tests/support/cases.ts'
import { anyObject, pushes, wildOperation } from '#tests/support/engine-arbitraries.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  put,
  rulesOf,
} from '#tests/support/engine-world.ts'
import { NaiveStore } from '#tests/support/naive-store.ts'

const field = { enum: [0, 1, 2, 3, null] }
const rules: fc.Arbitrary<CollectionRules> = fc
  .record({
    strategy: fc.constantFrom('lww' as const, 'fww' as const, 'field-merge' as const),
    tieRule: fc.constantFrom('lww' as const, 'fww' as const, 'manual' as const),
    fieldStrategies: fc.constantFrom({}, {}, { '/a': 'fww' as const, '/b': 'lww' as const }),
    schema: fc.constantFrom(true, { properties: { a: field, b: field, c: field } }),
  })
  .map(rulesOf)

const whatItDoes = ({ kind, results, effects }: PushDecision) => ({ kind, results, effects })
const EFFECTIVE = new Set(['applied', 'merged', 'superseded', 'conflict', 'dead_lettered'])

describe('any pushes', () => {
  it('[PU4] a group is decided as its pushes one by one, from what the plan loads', () => {
    fc.assert(
      fc.property(rules, pushes, (use, group) => {
        const [together, apart] = [new NaiveStore(use), new NaiveStore(use)]
        const grouped = together.commit(group)
        const single = group.flatMap((push) => apart.commit([push]))
        expect(grouped.map(whatItDoes)).toEqual(single.map(whatItDoes))
        expect(together).toEqual(apart)
      }),
      { numRuns: cases(200) },
    )
  })

  it('[DL2] every mutation has one result, and every effect is remembered', () => {
    fc.assert(
      fc.property(rules, pushes, (use, group) => {
        const store = new NaiveStore(use)
        for (const [i, decision] of store.commit(group).entries()) {
          const { mutations = [], atomic } = group[i] ?? {}
          expect(decision.results.map(({ id }) => id)).toEqual(mutations.map(({ mutation }) => mutation.id))
          if (decision.kind === 'aborted') {
            expect(atomic).toBe(true)
            expect(decision.effects).toEqual([])
            expect(
              decision.results.every(({ status }) =>
                ['conflict', 'dead_lettered', 'refused', 'not_applied'].includes(status),
              ),
            ).toBe(true)
            continue
          }
          expect(decision.effects.map(({ result }) => result)).toEqual(
            decision.results.filter(({ status }) => EFFECTIVE.has(status)),
          )
          for (const { result, incoming, record, conflict, deadLetter } of decision.effects) {
            expect(store.mutations.get(result.id)).toMatchObject({ result, mutation: incoming.mutation })
            expect(record !== null).toBe(result.status === 'applied' || result.status === 'merged')
            expect(deadLetter !== null).toBe(result.status === 'dead_lettered')
            if (result.status === 'merged' || result.status === 'superseded')
              expect(conflict).toMatchObject({ id: result.conflictId })
          }
        }
      }),
      { numRuns: cases(150) },
    )
  })

  it('[ID1] sending everything again has no effect but for what had none before', () => {
    fc.assert(
      fc.property(rules, pushes, (use, group) => {
        const store = new NaiveStore(use)
        store.commit(group)
        const remembered = new Map(store.mutations)
        for (const [i, { results }] of store
          .commit(group.map((push) => ({ ...push, atomic: false })))
          .entries()) {
          for (const [j, result] of results.entries()) {
            const incoming = group[i]?.mutations[j]
            const known = remembered.get(result.id)
            if (
              known &&
              incoming &&
              isSamePayload(known.mutation, incoming.mutation) &&
              known.deviceId === group[i]?.deviceId &&
              incoming.unknownField === null
            ) {
              expect(result).toEqual({ id: result.id, status: 'duplicate', original: known.result })
            }
          }
        }
        for (const [id, known] of remembered) expect(store.mutations.get(id)).toEqual(known)
      }),
      { numRuns: cases(150) },
    )
  })

  it('[PU1] versions are dense in commit order, and a record’s own facts hold', () => {
    fc.assert(
      fc.property(rules, pushes, (use, group) => {
        const store = new NaiveStore(use)
        const made = store
          .commit(group)
          .flatMap(({ effects }) => effects)
          .flatMap(({ record }) => record ?? [])
        expect(made.map(({ version }) => version)).toEqual(made.map((_, i) => i + 1))
        expect(store.heads.get(COLLECTION) ?? 0).toBe(made.length)
        expect([...store.heads.keys()].every((name) => name === COLLECTION)).toBe(true)
        for (const record of made) {
          expect(record.deleted).toBe(record.data === null)
          expect(record.versionVector[record.deviceId]).toBe(record.version)
          expect(writtenByOthersSince(record.versionVector, record.deviceId, record.version)).toBe(false)
          if (record.data) expect(validateDocument(use, record.data).ok).toBe(true)
        }
        const stamps = made.filter(({ recordId }) => recordId === made[0]?.recordId).map(({ hlc }) => hlc)
        expect(stamps).toEqual([...stamps].sort())
      }),
      { numRuns: cases(150) },
    )
  })
})

describe('any JSON', () => {
  it('[CS8] is decided without a throw, the same each time', () => {
    const use = fc.constantFrom('lww' as const, 'fww' as const, 'field-merge' as const)
    fc.assert(
      fc.property(
        use,
        anyObject,
        fc.array(wildOperation, { minLength: 2, maxLength: 4 }),
        (strategy, start, ops) => {
          const first = mutationBy(DEVICE_A, put(start))
          const rest = ops.map((op, i) =>
            mutationBy(i % 2 ? DEVICE_A : DEVICE_B, op, { baseVersion: 1, atMs: (i * 7) % 3, id: `${i}` }),
          )
          const run = (): unknown[] => {
            const server = new EngineWorld(
              rulesOf({ strategy, fieldStrategies: { '/__proto__': 'field-merge', '/a/0': 'fww' } }),
            )
            const outcomes = [first, ...rest].map(
              (mutation) => server.push(mutation.hlc.slice(18), [mutation])[0]?.status,
            )
            return [...outcomes, server.text]
          }
          expect(run()).toEqual(run())
          expect(({} as Record<string, unknown>)['a']).toBeUndefined()
        },
      ),
      { numRuns: cases(400) },
    )
  })
})
