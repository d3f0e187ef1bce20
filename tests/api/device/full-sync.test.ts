import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { keepOf, RETENTION_DEFAULT } from '#lib/application/retention/retention.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { TestDevice, TestFleet } from '#tests/support/device-world.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const DAY_MS = 86_400_000
const KEEP = keepOf(RETENTION_DEFAULT)

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

/** A fleet whose `notes` are more than a page, and whose `small` collection is not. */
async function largeFleet(fullSyncs: { perMinute: number; burst: number }): Promise<TestFleet> {
  const fleet = await world.fleetWith({ fullSyncs })
  const body = { name: 'small', strategy: 'lww', schema: true }
  await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
  const writer = await world.device(fleet)
  const note = () => writer.mutation()
  await writer.pushed(Array.from({ length: 500 }, note))
  await writer.pushed([note(), writer.mutation({ collection: 'small' })])
  return fleet
}
const pullAt = (device: TestDevice, token: string) =>
  device.send('GET', `/api/v1/pull?${new URLSearchParams({ token })}`)
const later = async <T>(aheadMs: number, work: () => Promise<T>): Promise<T> => {
  const before = world.clock.aheadMs
  world.clock.aheadMs = aheadMs
  try {
    return await work()
  } finally {
    world.clock.aheadMs = before
  }
}

describe('full syncs over HTTP and PostgreSQL', () => {
  it('[TK3] a pull of one collection leaves the place of another where it was', async () => {
    const fleet = await world.fleetWith({})
    const body = { name: 'small', strategy: 'lww', schema: true }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    const device = await world.device(fleet)
    const small = () => device.mutation({ collection: 'small' })
    await device.pushed([device.mutation(), small()])
    const { token } = await device.pulled()
    await device.pushed([device.mutation(), small()])
    const query = new URLSearchParams({ token, collections: 'small' })
    const one = await bodyOf(await device.send('GET', `/api/v1/pull?${query}`))
    expect(one).toMatchObject({ changes: [{ collection: 'small' }], snapshots: {} })
    const both = await device.pulled(one['token'] as string)
    expect(both).toMatchObject({ changes: [{ collection: 'notes' }], snapshots: {} })
  })

  it('[TK7] admits at a pace, tells those in line their place, and lets other collections flow', async () => {
    const fleet = await largeFleet({ perMinute: 1, burst: 2 })
    const devices = await Promise.all(Array.from({ length: 5 }, () => world.device(fleet)))
    const elsewhere = await world.another()
    const pages: PullResponse[] = []
    for (const [i, device] of devices.entries())
      pages.push(await (i % 2 ? device.at(elsewhere) : device).pulled())
    expect(pages.map(({ snapshots }) => snapshots)).toEqual([
      { notes: 'running', small: 'running' },
      { notes: 'running', small: 'running' },
      ...Array.from({ length: 3 }, () => ({ notes: 'queued', small: 'complete' })),
    ])
    expect(pages.map(({ admission }) => admission?.place)).toEqual([undefined, undefined, 0, 1, 2])
    expect(pages[2]?.admission?.retryAfterMs).toBeGreaterThan(50_000)
    expect(pages[2]?.changes.map(({ collection }) => collection)).toEqual(['small'])
    // Asking again keeps the place, and what runs goes on.
    const last = devices[4] as TestDevice
    expect((await last.pulled(pages[4]?.token)).admission?.place).toBe(2)
    expect((await devices[0]?.pulled(pages[0]?.token))?.snapshots).toEqual({
      notes: 'complete',
      small: 'complete',
    })
    await later(61_000, async () => {
      expect((await devices[2]?.pulled(pages[2]?.token))?.snapshots).toEqual({ notes: 'running' })
      expect((await last.pulled(pages[4]?.token)).admission?.place).toBe(1)
    })
  })

  it('[TK7] the SDK waits for its turn, shows its place, and sends its work meanwhile', async () => {
    const fleet = await largeFleet({ perMinute: 1, burst: 1 })
    await (await world.device(fleet)).pulled()
    const replica = await world.replica({}, fleet)
    const { recordId } = await replica.collection('notes').put(null, { title: 'mine' })
    const status = await replica.sync()
    expect(status).toMatchObject({ state: 'idle', pending: 0, resyncPlace: 0, problem: null })
    expect(await replica.collection('small').query()).toHaveLength(1)
    expect(await replica.collection('notes').query()).toHaveLength(1)
    const ahead = await later(61_000, () => replica.sync())
    expect(ahead).toMatchObject({ state: 'idle', resyncPlace: null })
    expect(await replica.collection('notes').query()).toHaveLength(502)
    expect(await replica.collection('notes').get(recordId)).toMatchObject({ data: { title: 'mine' } })
    await replica.close()
  })

  it('[TK5] answers 410 for a token past 30 days, and 400 for one that was altered', async () => {
    const device = await world.device()
    await device.pushed([device.mutation()])
    const { token } = await device.pulled()
    await later(30 * DAY_MS + 60_000, async () => {
      const old = await pullAt(device, token)
      expect([old.status, await bodyOf(old)]).toMatchObject([410, { code: 'token_expired', resync: 'full' }])
    })
    const altered = await pullAt(device, `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`)
    expect([altered.status, (await bodyOf(altered))['code']]).toEqual([400, 'token_invalid'])
  })

  it('[TK5] answers 410 where a tombstone was purged that the device has not read; the SDK drops the record', async () => {
    const fleet = await world.fleetWith({})
    const body = { name: 'small', strategy: 'lww', schema: true }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    const writer = await world.device(fleet)
    const [kept, gone] = [writer.mutation(), writer.mutation()]
    await writer.pushed([kept, gone])
    const reader = await world.device(fleet)
    const { token } = await reader.pulled()
    const replica = await world.replica({}, fleet)
    await replica.sync()
    const mine = await replica.collection('notes').patch(gone.recordId, { set: { count: 1 } })
    await writer.pushed([
      writer.mutation({ recordId: gone.recordId, baseVersion: 2, op: { type: 'delete' } }),
    ])
    // The device renews its token for another collection only, so that its place in this one grows old.
    const renewed = await later(29 * DAY_MS, async () => {
      const page = await reader.send(
        'GET',
        `/api/v1/pull?${new URLSearchParams({ token, collections: 'small' })}`,
      )
      return ((await page.json()) as { token: string }).token
    })
    await later(46 * DAY_MS, async () => {
      await world.storage.maintenance.applyRetention(Date.now() + 46 * DAY_MS, KEEP, { size: 100, rounds: 1 })
      const answer = await pullAt(reader, renewed)
      expect([answer.status, await bodyOf(answer)]).toMatchObject([410, { resync: 'full' }])
      const anew = await reader.pulled()
      expect(anew.changes.map(({ recordId }) => recordId)).toEqual([kept.recordId])
      // CS9: the edit of the purged record goes to a person; it does not come back by itself.
      expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
      expect(replica.conflicts$.get().map(({ mutations }) => mutations[0]?.id)).toEqual([mine.mutationId])
      expect((await replica.collection('notes').query()).map(({ id }) => id)).toContain(kept.recordId)
    })
    await replica.close()
  })

  it('[CS9] a put with base 0 on a purged record recreates it', async () => {
    const fleet = await world.fleetWith({})
    const device = await world.device(fleet)
    const made = device.mutation()
    await device.pushed([
      made,
      device.mutation({ recordId: made.recordId, after: made.id, op: { type: 'delete' } }),
    ])
    await world.storage.maintenance.applyRetention(Date.now() + 46 * DAY_MS, KEEP, { size: 100, rounds: 1 })
    const { results } = await device.pushed([
      device.mutation({ recordId: made.recordId, baseVersion: 2, op: { type: 'patch', set: { count: 1 } } }),
      device.mutation({ recordId: made.recordId }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['conflict', 'applied'])
  })

  it('[TK4] an altered or expired token leads the SDK to a full sync; what waits is kept', async () => {
    const replica = await world.replica()
    await replica.sync()
    const { recordId } = await replica.collection('notes').put(null, { title: 'kept' })
    await later(31 * DAY_MS, () => replica.sync())
    expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0 })
    expect(await replica.collection('notes').get(recordId)).toMatchObject({ data: { title: 'kept' } })
    await replica.close()
  })
})
