import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { newUuid } from '#tests/support/device-world.ts'

const BATCHES = { size: 100, rounds: 10 }

/** A collection that an operator removes while devices use it, over a socket and PostgreSQL. */
describe('a removed collection', () => {
  let world: DeviceHttp
  let fleetId: string
  beforeAll(async () => {
    world = await deviceHttp()
    fleetId = world.fleet.fleetId
  })
  afterAll(() => world.close())

  const make = async (name: string): Promise<string> => {
    const body = { name, strategy: 'lww', schema: true }
    return (await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })).id
  }
  const remove = async (id: string, body: object, role: 'admin' | 'operator' = 'admin') => {
    const answer = await world.admin('DELETE', `/collections/${id}?fleet=${fleetId}`, body, role)
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const reason = 'the trial is over'

  it('is refused without the right role, name, version and reason', async () => {
    const id = await make('kept')
    const good = { name: 'kept', version: 1, reason }
    const refused = [
      await remove(id, good, 'operator'),
      await remove(id, { ...good, name: 'other' }),
      await remove(id, { ...good, reason: '' }),
      await remove(id, { ...good, version: 2 }),
      await remove(newUuid(), good),
    ]
    expect(refused.map(({ status }) => status)).toEqual([403, 400, 400, 409, 404])
    expect(await remove(id, good)).toEqual({ status: 200, body: { id, fleet: fleetId, name: 'kept' } })
    expect((await remove(id, good)).status).toBe(404)
    const { items } = await world.app.ctx.storage.audit.list(
      { fleetId, action: 'collection.remove' },
      { limit: 9, cursor: null },
    )
    expect(items).toMatchObject([{ target: id, reason, before: { name: 'kept', version: 1 } }])
  })

  it('[DL1] leaves devices to sync the rest; what they hold for it is a dead letter, and runs in a namesake', async () => {
    const [id, device] = [await make('trial'), await world.replica()]
    await make('rest')
    await device.sync()
    await device.collection('trial').put(null, { n: 1 })
    expect(await device.sync()).toMatchObject({ pending: 0, problem: null })
    const held = await device.collection('trial').put(null, { n: 2 })
    expect((await remove(id, { name: 'trial', version: 1, reason })).status).toBe(200)

    await device.collection('rest').put(null, { n: 3 })
    await device.sync()
    expect(await device.sync()).toMatchObject({ pending: 0, problem: null })
    expect(device.deadLetters$.get()).toMatchObject([{ code: 'unknown_collection' }])
    const other = await world.replica()
    await other.sync()
    expect(await other.collection('rest').query()).toHaveLength(1)

    await expect(make('trial')).rejects.toMatchObject({ tidemarkCode: 'already_exists' })
    expect(await world.app.ctx.storage.maintenance.purgeRemoved(fleetId, BATCHES)).toMatchObject({
      more: false,
    })
    await make('trial')
    const [letter] = device.deadLetters$.get()
    const call = { actor: SYSTEM, fleetId, id: letter?.deadLetterId ?? '', body: {} }
    expect((await replay(world.app.ctx, call)).result.status).toBe('applied')
    for (const replica of [device, other]) {
      await replica.sync()
      await replica.sync()
      const rows = await replica.collection('trial').query()
      expect(rows.map(({ id, data }) => [id, data])).toEqual([[held.recordId, { n: 2 }]])
      await replica.close()
    }
  })

  it('[TK5] a device that was away meanwhile reads the namesake anew', async () => {
    const [id, away, author] = [await make('season'), await world.replica(), await world.replica()]
    await author.sync()
    await author.collection('season').put(null, { n: 1 })
    for (const replica of [author, away]) await replica.sync()
    expect(await away.collection('season').query()).toHaveLength(1)
    await remove(id, { name: 'season', version: 1, reason })
    await world.app.ctx.storage.maintenance.purgeRemoved(fleetId, BATCHES)
    await make('season')
    for (let n = 0; n < 2; n++) await away.sync()
    expect(await away.collection('season').query()).toEqual([])
    for (const replica of [author, away]) await replica.close()
  })
})
