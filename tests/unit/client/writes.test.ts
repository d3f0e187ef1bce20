import { expect, test } from 'vitest'
import { COLLECTION } from './support/authority.ts'
import { DEVICE, createWorld } from './support/device.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'

const ABSENT = '01900000-0000-7000-8000-0000000000ff'

test('[SDK1] a replica can be written and read before it is enrolled, and keeps its device id', async () => {
  const { open } = createWorld()
  const replica = await open()
  const { recordId } = await replica.collection('anything').put(null, { title: 7 })
  await replica.close()
  const reopened = await open()
  expect(reopened.deviceId).toBe(replica.deviceId)
  expect(await reopened.collection('anything').get(recordId)).toEqual({
    id: recordId,
    data: { title: 7 },
    version: 0,
    pending: 1,
    inConflict: false,
  })
  await reopened.close()
})

test('[SDK1] what a device knows to be wrong is refused at the call, with a code, and leaves nothing', async () => {
  const { authority, open } = createWorld()
  const collections = authority.config.collections
  authority.config = {
    ...authority.config,
    collections: [...collections, { ...collections[0]!, name: 'readable', access: 'read' }],
  }
  const replica = await open()
  await replica.sync()
  const reports = replica.collection(COLLECTION)
  const { recordId } = await reports.put(null, { title: 'a' })
  const cases = [
    [() => reports.put(null, { note: 'no title' }), 'invalid_data'],
    [() => reports.patch(recordId, { unset: ['title'] }), 'invalid_data'],
    [() => reports.patch(recordId, { set: { '/title/x': 1 } }), 'invalid_patch'],
    [() => reports.patch(ABSENT, { set: { title: 'b' } }), 'not_found'],
    [() => reports.remove(ABSENT), 'not_found'],
    [() => reports.put('not-a-uuid', { title: 'b' }), 'invalid_id'],
    [() => reports.put(null, { title: 'x'.repeat(600_000) }), 'too_large'],
    [() => reports.put(null, [] as never), 'not_json'],
    [() => reports.put(null, { title: 1n } as never), 'not_json'],
    [() => replica.collection('nowhere').put(null, {}), 'unknown_collection'],
    [() => replica.collection('readable').put(null, { title: 'b' }), 'read_only'],
  ] as const
  for (const [call, code] of cases) await expect(call(), code).rejects.toMatchObject({ code })
  expect(await reports.get(recordId)).toMatchObject({ data: { title: 'a' }, pending: 1 })
  const unchecked = await replica.collection('nowhere').put(null, {}, { validate: false })
  expect(await replica.collection('nowhere').get(unchecked.recordId)).toMatchObject({ pending: 1 })
  await replica.close()
})

test('[SDK1] a removed record is gone from reads at once, and can be written again', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const { recordId } = await reports.put(null, { title: 'a' })
  await replica.sync()
  await reports.remove(recordId)
  expect(await reports.get(recordId)).toBeNull()
  expect(await reports.query()).toEqual([])
  await replica.sync()
  expect(authority.records.get(recordId)).toMatchObject({ deleted: true })
  await reports.put(recordId, { title: 'back' })
  await replica.sync()
  expect(await reports.get(recordId)).toMatchObject({ data: { title: 'back' }, pending: 0 })
  await replica.close()
})

test('[SDK1] query filters what the device shows, its own changes included, up to a limit', async () => {
  const { open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  for (let n = 0; n < 10; n++) await reports.put(null, { title: n % 2 === 0 ? 'even' : 'odd' })
  await replica.sync()
  const [first] = await reports.query(({ data }) => data['title'] === 'even')
  await reports.patch(first?.id ?? '', { set: { title: 'odd' } })
  expect(await reports.query(({ data }) => data['title'] === 'odd')).toHaveLength(6)
  expect(await reports.query(() => true, 3)).toHaveLength(3)
  await replica.close()
})

test('[SDK1] what is read is not shared with the store', async () => {
  const { open } = createWorld()
  const replica = await open()
  const data = { title: 'a', nested: { list: [1] } }
  const { recordId } = await replica.collection(COLLECTION).put(null, data)
  data.nested.list.push(2)
  const read = await replica.collection(COLLECTION).get(recordId)
  expect(read?.data).toEqual({ title: 'a', nested: { list: [1] } })
  await replica.close()
})

test('[SDK1] status$ shows the queue as it grows and drains', async () => {
  const { open, clock } = createWorld()
  const replica = await open()
  const seen: string[] = []
  const leave = replica.status$.subscribe(({ state, pending }) => seen.push(`${state} ${pending}`))
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(0)
  await replica.sync()
  leave()
  await replica.sync()
  expect(seen[0]).toBe('idle 0')
  expect(seen).toContain('idle 1')
  expect(seen).toContain('pushing 1')
  expect(seen.at(-1)).toBe('idle 0')
  await replica.close()
})

test('[SDK1] options that cannot work are refused at opening', async () => {
  const base = { url: 'http://authority.test', device: DEVICE, store: openMemoryStore(createMemoryDisk()) }
  const cases = [
    { ...base, url: 'nowhere' },
    { ...base, device: { ...DEVICE, appVersion: '1;2' } },
    { ...base, device: { ...DEVICE, appVersion: 'ä' } },
    { ...base, token: 'tmd_x_y_z' },
    { ...base, token: 'tme_x_y_z', deviceId: ABSENT },
    { ...base, deviceId: 'x' },
  ]
  for (const options of cases)
    await expect(openReplica(options)).rejects.toMatchObject({ code: 'invalid_options' })
})

test('[SDK1] a device that was enrolled elsewhere syncs with its token and id', async () => {
  const { authority, open } = createWorld()
  const replica = await open({ token: 'tmd_fleet_x_y', deviceId: ABSENT })
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  expect(await replica.sync()).toMatchObject({
    state: 'idle',
    pending: 0,
    deviceId: ABSENT,
    fleetId: 'fleet',
  })
  expect(authority.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
    'config',
    'push',
    'pull',
    'sessions',
    'heartbeat',
  ])
  await replica.close()
})

test('[SDK1] without any credential the device halts, and says so', async () => {
  const authority = createWorld().authority
  const { clock, disk } = createWorld()
  const store = openMemoryStore(disk)
  const replica = await openReplica({
    url: 'http://authority.test',
    device: DEVICE,
    store,
    clock,
    fetch: authority.fetch,
    sync: { auto: false },
  })
  expect(await replica.sync()).toMatchObject({ state: 'halted', problem: 'no_credential' })
  expect(authority.requests).toEqual([])
  await replica.close()
})
