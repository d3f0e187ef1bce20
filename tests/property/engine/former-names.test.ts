import fc from 'fast-check'
import { expect, test } from 'vitest'
import { namesOf } from '#lib/engine/schema-evolution/former-names.ts'
import { migratePointer } from '#lib/engine/schema-evolution/migrate-pointer.ts'
import type { UpMigration, UpMigrationOp } from '#lib/protocol/rules.ts'

const POINTERS = ['/a', '/b', '/c', '/a/a', '/a/b', '/b/a', '/c/a', '/a/b/c', '/b/a/b']
const place = fc.constantFrom(...POINTERS)
const op: fc.Arbitrary<UpMigrationOp> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant('rename' as const), path: place, to: place }) },
  fc.record({ op: fc.constant('remove' as const), path: place }),
  fc.record({ op: fc.constant('cel' as const), path: place, cel: fc.constant('value') }),
)
const rules = fc.integer({ min: 1, max: 6 }).chain((schemaVersion) =>
  fc.record({
    schemaVersion: fc.constant(schemaVersion),
    upMigrations: fc.uniqueArray(
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }), fc.array(op, { maxLength: 3 }))
        .map(([from, by, ops]): UpMigration => ({ from, to: from + by, ops })),
      { selector: ({ from }) => from, maxLength: 4 },
    ),
  }),
)

test('[DL5] the names of a path are what the migrations take to it, and nothing else', () => {
  fc.assert(
    fc.property(rules, place, (evolving, today) => {
      const names = namesOf(evolving, today)
      for (let version = 1; version <= evolving.schemaVersion; version++) {
        const named = names.filter(({ after, upTo }) => after < version && version <= upTo)
        const found = POINTERS.filter((path) => migratePointer(evolving, path, version) === today)
        const told = named.map(({ path }) => path)
        expect(new Set(told).size).toBe(told.length)
        for (const path of told) expect(migratePointer(evolving, path, version)).toBe(today)
        expect(told).toEqual(expect.arrayContaining(found))
      }
    }),
    { numRuns: 2_000 },
  )
})
