import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  collectionOf,
  commit,
  makeDevice,
  makeFleet,
  opened,
  planOf,
} from './world.ts'

const nested = (depth: number): Json => (depth === 0 ? [] : { a: nested(depth - 1) })
const ODD: readonly JsonObject[] = [
  JSON.parse(
    '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":null,"":0}',
  ) as JsonObject,
  {
    nul: 'a\u0000b',
    high: '\ud800',
    low: 'x\udfff',
    quote: '"\\"',
    slash: '\\u0000',
    line: '\u2028\n\r\t',
    emoji: '👩‍🚀',
  },
  { 'key\u0000': 1, '\ud83d': 2, '\\': 3, '{}': '{}', NULL: 'NULL' },
  { big: 1e308, small: 5e-324, negative: -1.5e-9, whole: 9007199254740991, int: -0.1 },
  { z: 1, a: 2, '10': 3, '9': 4 },
  { deep: nested(200), empty: {}, list: [[], [null], [[true, false]]] },
]

describe.each(BACKENDS)('documents on $name', (backend) => {
  const current = opened(backend)

  it('come back byte for byte from every place that keeps them', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const check = async (data: JsonObject): Promise<void> => {
      const [old, next] = await commit(storage, fleetId, (head) => {
        const first = changeOf({ deviceId, version: head + 1, data })
        const { recordId } = first.incoming.mutation
        return [first, changeOf({ deviceId, recordId, version: head + 2, data, replaced: first.record })]
      })
      const { recordId } = old?.incoming.mutation ?? { recordId: '' }
      const version = old?.record?.version as number
      const mutationIds = [next?.incoming.mutation.id as string]
      const snapshot = await storage.sync.transact(fleetId, (tx) =>
        tx.load({
          ...planOf(),
          records: [{ collection: 'reports', recordId }],
          bases: [{ collection: 'reports', recordId, version }],
          mutationIds,
        }),
      )
      const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: version }], {
        limit: 1,
        maxBytes: 1e7,
      })
      const text = JSON.stringify(data)
      expect(JSON.stringify([...snapshot.records.values()][0]?.data)).toBe(text)
      expect(JSON.stringify([...snapshot.bases.values()][0]?.data)).toBe(text)
      expect(JSON.stringify([...snapshot.mutations.values()][0]?.mutation)).toBe(
        JSON.stringify(next?.incoming.mutation),
      )
      expect(page.records[0]?.data).toBe(text)
    }
    for (const data of ODD) await check(data)
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (data) =>
        check(data as JsonObject),
      ),
      { numRuns: 40 },
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('come back from a schema', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    for (const [i, schema] of ODD.entries()) {
      const collection = collectionOf(fleetId, { name: `c${i}`, schema })
      await storage.collections.create(collection, audit())
      expect(JSON.stringify((await storage.collections.get(fleetId, collection.id))?.schema)).toBe(
        JSON.stringify(schema),
      )
    }
  })
})
