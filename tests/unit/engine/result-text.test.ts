import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resultText } from '#lib/engine/result-text.ts'
import { toWireRecord } from '#lib/engine/wire-record.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { MutationResult, WireRecord } from '#lib/protocol/push.ts'

const record: fc.Arbitrary<WireRecord> = fc
  .record({
    collection: fc.string(),
    version: fc.nat(),
    deleted: fc.boolean(),
    data: fc.option(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()) as fc.Arbitrary<JsonObject>),
    hlc: fc.string({ unit: 'binary' }),
    life: fc.option(fc.nat(), { nil: undefined }),
  })
  .map((drawn) => ({ ...drawn, recordId: 'r', versionVector: { a: 1 }, schemaVersion: 1 }))
const resolution = fc.record({
  strategy: fc.constant('lww'),
  outcome: fc.constantFrom('local', 'remote', 'merge'),
  fields: fc.option(fc.array(fc.string({ unit: 'binary' })), { nil: undefined }),
})
const result = (shared: fc.Arbitrary<WireRecord>): fc.Arbitrary<MutationResult> => {
  const said = { id: fc.string(), conflictId: fc.string(), version: fc.nat() }
  const status = <S extends string>(name: S) => ({ status: fc.constant(name) })
  return fc.oneof(
    fc.record({ id: said.id, ...status('applied'), version: said.version }),
    fc.record({ ...said, ...status('applied'), record: fc.option(shared, { nil: undefined }) }),
    fc.record({ ...said, ...status('merged'), record: shared, resolution }),
    fc.record({ ...said, ...status('superseded'), record: shared, resolution }),
    fc.record({ ...said, ...status('conflict'), record: fc.option(shared) }),
  ) as fc.Arbitrary<MutationResult>
}

describe('the text of a result', () => {
  it('is what JSON.stringify gives, however many results share a record', () => {
    fc.assert(
      fc.property(
        record.chain((one) => fc.array(result(fc.constant(one)), { maxLength: 5 })),
        (results) => {
          for (const one of [...results, ...results]) expect(resultText(one)).toBe(JSON.stringify(one))
        },
      ),
    )
  })

  it('is made of one record for all that are answered with it', () => {
    const state = {
      collection: 'notes',
      recordId: 'r',
      version: 1,
      deleted: false,
      data: { a: 1 },
      hlc: 'h',
      deviceId: 'd',
      versionVector: {},
      schemaVersion: 1,
      crdt: {},
    }
    expect(toWireRecord(state)).toBe(toWireRecord(state))
    expect(toWireRecord({ ...state, version: 2 })).not.toBe(toWireRecord(state))
  })
})
