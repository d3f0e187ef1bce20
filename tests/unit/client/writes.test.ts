import { expect, test } from 'vitest'
import type { ReplicaOptions } from '#lib/client/open-replica.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import type { Json } from '#lib/kernel/json.ts'
import { SCAN_PAGE } from '#lib/client/tables.ts'
import { COLLECTION, FLEET, problem } from './support/authority.ts'
import { DEVICE, createWorld } from './support/device.ts'
import { createVirtualClock } from './support/virtual-clock.ts'

const ABSENT = '01900000-0000-7000-8000-0000000000ff'
const hex = (n: number): string => n.toString(16).padStart(12, '0')
const newId = (n: number): string => `01900000-0000-7000-8000-0000000001${String(n).padStart(2, '0')}`

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
    schemaVersion: 1,
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
  const cyclic: Json[] = []
  cyclic.push(cyclic)
  const cases = [
    [() => reports.put(null, { note: 'no title' }), 'invalid_data'],
    [() => reports.patch(recordId, { unset: ['title'] }), 'invalid_data'],
    [() => reports.patch(recordId, { set: { '/title/x': 1 } }), 'invalid_patch'],
    [() => reports.patch(ABSENT, { set: { title: 'b' } }), 'not_found'],
    [() => reports.remove(ABSENT), 'not_found'],
    [() => reports.put('not-a-uuid', { title: 'b' }), 'invalid_id'],
    [() => reports.put(null, { title: 'x'.repeat(600_000) }), 'too_large'],
    [() => reports.patch(recordId, { set: 'x' } as never), 'invalid_patch'],
    [() => reports.patch(recordId, { set: ['x'] } as never), 'invalid_patch'],
    [() => reports.patch(recordId, { unset: 'abc' } as never), 'invalid_patch'],
    [() => reports.patch(recordId, { unset: [7] } as never), 'invalid_patch'],
    [() => reports.patch(recordId, { title: 'b' } as never), 'invalid_patch'],
    [() => reports.put(recordId, { title: 'b' }, { resolves: 'x' }), 'invalid_id'],
    [() => reports.put(recordId, { title: 'b' }, { resolves: null } as never), 'invalid_id'],
    [() => reports.json(recordId, 'tree').apply(cyclic), 'not_json'],
    [() => reports.set(recordId, 'tags').add(cyclic), 'not_json'],
    [() => reports.register(recordId, 'state').set(1n as never), 'not_json'],
    [() => reports.set(recordId, 'tags').add(undefined as never), 'not_json'],
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

test('[SDK1] a query reads what its limit needs, in order of ids, new and changed records among the others', async () => {
  const { authority, disk, open } = createWorld()
  const inOrder = Array.from({ length: 1_200 }, (_, n) => `01900000-0000-7000-8000-${hex(n)}`)
  for (const id of inOrder.filter((_, n) => n % 3 > 0)) authority.write(id, { title: 'theirs' })
  let rowsRead = 0
  const memory = openMemoryStore(disk)
  const transact: ReplicaStore['transact'] = (work) =>
    memory.transact((tx) =>
      work({
        ...tx,
        async scan(table, scan) {
          const rows = await tx.scan(table, scan)
          if (table === 'records') rowsRead += rows.length
          return rows
        },
      }),
    )
  const replica = await open({ store: { ...memory, transact } })
  await replica.sync()
  const reports = replica.collection(COLLECTION)
  const own = inOrder.filter((_, n) => n % 3 === 0 && n < 30)
  for (const id of own) await reports.put(id, { title: 'mine' })
  await reports.patch(inOrder[4] as string, { set: { title: 'changed' } })
  await reports.remove(inOrder[7] as string)
  const shown = inOrder.filter((id, n) => n !== 7 && (n % 3 > 0 || own.includes(id)))
  expect((await reports.query()).map(({ id }) => id)).toEqual(shown)
  rowsRead = 0
  const first = await reports.query(() => true, 25)
  expect(first.map(({ id }) => id)).toEqual(shown.slice(0, 25))
  expect(first[4]?.data).toEqual({ title: 'changed' })
  expect(rowsRead).toBeLessThanOrEqual(SCAN_PAGE)
  expect(await reports.query(() => true, 0)).toEqual([])
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
    { ...base, url: 'ftp://authority.test' },
    { ...base, clock: { ...createVirtualClock(), now: () => Number.NaN } },
  ]
  const names = ['token', 'clock', 'schemas', 'sync', 'url', 'device', 'store', 'enrollmentKey', 'network']
  const untyped: object[] = [...names, 'random', 'fetch'].map((name) => ({
    ...base,
    [name]: ['clock', 'schemas', 'sync', 'url', 'device'].includes(name)
      ? null
      : name === 'store'
        ? Promise.resolve(base.store)
        : 5,
  }))
  for (const options of [...cases, ...(untyped as ReplicaOptions[])])
    await expect(openReplica(options)).rejects.toMatchObject({ code: 'invalid_options' })
})

test.each([
  ...[
    'intervalMs',
    'backoffBaseMs',
    'backoffCapMs',
    'changeDelayMs',
    'requestTimeoutMs',
    'stateToldEveryMs',
  ].flatMap((name) =>
    [Number.NaN, -1, '5', Infinity].map((ms) => [`sync.${name}`, { sync: { [name]: ms } }] as const),
  ),
  ...[0, 99].map((ms) => ['sync.intervalMs', { sync: { intervalMs: ms } }] as const),
  ['sync.requestTimeoutMs', { sync: { requestTimeoutMs: 0 } }],
  ...['', ' ', 'x'.repeat(121), 'a\nb', undefined].map(
    (name) => ['device.name', { device: { ...DEVICE, name } }] as const,
  ),
  ['device.name', { device: undefined }],
  ['device.model', { device: { ...DEVICE, model: '' } }],
  ['device.os', { device: { ...DEVICE, os: 'x'.repeat(121) } }],
  ['device.platform', { device: { ...DEVICE, platform: '' } }],
  ['schemas.*.version', { schemas: { notes: { version: 0 } } }],
] as const)('[SDK1] %s that cannot work is named, with what is allowed: %j', async (option, options) => {
  const base = { url: 'http://authority.test', device: DEVICE, store: openMemoryStore(createMemoryDisk()) }
  const opening = openReplica({ ...base, ...(options as Partial<ReplicaOptions>) })
  await expect(opening).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(`\`${option}\` must be `) as string,
  })
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

test('[CM2] a token that the app names at every opening does not undo a rotation', async () => {
  const { authority, open } = createWorld()
  const given = { token: `tmd_${FLEET}_given_y`, deviceId: ABSENT }
  const first = await open(given)
  authority.script.commands = [{ id: newId(1), type: 'rotate' }]
  const asked: (string | null)[] = []
  const watched = (async (input: string, init: RequestInit) => {
    asked.push(new Headers(init.headers).get('authorization'))
    if (!input.endsWith('/token/rotate')) return authority.fetch(input, init)
    return Response.json({ token: `tmd_${FLEET}_rotated_y` })
  }) as typeof fetch
  await first.close()
  const second = await open({ ...given, fetch: watched })
  await second.sync()
  await second.sync()
  await second.close()
  const third = await open({ ...given, fetch: watched })
  asked.length = 0
  await third.sync()
  expect(new Set(asked)).toEqual(new Set([`Bearer tmd_${FLEET}_rotated_y`]))
  await third.close()
})

test('[SDK1] an app that enrolled its device anew elsewhere hands over token and id; what waits becomes their work', async () => {
  const { authority, open } = createWorld()
  const first = await open()
  await first.sync()
  const { recordId } = await first.collection(COLLECTION).put(null, { title: 'kept' })
  authority.script.fault = ({ path }) =>
    path === '/api/v1/push' ? problem(401, 'device_revoked') : undefined
  expect(await first.sync()).toMatchObject({ state: 'halted', pending: 1 })
  await first.close()
  authority.script.fault = () => undefined
  const other = { token: `tmd_${FLEET}_other_y`, deviceId: newId(7) }
  const second = await open(other)
  expect(second.deviceId).toBe(other.deviceId)
  expect(await second.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
  expect(Object.keys(authority.records.get(recordId)?.versionVector ?? {})).toEqual([other.deviceId])
  await second.close()
})

test('[EN1] a device whose token the server forgot enrolls again under its id, and sends what waits', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  await replica.collection(COLLECTION).put(null, { title: 'waits' })
  authority.script.fault = ({ path }) =>
    path === '/api/v1/push' && enrolls() === 1 ? problem(401, 'unauthorized') : undefined
  const enrolls = (): number => authority.requests.filter(({ path }) => path.endsWith('/enroll')).length
  const { deviceId } = replica
  expect(await replica.sync()).toMatchObject({ state: 'backoff', problem: 'unauthorized', pending: 1 })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, deviceId })
  const asked = authority.requests.filter(({ path }) => path.endsWith('/enroll'))
  expect(asked).toHaveLength(2)
  expect(asked[1]?.json['requestId']).not.toBe(asked[0]?.json['requestId'])
  await replica.close()
})

test('[EN1] without a key such a device halts, keeps what waits, and goes on when it is opened with one', async () => {
  const { authority, open } = createWorld()
  const first = await open({ enrollmentKey: undefined, token: `tmd_${FLEET}_dead_y`, deviceId: ABSENT })
  authority.script.fault = ({ path }) =>
    path.endsWith('/enroll') || enrolled() ? undefined : problem(401, 'unauthorized')
  const enrolled = (): boolean => authority.requests.some(({ path }) => path.endsWith('/enroll'))
  await first.collection(COLLECTION).put(null, { title: 'waits' })
  expect(await first.sync()).toMatchObject({ state: 'halted', problem: 'unauthorized', pending: 1 })
  await first.close()
  const second = await open()
  await second.sync()
  expect(await second.sync()).toMatchObject({ state: 'idle', pending: 0, deviceId: ABSENT })
  await second.close()
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
