import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RecordState } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import { BACKENDS, changeOf, commit, makeDevice, makeFleet, opened, planOf } from './world.ts'

describe.each(BACKENDS)('CRDT states on $name', (backend) => {
  const current = opened(backend)

  /** A record that was written twice, first with `states`, then without. */
  async function writtenTwice(states: CrdtStates) {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const [first] = await commit(storage, fleetId, (head) => [
      changeOf({ deviceId, version: head + 1, crdt: states }),
    ])
    const { recordId } = first?.incoming.mutation ?? { recordId: '' }
    const load = () =>
      storage.sync.transact(fleetId, (tx) =>
        tx.load({
          ...planOf(),
          records: [{ collection: 'reports', recordId }],
          bases: [{ collection: 'reports', recordId, version: 1 }],
          mutationIds: [first?.incoming.mutation.id ?? ''],
        }),
      )
    const before = await load()
    const pulled = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], {
      limit: 1,
      maxBytes: 1e7,
    })
    const read = await storage.sync.getRecord(fleetId, 'reports', recordId)
    await commit(storage, fleetId, (head) => [
      changeOf({ deviceId, recordId, version: head + 1, replaced: first?.record ?? null }),
    ])
    return { before, pulled, read, after: await load() }
  }

  const STATES: CrdtStates = {
    '/__proto__/hits': { kind: 'g-counter', state: { a: 2 ** 53 - 1 } },
    '/tags': { kind: 'or-set', add: [{ value: { x: '\u0000' }, dot: 'a:1' }], seen: { a: [[1, 2 ** 52]] } },
    '/note': { kind: 'lww-register', hlc: 'x' },
  }

  it('come back with the record, with its base, and with a pull', async () => {
    const { before, pulled, read, after } = await writtenTwice(STATES)
    const kept = JSON.stringify(STATES)
    expect(JSON.stringify([...before.records.values()][0]?.crdt)).toBe(kept)
    expect(pulled.records[0]?.crdt).toBe(kept)
    expect(JSON.stringify(read?.crdt)).toBe(kept)
    expect(JSON.stringify([...after.bases.values()][0]?.crdt)).toBe(kept)
    expect([...after.records.values()][0]?.crdt).toEqual({})
  })

  it('[CS9] of what comes late of a life that is over are loaded as they were when today’s life was begun', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const recordId = randomUUID()
    let replaced: RecordState | null = null
    for (const title of ['one', 'two', 'three', 'four']) {
      const [made] = await commit(storage, fleetId, (head) => {
        const change = changeOf({ deviceId, recordId, version: head + 1, data: { title }, replaced })
        const { record } = change
        if (title !== 'four' || !record) return [change]
        return [{ ...change, record: { ...record, life: 4, versionVector: { a: 4, [deviceId]: 1 } } }]
      })
      replaced = made?.record ?? null
    }
    const loaded = async (version: number): Promise<unknown[]> => {
      const place = { collection: 'reports', recordId }
      const plan = { ...planOf(), records: [place], bases: [{ ...place, version }] }
      const { bases } = await storage.sync.transact(fleetId, (tx) => tx.load(plan))
      return [...bases.values()].map(({ data }) => data?.['title']).sort()
    }
    expect(await loaded(3)).toEqual(['one', 'three'])
    expect(await loaded(1)).toEqual(['one'])
    expect(await loaded(4)).toEqual([])
  })

  it('[TK9] of a record as it was at a version are those that were replaced after it, none where it was deleted then or since', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const recordId = randomUUID()
    let replaced: RecordState | null = null
    for (const hits of [1, 2, null, 4, 5, 6]) {
      const [made] = await commit(storage, fleetId, (head) => {
        const crdt: CrdtStates = { '/hits': { kind: 'g-counter', state: { a: hits ?? 2 } } }
        return [
          changeOf({
            deviceId,
            recordId,
            version: head + 1,
            crdt,
            data: hits === null ? null : {},
            replaced,
          }),
        ]
      })
      replaced = made?.record ?? null
    }
    const place = { collection: 'reports', recordId }
    const at = async (version: number) =>
      (await storage.sync.statesAt(fleetId, [{ ...place, version }])).get(recordKey('reports', recordId))
    const shown = (hits: number) => ({
      version: hits,
      schemaVersion: 1,
      crdt: { '/hits': { kind: 'g-counter', state: { a: hits } } },
    })
    expect([await at(0), await at(3)]).toEqual([undefined, undefined])
    // Who read the tombstone in between has dropped what it held.
    expect([await at(1), await at(2)]).toEqual([undefined, undefined])
    expect([await at(4), await at(5)]).toEqual([shown(4), shown(5)])
    // The newest one is no replaced document: a device that stands there is told nothing of it.
    expect(await at(9)).toEqual(shown(5))
    const other = { collection: 'reports', recordId: randomUUID(), version: 9 }
    const both = await storage.sync.statesAt(fleetId, [other, { ...place, version: 4 }])
    expect([...both.keys()]).toEqual([recordKey('reports', recordId)])
  })

  it('count for the size of a page', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const update = 'A'.repeat(50_000)
    await commit(storage, fleetId, (head) =>
      [1, 2, 3].map((n) =>
        changeOf({ deviceId, version: head + n, crdt: { '/body': { kind: 'text', update } } }),
      ),
    )
    const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], {
      limit: 10,
      maxBytes: 60_000,
    })
    expect(page.records).toHaveLength(2)
    expect(page.hasMore).toBe(true)
  })
})
