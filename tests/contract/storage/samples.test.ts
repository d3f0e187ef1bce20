import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  audit,
  BACKENDS,
  changeOf,
  collectionOf,
  commit,
  commitRecords,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  shownBy,
} from './world.ts'

describe.each(BACKENDS)('samples of collections over $name', (backend) => {
  const current = opened(backend)

  it('has live records and the changes that made versions, newest first, page by page', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    await storage.collections.create(collectionOf(fleetId), audit())
    const [one, two, three] = await commitRecords(storage, fleetId, deviceId, 3)
    if (!one || !two || !three) throw new Error('three were committed')
    const { recordId } = two
    await commit(storage, fleetId, (head) => [
      changeOf({ deviceId, recordId, version: head + 1, replaced: two, data: null }),
      changeOf({ deviceId, version: null, deadLetter: null as never }),
    ])
    const records = (below: number | null, limit = 9) =>
      storage.samples.records(fleetId, 'reports', below, limit)
    expect(await records(null)).toEqual([three, one])
    expect(await records(null, 1)).toEqual([three])
    expect(await records(three.version)).toEqual([one])
    const changes = await storage.samples.changes(fleetId, 'reports', null, 9)
    expect(changes.map(({ version }) => version)).toEqual([4, 3, 2, 1])
    expect(changes[1]).toMatchObject({
      deviceId,
      appVersion: '1.0.0',
      committedAtMs: NOW_MS,
      mutation: { op: { type: 'put', data: three.data } },
    })
    expect((await storage.samples.changes(fleetId, 'reports', 3, 1)).map(({ version }) => version)).toEqual([
      2,
    ])
    expect(await storage.samples.records(fleetId, 'others', null, 9)).toEqual([])
  })

  it('counts live records up to a bound, and the devices that have read a collection whole', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const devices = await Promise.all([1, 2, 3].map(() => makeDevice(storage, fleetId)))
    const [writer, reader, gone] = devices.map(({ id }) => id)
    if (!writer || !reader || !gone) throw new Error('three were enrolled')
    await storage.collections.create(collectionOf(fleetId), audit())
    await storage.collections.create(collectionOf(fleetId, { id: randomUUID(), name: 'empty' }), audit())
    await commitRecords(storage, fleetId, writer, 5)
    const read = (id: string, firstComplete: readonly string[]) =>
      storage.sync.deliver(fleetId, shownBy(id, { reports: 5 }, { firstComplete }))
    await read(reader, ['reports'])
    await read(gone, ['reports'])
    await read(writer, [])
    const order = { command: null, status: 'revoked', nowMs: NOW_MS } as const
    await storage.devices.command(fleetId, gone, order, audit())
    const sizes = (max: number) => storage.samples.sizes(fleetId, ['reports', 'empty'], max)
    expect(await sizes(9)).toEqual(
      new Map([
        ['reports', { records: 5, followers: 1 }],
        ['empty', { records: 0, followers: 0 }],
      ]),
    )
    expect((await sizes(3)).get('reports')).toEqual({ records: 3, followers: 1 })
  })
})
