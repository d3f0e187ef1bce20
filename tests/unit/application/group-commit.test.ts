import { describe, expect, it } from 'vitest'
import { PUSHES_WAITING_MAX } from '#lib/application/sync/group-commit.ts'
import { DOCUMENTS_PER_GROUP_MAX, groupSize, PUSHES_PER_GROUP_MAX } from '#lib/application/sync/group-size.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { PushTx, Storage } from '#lib/storage/ports.ts'
import { StorageContention, StorageUnavailable } from '#lib/storage/ports.ts'
import { DEVICE_A, incomingOf, mutationBy, put, uuid } from '#tests/support/engine-world.ts'
import { TestDevice, bodyOf, testApp, testFleet } from '#tests/support/device-world.ts'

/** A memory storage whose push transactions can be counted, held back and made to fail. */
function watchedStorage() {
  const inner = openMemoryStorage()
  const watch = {
    groups: [] as number[],
    /** Changes of each write, by transaction. */
    writes: [] as number[][],
    fail: (_pushes: number, _deviceIds: readonly string[]): Error | null => null,
    gate: Promise.resolve(),
  }
  const transact: Storage['sync']['transact'] = (fleetId, work) =>
    inner.sync.transact(fleetId, async (tx) => {
      let deviceIds: readonly string[] = []
      const changes: number[] = []
      const watched: PushTx = {
        load: (plan) => {
          deviceIds = plan.requests.map(({ deviceId }) => deviceId)
          return tx.load(plan)
        },
        write: (writes) => (changes.push(writes.changes.length), tx.write(writes)),
        writeLast: (writes) => (changes.push(writes.changes.length), tx.writeLast(writes)),
      }
      await watch.gate
      const value = await work(watched)
      watch.groups.push(deviceIds.length)
      watch.writes.push(changes)
      const failure = watch.fail(deviceIds.length, deviceIds)
      if (failure) throw failure
      return value
    })
  return { storage: { ...inner, sync: { ...inner.sync, transact } }, watch }
}

async function world(devices: number) {
  const { storage, watch } = watchedStorage()
  const errors: string[] = []
  const app = testApp(storage, (message) => errors.push(message))
  const fleet = await testFleet(app)
  const enrolled: TestDevice[] = []
  for (let i = 0; i < devices; i++) enrolled.push(await TestDevice.enroll(app, fleet))
  return { devices: enrolled, watch, errors }
}

const pushAll = (devices: readonly TestDevice[]): Promise<Response[]> =>
  Promise.all(devices.map((device) => device.push(device.pushBody([device.mutation()]))))

const contention = Object.assign(new Error('deadlock'), { code: 'contention' })

describe('group commit', () => {
  it('commits pushes that wait together, and each gets its own answer', async () => {
    const { devices, watch } = await world(20)
    const answers = await pushAll(devices)
    const versions = await Promise.all(answers.map(async (answer) => (await bodyOf(answer))['results']))
    expect(watch.groups.length).toBeLessThan(20)
    expect(new Set(versions.map((results) => JSON.stringify(results))).size).toBe(20)
    expect(Math.max(...watch.groups)).toBeLessThanOrEqual(PUSHES_PER_GROUP_MAX)
  })

  it('writes a large group in parts while the rest of it is decided, with the rows by push in the last', async () => {
    const { devices, watch } = await world(5)
    let open = (): void => undefined
    watch.gate = new Promise((resolve) => (open = resolve))
    const sent = devices.map((device) => {
      const mutations = Array.from({ length: 60 }, () => device.mutation())
      return device.push(device.pushBody(mutations))
    })
    setTimeout(open, 100)
    const bodies = await Promise.all(sent.map(async (answer) => bodyOf(await answer)))
    const versions = bodies.flatMap(({ results }) =>
      (results as { version: number }[]).map(({ version }) => version),
    )
    expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
    expect(watch.writes.flat().reduce((sum, n) => sum + n, 0)).toBe(300)
    expect(watch.writes.some((parts) => parts.length > 1 && parts.every((n) => n > 0))).toBe(true)
  })

  it('[PU4] a group has as many pushes as load so many documents together', async () => {
    const { devices, watch } = await world(10)
    let open = (): void => undefined
    watch.gate = new Promise((resolve) => (open = resolve))
    const sent = devices.map((device) => {
      const mutations = Array.from({ length: 500 }, () => device.mutation())
      return device.push(device.pushBody(mutations))
    })
    setTimeout(open, 500)
    for (const answer of await Promise.all(sent)) expect(answer.status).toBe(200)
    const pushes = watch.groups.filter((count) => count > 0)
    expect(pushes.reduce((sum, count) => sum + count, 0)).toBe(10)
    expect(Math.max(...pushes)).toBeLessThanOrEqual(DOCUMENTS_PER_GROUP_MAX / 500)
  })

  it('[PU4] counts each record once and what its changes were made on, and takes the first push in any case', () => {
    const pushOn = (recordIds: readonly string[], baseVersion = 0) => ({
      mutations: recordIds.map((recordId) =>
        incomingOf(mutationBy(DEVICE_A, put({}), { recordId, baseVersion })),
      ),
    })
    const ids = (count: number, from = 0) => Array.from({ length: count }, (_, n) => uuid('e', from + n))
    const apart = (pushes: number, each: number, base = 0) =>
      Array.from({ length: pushes }, (_, n) => pushOn(ids(each, n * each), base))
    expect(groupSize([])).toBe(0)
    // As many as write at once in the benchmarks.
    expect(groupSize(apart(16, 50, 1))).toBe(16)
    expect(groupSize(apart(40, 10))).toBe(PUSHES_PER_GROUP_MAX)
    expect(groupSize(apart(10, 500))).toBe(8)
    expect(groupSize(apart(10, 500, 1))).toBe(4)
    expect(groupSize(Array.from({ length: 20 }, () => pushOn(ids(500), 1)))).toBe(20)
    expect(groupSize(apart(2, DOCUMENTS_PER_GROUP_MAX + 1))).toBe(1)
  })

  it('a group that fails is tried again one by one, so that a culprit fails alone', async () => {
    const { devices, watch, errors } = await world(8)
    watch.fail = (pushes) => (pushes > 1 ? new Error('some row is bad') : null)
    expect((await pushAll(devices)).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    watch.fail = () => new Error('every row is bad')
    const [answer] = await pushAll(devices.slice(0, 1))
    expect([answer?.status, (await bodyOf(answer as Response))['code']]).toEqual([500, 'internal'])
    expect(errors).toEqual([expect.stringContaining('every row is bad')])
  })

  it('contention is tried again, a bounded number of times', async () => {
    const { devices, watch } = await world(1)
    let failures = 2
    watch.fail = () => (failures-- > 0 ? contention : null)
    expect((await pushAll(devices)).map(({ status }) => status)).toEqual([200])
    watch.fail = () => contention
    const [answer] = await pushAll(devices)
    expect([answer?.status, (await bodyOf(answer as Response))['code']]).toEqual([503, 'shed'])
    expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('[BR2] a stream that cannot be locked fails its pushes at once, and the others of the group go on', async () => {
    const { devices, watch } = await world(6)
    const stuck = new StorageContention('lock timeout', { lockTimeout: { collection: 'notes' } })
    const [first, second] = devices as [TestDevice, TestDevice]
    let failed = 0
    // Which of the two comes first, and whether in one group, is the machine's affair.
    watch.fail = (_, deviceIds) => (deviceIds.includes(first.id) ? (failed++, stuck) : null)
    const other = second.mutation({ collection: 'elsewhere' })
    watch.gate = new Promise((resolve) => setTimeout(resolve, 50))
    const [sick, well] = await Promise.all([
      first.push(first.pushBody([first.mutation()])),
      second.push(second.pushBody([other])),
    ])
    expect([sick.status, well.status]).toEqual([503, 200])
    expect(failed).toBe(1)
  })

  it('a lock of something else that cannot be had in time is not waited for again', async () => {
    const { devices, watch } = await world(3)
    let tries = 0
    watch.fail = () => (tries++, new StorageContention('lock timeout', { lockTimeout: { collection: null } }))
    watch.gate = new Promise((resolve) => setTimeout(resolve, 50))
    expect((await pushAll(devices)).map(({ status }) => status)).toEqual([503, 503, 503])
    expect(tries).toBe(2)
  })

  it('a database that is away is 503 with Retry-After for all that wait', async () => {
    const { devices, watch } = await world(3)
    watch.fail = () => new StorageUnavailable('no connection')
    for (const answer of await pushAll(devices)) {
      expect([answer.status, (await bodyOf(answer))['code']]).toEqual([503, 'database_unavailable'])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })

  it('sheds what is past the bound of the queue', async () => {
    const { devices, watch } = await world(1)
    const [device] = devices as [TestDevice]
    let open = (): void => undefined
    watch.gate = new Promise((resolve) => (open = resolve))
    const sent = Array.from({ length: PUSHES_WAITING_MAX + 50 }, () => device.push(device.pushBody([])))
    setTimeout(open, 200)
    const statuses = (await Promise.all(sent)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0)
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(PUSHES_WAITING_MAX)
  })
})
