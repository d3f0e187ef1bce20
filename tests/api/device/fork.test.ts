import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { LINKED_IDS_MAX } from '#lib/storage/device-commands.ts'
import { copyOf } from '#tests/support/copy-of-disk.ts'
import { NOTES_SCHEMA, TestDevice, bodyOf, newUuid, send } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { sessionsOfDevice } from '#tests/support/sessions-of.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const enroll = (changes: object) =>
  send(world.app, 'POST', '/api/v1/enroll', {
    token: world.fleet.key,
    body: {
      requestId: newUuid(),
      deviceId: newUuid(),
      device: { name: 'twin', platform: 'ios', appVersion: '1.2.0' },
      ...changes,
    },
  })

/** The device again, under a new id that the server links to the old one. */
async function forkOf(device: TestDevice): Promise<TestDevice> {
  const response = await enroll({ formerDeviceId: device.id, formerToken: device.token })
  expect(response.status).toBe(201)
  return new TestDevice(world.app, (await response.json()) as never)
}

describe('a forked device over HTTP and PostgreSQL', () => {
  it('[FK2] answers a mutation that had an effect under a linked id as duplicate, whatever its hash', async () => {
    const device = await world.device()
    const mutation = device.mutation()
    const { results } = await device.pushed([mutation])
    const fork = await forkOf(device)
    const moved = { ...mutation, hlc: mutation.hlc.replace(device.id, fork.id) }
    const told = { under: device.id, hlc: mutation.hlc }
    const repeated = { id: mutation.id, status: 'duplicate', original: results[0], ...told }
    expect((await fork.pushed([moved])).results).toEqual([repeated])
    const changed = { ...moved, op: { type: 'put', data: { title: 'dots have moved' } } as const }
    expect((await fork.pushed([changed])).results).toEqual([repeated])
    const stranger = await world.device()
    const copied = { ...mutation, hlc: mutation.hlc.replace(device.id, stranger.id) }
    expect((await stranger.pushed([copied])).results).toMatchObject([{ code: 'mutation_id_reused' }])
  })

  it('[FK2] links both ways and through forks of forks, at most so many', async () => {
    const device = await world.device()
    const forks = [device]
    for (let n = 0; n < LINKED_IDS_MAX + 2; n++) forks.push(await forkOf(forks.at(-1) as TestDevice))
    const last = forks.at(-1) as TestDevice
    const mutation = last.mutation()
    const { results } = await last.pushed([mutation])
    const twin = forks.at(-3) as TestDevice
    const copied = { ...mutation, hlc: mutation.hlc.replace(last.id, twin.id) }
    expect((await twin.pushed([copied])).results).toEqual([
      { id: mutation.id, status: 'duplicate', original: results[0], under: last.id, hlc: mutation.hlc },
    ])
    const kept = await world.storage.devices.get(world.fleet.fleetId, last.id)
    expect(kept?.linkedIds).toHaveLength(LINKED_IDS_MAX)
    expect(kept?.linkedIds).toContain(forks.at(-2)?.id)
  })

  it('[CM1] a fork hears too that a conflict which both hold was decided, and the one that decided it does not', async () => {
    const { fleetId } = world.fleet
    const body = { name: 'visits', strategy: 'manual', schema: NOTES_SCHEMA }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    const [device, other] = [await world.device(), await world.device()]
    const made = device.mutation({ collection: 'visits' })
    const { head } = await device.pushed([made])
    const on = { collection: 'visits', recordId: made.recordId, baseVersion: head['visits'] as number }
    await other.pushed([other.mutation({ ...on, op: { type: 'patch', set: { count: 1 } } })])
    const { results } = await device.pushed([
      device.mutation({ ...on, op: { type: 'patch', set: { count: 2 } } }),
    ])
    const { conflictId, record } = results[0] as { conflictId: string; record: { version: number } }
    const fork = await forkOf(device)
    const op = { type: 'patch', set: { count: 3 } } as const
    await device.pushed([device.mutation({ ...on, baseVersion: record.version, resolves: conflictId, op })])
    const told = async (one: TestDevice) =>
      JSON.parse(
        (await one.send('GET', '/api/v1/config')).headers.get('tidemark-commands') ?? '[]',
      ) as unknown
    expect(await told(fork)).toEqual([{ id: expect.any(String), type: 'resolved', conflictId }])
    expect(await told(device)).toEqual([])
    expect(await told(other)).toEqual([])
  })

  it('[CM4] a fork hears too that a letter which both hold was closed', async () => {
    const disk = createMemoryDisk()
    const first = await world.replica({ store: openMemoryStore(disk) })
    for (const title of [7, 8])
      await first.collection('notes').put(null, { title } as never, { validate: false })
    await first.sync()
    const [discarded, replayed] = first.deadLetters$.get().map(({ deadLetterId }) => deadLetterId)
    const twin = await world.replica({ store: openMemoryStore(copyOf(disk)) })
    await first.sync()
    expect(await twin.sync()).toMatchObject({ problem: 'device_forked' })
    expect(await twin.sync()).toMatchObject({ problem: null })
    expect(twin.deadLetters$.get()).toHaveLength(2)

    const close = async (id: string | undefined, act: string, body: object): Promise<void> => {
      const answer = await world.admin('POST', `/dead-letters/${id}/${act}`, { reason: 'a test', ...body })
      expect(answer.status).toBe(200)
    }
    await close(discarded, 'discard', {})
    await close(replayed, 'edit', { op: { type: 'put', data: { title: 'mended' } } })
    for (const replica of [first, twin]) {
      expect(await replica.sync()).toMatchObject({ problem: null })
      expect(replica.deadLetters$.get()).toEqual([])
      await replica.close()
    }
  })

  it('[FK2] goes on with a chain that began under the former id', async () => {
    const device = await world.device()
    const parent = device.mutation({ op: { type: 'put', data: { title: 'first', count: 1 } } })
    await device.pushed([parent])
    const fork = await forkOf(device)
    const child = fork.mutation({
      recordId: parent.recordId,
      after: parent.id,
      op: { type: 'patch', set: { count: 2 } },
    })
    expect((await fork.pushed([child])).results).toMatchObject([{ status: 'applied' }])
    // What the twin writes meanwhile under the old id is another's all the same.
    await device.pushed([
      device.mutation({
        recordId: parent.recordId,
        baseVersion: 1,
        op: { type: 'patch', set: { title: 'twin' } },
      }),
    ])
    const next = fork.mutation({
      recordId: parent.recordId,
      after: child.id,
      op: { type: 'patch', set: { title: 'fork' } },
    })
    expect((await fork.pushed([next])).results[0]?.status).not.toBe('applied')
  })

  it('[FK2] asks for a token of the former device', async () => {
    const [device, other] = [await world.device(), await world.device()]
    for (const proof of [
      { formerDeviceId: device.id },
      { formerDeviceId: device.id, formerToken: other.token },
      { formerDeviceId: device.id, formerToken: 'tmd_x' },
    ]) {
      const response = await enroll(proof)
      expect([response.status, (await bodyOf(response))['code']]).toEqual([401, 'unauthorized'])
    }
  })

  it('[FK1] [check 25a] a copied store enrolls anew by itself, keeps what waited under its ids, and doubles nothing', async () => {
    const disk = createMemoryDisk()
    const first = await world.replica({ store: openMemoryStore(disk) })
    await first.sync()
    const shared = await first.collection('notes').put(null, { title: 'written before the copy' })
    const twin = await world.replica({ store: openMemoryStore(copyOf(disk)) })
    expect(twin.deviceId).toBe(first.deviceId)
    const own = await twin.collection('notes').put(null, { title: 'by the twin' })
    await twin.collection('notes').patch(shared.recordId, { set: { count: 1 } })
    expect(await first.sync()).toMatchObject({ state: 'idle', pending: 0 })

    expect(await twin.sync()).toMatchObject({ problem: 'device_forked', pending: 3 })
    expect(twin.deviceId).not.toBe(first.deviceId)
    const after = await twin.sync()
    expect(after).toMatchObject({ state: 'idle', pending: 0, refused: 0, problem: null })
    await first.sync()
    for (const replica of [first, twin]) {
      const notes = await replica.collection('notes').query()
      // Ids of the same millisecond are in no order of their own.
      const ofId = new Map(notes.map(({ id, data }) => [id, data]))
      expect(ofId.get(shared.recordId)).toEqual({ title: 'written before the copy', count: 1 })
      expect(ofId.get(own.recordId)).toEqual({ title: 'by the twin' })
    }
    const { fleetId } = world.fleet
    const filter = sessionsOfDevice(twin.deviceId)
    await twin.sync()
    const page = await world.storage.sessions.list(fleetId, filter, { limit: 10, cursor: null })
    expect(page.items.map(({ fullReason }) => fullReason)).toContain('device_forked')
    await first.close()
    await twin.close()
  })

  it('[FK1] a copy that was copied again before it enrolled: both go on, and everything counts once', async () => {
    const disk = createMemoryDisk()
    const first = await world.replica({ store: openMemoryStore(disk) })
    await first.sync()
    const copied = copyOf(disk)
    const twin = await world.replica({ store: openMemoryStore(copied) })
    const shared = await twin.collection('notes').put(null, { title: 'in both copies' })
    await first.sync()
    expect(await twin.sync()).toMatchObject({ problem: 'device_forked' })
    const third = await world.replica({ store: openMemoryStore(copyOf(copied)) })
    const own = await third.collection('notes').put(null, { title: 'by the third' })
    for (let n = 0; n < 3; n++) for (const replica of [twin, third]) await replica.sync()
    for (const replica of [twin, third])
      expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
    expect(twin.deviceId).not.toBe(third.deviceId)
    await first.sync()
    for (const { recordId } of [shared, own])
      expect(await first.collection('notes').get(recordId)).toMatchObject({ version: expect.any(Number) })
    for (const replica of [first, twin, third]) await replica.close()
  })

  it('[FK1][EN1] a copy that enrolls after its former token has died does so without the proof', async () => {
    const disk = createMemoryDisk()
    const first = await world.replica({ store: openMemoryStore(disk) })
    await first.sync()
    const twin = await world.replica({ store: openMemoryStore(copyOf(disk)) })
    await twin.collection('notes').put(null, { title: 'by the twin' })
    await first.sync()
    expect(await twin.sync()).toMatchObject({ problem: 'device_forked', pending: 1 })
    const path = `/devices/${first.deviceId}/commands?fleet=${world.fleet.fleetId}`
    await world.admin('POST', path, { type: 'rotate' })
    await first.sync()
    world.clock.aheadMs = 25 * 3_600_000
    world.app.ctx.directory.forget()
    await twin.sync()
    expect(await twin.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0, problem: null })
    world.clock.aheadMs = 0
    await first.close()
    await twin.close()
  })

  it('[FK1] a store that is copied while it is open loses nothing that was joined since to what the copy sends', async () => {
    const disk = createMemoryDisk()
    const first = await world.replica({ store: openMemoryStore(disk) })
    await first.sync()
    const { recordId } = await first.collection('notes').put(null, { title: 'before the copy' })
    const twin = await world.replica({ store: openMemoryStore(copyOf(disk)) })
    await first.collection('notes').patch(recordId, { set: { count: 7 } })
    expect(await twin.sync()).toMatchObject({ pending: 0 })
    for (let n = 0; n < 3; n++) await first.sync()
    expect(first.deviceId).not.toBe(twin.deviceId)
    expect(first.status$.get()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
    await twin.sync()
    for (const replica of [first, twin])
      expect((await replica.collection('notes').get(recordId))?.data).toEqual({
        title: 'before the copy',
        count: 7,
      })
    await first.close()
    await twin.close()
  })
})
