import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RecordState } from '#lib/engine/types.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import { toWireRecord, wireText } from '#lib/engine/wire-record.ts'
import type { WireOtPath } from '#lib/protocol/ot.ts'
import { cases } from '#tests/support/cases.ts'
import { hostileKey, hostileObject } from '#tests/support/hostile-json.ts'

const version = fc.integer({ min: 1, max: 2 ** 53 - 1 })
const crdt = fc.dictionary(hostileKey, fc.constant({ kind: 'lww-register', hlc: 'x', value: '\u0000"' }), {
  maxKeys: 3,
})
const ot = fc.dictionary(
  hostileKey,
  fc.record(
    { kind: fc.constantFrom('text', 'json'), revision: version },
    { requiredKeys: ['kind', 'revision'] },
  ),
  { maxKeys: 3 },
)
const record = fc.record({
  collection: fc.constantFrom('notes', 'a-b', 'q"\\'),
  recordId: fc.uuid(),
  version,
  deleted: fc.boolean(),
  data: fc.option(hostileObject),
  hlc: fc.string({ unit: 'binary', maxLength: 60 }),
  deviceId: fc.uuid(),
  versionVector: fc.dictionary(fc.uuid(), version, { maxKeys: 3 }),
  schemaVersion: fc.nat(),
  crdt,
  life: fc.option(version, { nil: undefined }),
  ot: fc.option(ot, { nil: undefined }),
}) as unknown as fc.Arbitrary<RecordState>

const textsOf = (state: RecordState): RecordTexts => ({
  ...state,
  data: JSON.stringify(state.data),
  versionVector: JSON.stringify(state.versionVector),
  crdt: Object.keys(state.crdt).length === 0 ? null : JSON.stringify(state.crdt),
})

test('a record that is passed on is, byte for byte, the record that is read and written anew', () => {
  fc.assert(
    fc.property(record, (state) => {
      expect(wireText(textsOf(state))).toBe(JSON.stringify(toWireRecord(state)))
    }),
    { numRuns: cases(500) },
  )
})

test('a pull may tell more of its paths under OT', () => {
  const told: Record<string, WireOtPath> = { '/text': { revision: 3, kind: 'text', ops: [['a'], [1, 'b']] } }
  fc.assert(
    fc.property(record, (state) => {
      const wire = toWireRecord(state)
      const expected = state.deleted ? wire : { ...wire, ot: told }
      expect(JSON.parse(wireText(textsOf(state), told))).toEqual(JSON.parse(JSON.stringify(expected)))
    }),
    { numRuns: cases(100) },
  )
})
