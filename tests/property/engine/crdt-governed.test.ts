import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crdtLeaves, plainPart, strategyAt } from '#lib/engine/crdt/governed.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { StrategyName } from '#lib/protocol/device.ts'

const KEYS = ['a', 'b', '__proto__', 'a/b', '~1', '']
const key = fc.constantFrom(...KEYS)
const strategy = fc.constantFrom<StrategyName>('crdt', 'lww', 'manual')
const value = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof({ depthSize: 'medium' }, fc.integer(), fc.constant([1]), tie('object')),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4 }) as fc.Arbitrary<JsonObject>,
}))
const pointer = fc.array(key, { minLength: 1, maxLength: 3 }).map(toPointer)
const named = fc.dictionary(fc.oneof(pointer, fc.constantFrom('', 'a', '/~2')), strategy, { maxKeys: 4 })

/** What stands in a document and is no object with fields, or is a stop, by its path. */
function leavesOf(node: JsonObject, stops: ReadonlySet<string>, path: Path = []): [Path, Json][] {
  return Object.keys(node).flatMap((name) => {
    const at = [...path, name]
    const one = node[name] as Json
    const isLeaf = !isJsonObject(one) || Object.keys(one).length === 0 || stops.has(toPointer(at))
    return isLeaf ? [[at, one] satisfies [Path, Json]] : leavesOf(one, stops, at)
  })
}

describe('which values CRDTs hold', () => {
  it('[CS4] those whose nearest named field is under crdt, and no others, whatever names look like', () => {
    fc.assert(
      fc.property(
        strategy,
        named,
        value.object,
        fc.array(pointer, { maxLength: 2 }),
        (of, byField, document, at) => {
          const rules = { strategy: of, fieldStrategies: byField }
          const nearest = (path: Path): StrategyName | undefined =>
            path
              .map((_, i) => toPointer(path.slice(0, path.length - i)))
              .filter((one) => Object.hasOwn(byField, one))
              .map((one) => byField[one])[0]
          const holds = ([path]: [Path, Json]): boolean => (nearest(path) ?? of) === 'crdt'
          for (const [path] of leavesOf(document, new Set())) {
            const found = nearest(path)
            expect(strategyAt(rules, path)).toEqual({ strategy: found ?? of, named: found !== undefined })
          }

          const stops = new Set(at)
          const held = leavesOf(document, stops).filter(holds)
          expect([...crdtLeaves(rules, document, stops)]).toEqual(
            held.map(([path, one]) => [toPointer(path), one]),
          )

          const scalars = (one: JsonObject) => leavesOf(one, new Set()).filter(([, v]) => !isJsonObject(v))
          expect(scalars(plainPart(rules, document))).toEqual(
            scalars(document).filter((leaf) => !holds(leaf)),
          )
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
