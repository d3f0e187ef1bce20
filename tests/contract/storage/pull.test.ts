import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toWireRecord, wireText } from '#lib/engine/wire-record.ts'
import type { DeliveredPositions, DeliveredRange, PullPage, Storage } from '#lib/storage/ports.ts'
import {
  BACKENDS,
  NOW_MS,
  changeOf,
  commit,
  commitRecords,
  fleetWithDevice,
  makeDevice,
  opened,
  planOf,
  shownBy,
  writesOf,
} from './world.ts'

const ROOMY = { limit: 500, maxBytes: 4_000_000 }

describe.each(BACKENDS)('pull on $name', (backend) => {
  const current = opened(backend)

  it('gives the newest version of each record once, tombstones included, in version order', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const [a, b, c] = await commitRecords(storage, fleetId, deviceId, 3)
    await commit(storage, fleetId, (head) => [
      changeOf({
        deviceId,
        version: head + 1,
        recordId: a?.recordId as string,
        replaced: a ?? null,
        data: null,
      }),
    ])
    const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], ROOMY)
    expect(page.records.map((record) => [record.recordId, record.version, record.deleted])).toEqual([
      [b?.recordId, 2, false],
      [c?.recordId, 3, false],
      [a?.recordId, 4, true],
    ])
    expect([page.hasMore, page.epoch, page.heads.get('reports'), page.reached.get('reports')]).toEqual([
      false,
      1,
      4,
      4,
    ])
    const rest = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 3 }], ROOMY)
    expect(rest.records.map((record) => record.version)).toEqual([4])
    const none = await storage.sync.pull(
      fleetId,
      [
        { collection: 'reports', afterVersion: 4 },
        { collection: 'never', afterVersion: 0 },
      ],
      ROOMY,
    )
    expect([none.records, none.hasMore, [...none.reached]]).toEqual([
      [],
      false,
      [
        ['reports', 4],
        ['never', 0],
      ],
    ])
  })

  it('gives records whose texts are, byte for byte, what reading and writing them anew would give', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const crdt = { '/n': { kind: 'g-counter', state: { [deviceId]: 7 } } } as const
    const odd = { __proto__: null, 'é"\\\n': [1.5, -0, 1e21, '\u2028\ud83d\ude00'], '': null }
    await commit(storage, fleetId, (head) =>
      [{ data: odd }, { data: null }, { data: { n: 7 }, crdt }, { data: {} }].map((more, i) =>
        changeOf({ deviceId, version: head + 1 + i, ...more }),
      ),
    )
    const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], ROOMY)
    const keys = page.records.map(({ collection, recordId }) => ({ collection, recordId }))
    const read = await storage.sync.getRecords(fleetId, keys)
    const anew = read
      .toSorted((a, b) => a.version - b.version)
      .map((one) => JSON.stringify(toWireRecord(one)))
    expect(page.records).toHaveLength(4)
    expect(page.records.map((one) => wireText(one))).toEqual(anew)
  })

  it('cuts at the limit and at the bytes, over collections in the order asked', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    for (const collection of ['b', 'a']) {
      await storage.sync.transact(fleetId, async (tx) => {
        await tx.load(planOf([collection]))
        const data = { text: 'x'.repeat(1_000) }
        await tx.write(
          writesOf([1, 2, 3].map((version) => changeOf({ deviceId, collection, version, data }))),
        )
      })
    }
    const reads = [
      { collection: 'b', afterVersion: 1 },
      { collection: 'a', afterVersion: 0 },
    ]
    const place = (page: PullPage) => [
      page.records.map((r) => `${r.collection}${r.version}`).join(' '),
      [...page.reached.values()],
      page.hasMore,
    ]
    const pull = async (limit: number, maxBytes: number) =>
      place(await storage.sync.pull(fleetId, reads, { limit, maxBytes }))
    expect(await pull(1, 1e6)).toEqual(['b2', [2, 0], true])
    expect(await pull(2, 1e6)).toEqual(['b2 b3', [3, 0], true])
    expect(await pull(3, 1e6)).toEqual(['b2 b3 a1', [3, 1], true])
    expect(await pull(5, 1e6)).toEqual(['b2 b3 a1 a2 a3', [3, 3], false])
    expect(await pull(9, 1)).toEqual(['b2', [2, 0], true])
    expect(await pull(9, 2_500)).toEqual(['b2 b3 a1', [3, 1], true])
  })

  it('[TK2] pages to the end without gap or repeat, whatever the page size', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    await commitRecords(storage, fleetId, deviceId, 23)
    for (const limit of [1, 2, 7, 22, 23, 24]) {
      expect(await pullAll(storage, fleetId, limit)).toEqual(Array.from({ length: 23 }, (_, i) => i + 1))
    }
  })

  it('[TK2] misses nothing while many write: each poller ends with the state of the server', async () => {
    const { storage, fleetId } = await fleetWithDevice(current().storage)
    const devices = await Promise.all(Array.from({ length: 6 }, () => makeDevice(storage, fleetId)))
    const recordIds = Array.from({ length: 12 }, () => randomUUID())
    let writing = true
    const write = async (deviceId: string, seed: number): Promise<void> => {
      for (let round = 0; round < 25; round++) {
        const recordId = recordIds[(seed * 7 + round * 5) % recordIds.length] as string
        await storage.sync.transact(fleetId, async (tx) => {
          const { heads, records } = await tx.load({
            ...planOf(),
            records: [{ collection: 'reports', recordId }],
          })
          const replaced = records.get(`reports/${recordId}`) ?? null
          await tx.write(
            writesOf([
              changeOf({
                deviceId,
                recordId,
                replaced,
                version: (heads.get('reports') ?? 0) + 1,
                data: { seed, round },
              }),
            ]),
          )
        })
      }
    }
    const poll = async (limit: number): Promise<Map<string, string>> => {
      const held = new Map<string, string>()
      let afterVersion = 0
      for (let more = true, last = false; more || !last;) {
        // Only a pull that began after the last commit may end the loop.
        last = !writing
        const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion }], {
          limit,
          maxBytes: 1e6,
        })
        for (const record of page.records) held.set(record.recordId, `${record.version} ${record.data}`)
        const reached = page.reached.get('reports') as number
        expect(reached).toBeGreaterThanOrEqual(afterVersion)
        afterVersion = reached
        more = page.hasMore
      }
      return held
    }
    const pollers = [1, 3, 100].map((limit) => poll(limit))
    await Promise.all(devices.map((device, i) => write(device.id, i)))
    writing = false
    const held = await Promise.all(pollers)
    const truth = new Map<string, string>()
    for (const recordId of recordIds) {
      const record = await storage.sync.getRecord(fleetId, 'reports', recordId)
      if (record) truth.set(recordId, `${record.version} ${JSON.stringify(record.data)}`)
    }
    for (const copy of held) expect([...copy].sort()).toEqual([...truth].sort())
    const { heads } = await storage.sync.transact(fleetId, (tx) => tx.load(planOf()))
    expect(heads.get('reports')).toBe(150)
  })

  it('moves shown positions forward only, and tells what others made after the first snapshot', async () => {
    const { storage, fleetId, deviceId: reader } = await fleetWithDevice(current().storage)
    const { id: writer } = await makeDevice(storage, fleetId)
    const ranges: DeliveredRange[] = []
    const deliver = async (version: number, firstComplete: string[], atMs: number) => {
      ranges.length = 0
      const describe: DeliveredPositions['describe'] = (told) => {
        ranges.push(...told)
        const delivery = { deviceId: reader, platform: 'ios', appVersion: '1', collections: {} } as const
        return [{ id: randomUUID(), atMs, payload: { kind: 'delivery', ...delivery } }]
      }
      await storage.sync.deliver(
        fleetId,
        shownBy(reader, { reports: version }, { firstComplete, atMs, describe }),
      )
      return ranges.map(({ previous, version: to, changes }) => [previous, to, changes.length])
    }
    await commitRecords(storage, fleetId, writer, 2)
    expect(await deliver(2, ['reports'], NOW_MS + 10)).toEqual([[0, 2, 0]])
    await commit(
      storage,
      fleetId,
      (head) => [
        changeOf({ deviceId: writer, version: head + 1, madeAtMs: NOW_MS + 11 }),
        changeOf({ deviceId: reader, version: head + 2 }),
        changeOf({ deviceId: writer, version: head + 3 }),
      ],
      { committedAtMs: NOW_MS + 20 },
    )
    expect(await deliver(3, [], NOW_MS + 30)).toEqual([[2, 3, 1]])
    expect(ranges[0]?.changes).toEqual([{ committedAtMs: NOW_MS + 20, madeAtMs: NOW_MS + 11 }])
    expect(await deliver(2, ['reports'], NOW_MS + 40)).toEqual([])
    expect(await deliver(5, [], NOW_MS + 50)).toEqual([[3, 5, 1]])
    expect(await storage.telemetry.oldestUnfoldedMs(fleetId)).not.toBeNull()
  })

  it('knows the oldest change that an active device has not shown to hold', async () => {
    const { storage, fleetId, deviceId: writer } = await fleetWithDevice(current().storage)
    const reader = await makeDevice(storage, fleetId, { access: { reports: 'read' }, lastContactMs: NOW_MS })
    const blind = await makeDevice(storage, fleetId, { access: { other: 'write' }, lastContactMs: NOW_MS })
    for (const { id } of [reader, blind])
      await storage.sync.deliver(fleetId, shownBy(id, {}, { firstComplete: ['reports'] }))
    const oldest = () => storage.telemetry.oldestUndeliveredMs(fleetId, NOW_MS - 1)
    expect(await oldest()).toBeNull()
    for (const minute of [1, 2]) {
      await commit(storage, fleetId, (head) => [changeOf({ deviceId: writer, version: head + 1 })], {
        committedAtMs: NOW_MS + minute,
      })
    }
    await commit(storage, fleetId, (head) => [changeOf({ deviceId: reader.id, version: head + 1 })], {
      committedAtMs: NOW_MS + 3,
    })
    expect(await oldest()).toBe(NOW_MS + 1)
    await storage.sync.deliver(fleetId, shownBy(reader.id, { reports: 1 }, { atMs: NOW_MS + 5 }))
    expect(await oldest()).toBe(NOW_MS + 2)
    expect(await storage.telemetry.oldestUndeliveredMs(fleetId, NOW_MS + 1)).toBeNull()
    await storage.sync.deliver(fleetId, shownBy(reader.id, { reports: 2 }, { atMs: NOW_MS + 5 }))
    expect(await oldest()).toBeNull()
  })
})

async function pullAll(storage: Storage, fleetId: string, limit: number): Promise<number[]> {
  const seen: number[] = []
  let afterVersion = 0
  for (let more = true; more;) {
    const page = await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion }], {
      limit,
      maxBytes: 1e6,
    })
    seen.push(...page.records.map((record) => record.version))
    afterVersion = page.reached.get('reports') as number
    more = page.hasMore
  }
  return seen
}
