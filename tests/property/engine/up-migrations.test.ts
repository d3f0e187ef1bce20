import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findViolation } from '#lib/engine/business-rules.ts'
import { applyOperation, parseKey } from '#lib/engine/patch.ts'
import { checkUpMigrations } from '#lib/engine/schema-evolution/check-up-migrations.ts'
import { migrateDocument, migrateMutation } from '#lib/engine/schema-evolution/migrate.ts'
import { canonicalJson, isJsonObject } from '#lib/kernel/json.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { UpMigration, UpMigrationOp } from '#lib/protocol/rules.ts'
import { anyJson, anyObject, wildOperation } from '#tests/support/engine-arbitraries.ts'
import {
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
} from '#tests/support/engine-world.ts'

const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '0', '-', '~', '/')
const place = fc.array(names, { minLength: 1, maxLength: 3 }).map(toPointer)
const cel = fc.constantFrom(
  'value',
  'doc.a',
  'doc',
  'value + 1',
  'size(value)',
  '[value]',
  'doc.a.b == value',
)
const op: fc.Arbitrary<UpMigrationOp> = fc.oneof(
  fc.record({ op: fc.constant('rename' as const), path: place, to: place }),
  fc.record({ op: fc.constant('remove' as const), path: place }),
  fc.record({ op: fc.constant('default' as const), path: place, value: anyJson }),
  fc.record({ op: fc.constant('cel' as const), path: place, cel }),
)
const published = fc
  .array(op, { minLength: 1, maxLength: 4 })
  .map((ops): UpMigration[] => [{ from: 1, to: 2, ops }])
  .filter((list) => checkUpMigrations(list, 2).length === 0)
const tree = fc.letrec<{ node: JsonObject }>((tie) => ({
  node: fc.dictionary(names, fc.oneof(anyJson, tie('node')), { maxKeys: 4 }) as fc.Arbitrary<JsonObject>,
})).node

test('[check 29] [DL5] migrations never throw on any JSON, and pollute no prototype', () => {
  fc.assert(
    fc.property(published, tree, wildOperation, (upMigrations, document, wild) => {
      const rules = { schemaVersion: 2, upMigrations }
      const before = canonicalJson(document)
      migrateDocument(rules, document, 1)
      migrateMutation(rules, mutationBy(DEVICE_A, wild))
      expect(canonicalJson(document)).toBe(before)
      expect(Object.keys(Object.prototype)).toEqual([])
      expect(({} as { a?: unknown }).a).toBeUndefined()
    }),
  )
})

/** Patches over documents without arrays, whose meaning doesn't hang on what stood there. */
const leaf = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom('x', null))
const letter = fc.constantFrom('a', 'b', 'c')
const flat = fc.dictionary(letter, fc.oneof(leaf, fc.dictionary(letter, leaf, { maxKeys: 3 })), {
  maxKeys: 3,
})
const patchOp = fc.record({
  type: fc.constant('patch' as const),
  set: fc.dictionary(letter, leaf, { maxKeys: 2 }),
  unset: fc.subarray(['/a', '/b', '/c'], { maxLength: 1 }),
})
const top: fc.Arbitrary<UpMigrationOp> = fc.oneof(
  fc
    .record({ op: fc.constant('rename' as const), path: letter, to: fc.constantFrom('x', 'y') })
    .map(({ path, to, ...rest }) => ({ ...rest, path: `/${path}`, to: `/${to}` })),
  letter.map((name) => ({ op: 'remove' as const, path: `/${name}` })),
  fc.record({ op: fc.constant('default' as const), path: letter.map((name) => `/${name}`), value: leaf }),
)

test('[DL5] migrating a patch and migrating what it makes come to the same document', () => {
  fc.assert(
    fc.property(flat, patchOp, top, (document, raw, only) => {
      const unset = raw.unset.filter((key) => !Object.hasOwn(raw.set, (parseKey(key) ?? [])[0] ?? ''))
      const patch = { ...raw, unset } as Operation
      const rules = { schemaVersion: 2, upMigrations: [{ from: 1, to: 2, ops: [only] }] }
      const made = applyOperation(document as JsonObject, patch)
      const start = migrateDocument(rules, document as JsonObject, 1)
      const migrated = migrateMutation(rules, mutationBy(DEVICE_A, patch))
      if (!made.ok || !made.value || !start.ok || !migrated.ok) throw new Error('none of these can fail')
      const expected = migrateDocument(rules, made.value, 1)
      const actual = applyOperation(start.value, migrated.value.op)
      expect(actual.ok && canonicalJson(actual.value)).toBe(expected.ok && canonicalJson(expected.value))
    }),
  )
})

test('[BL2] rules never throw on any JSON', () => {
  const expressions = [
    'new.a > 1',
    'old.a == new.a',
    'new.a.exists(x, x == new.b)',
    '"a" in new',
    'size(new.a) > 0',
  ]
  const rules = expressions.map((text, n) => ({ id: `r${n}`, cel: text, message: 'no' }))
  const device = { id: DEVICE_A, platform: 'ios', appVersion: '1' } as const
  fc.assert(
    fc.property(fc.option(anyObject), fc.option(anyObject), fc.nat(4), (old, next, n) => {
      const found = findViolation(rules.slice(n, n + 1), { old, new: next, device })
      expect(found === null || found.detail.startsWith(`rule r${n}`)).toBe(true)
    }),
  )
})

/** A record of CRDTs keeps no object of which nothing is left. */
function withoutEmpty(value: Json): Json {
  if (!isJsonObject(value)) return value
  const kept = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const)
  return Object.fromEntries(kept.filter(([, inner]) => !isJsonObject(inner) || Object.keys(inner).length > 0))
}

test('[DL5] a record of CRDTs is brought up to what every other strategy has', () => {
  const step = fc.oneof(
    top,
    fc.record({ op: fc.constant('cel' as const), path: place, cel }),
    fc.record({ op: fc.constant('rename' as const), path: place, to: place }),
  )
  const steps = fc
    .array(step, { minLength: 1, maxLength: 3 })
    .map((ops): UpMigration[] => [{ from: 1, to: 2, ops }])
    .filter((list) => checkUpMigrations(list, 2).length === 0)
  fc.assert(
    fc.property(flat, steps, (document, upMigrations) => {
      const server = new EngineWorld(rulesOf({ strategy: 'crdt' }))
      server.send(DEVICE_A, put(document as JsonObject))
      const rules = rulesOf({ strategy: 'crdt', schemaVersion: 2, upMigrations })
      server.world = { ...server.world, collections: new Map([[rules.name, rules]]) }
      server.send(DEVICE_B, patch({ last: 1 }), { baseVersion: 1, schemaVersion: 2 })
      const plain = migrateDocument(rules, document as JsonObject, 1)
      // What can't be brought up is left alone.
      const wanted = withoutEmpty((plain.ok ? { ...plain.value, last: 1 } : document) as JsonObject)
      expect(canonicalJson(withoutEmpty(server.record?.data ?? {}))).toBe(canonicalJson(wanted))
    }),
  )
})
