import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { sessionsOfDevice } from '#tests/support/sessions-of.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const command = async (replica: Replica, body: object): Promise<unknown> => {
  const path = `/devices/${replica.deviceId}/commands?fleet=${world.fleet.fleetId}`
  return (await bodyOf(await world.admin('POST', path, body)))['id']
}
const commandsOf = async (replica: Replica) =>
  (await world.storage.devices.get(world.fleet.fleetId, replica.deviceId))?.commands ?? []
const allDone = async (replica: Replica): Promise<boolean> =>
  (await commandsOf(replica)).every(({ acknowledgedAtMs }) => acknowledgedAtMs !== null)

async function sessionsOf(replica: Replica) {
  const filter = sessionsOfDevice(replica.deviceId)
  const page = await world.storage.sessions.list(world.fleet.fleetId, filter, { limit: 20, cursor: null })
  return page.items
}

describe('the SDK obeys, over HTTP and PostgreSQL', () => {
  it('[TK4] resync: reads everything anew, keeps what waits, records the reason', async () => {
    const replica = await world.replica()
    const { recordId } = await replica.collection('notes').put(null, { title: 'old' })
    await replica.sync()
    await command(replica, { type: 'resync' })
    await replica.sync()
    await replica.collection('notes').put(recordId, { title: 'waits' })
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
    expect(await replica.collection('notes').get(recordId)).toMatchObject({ data: { title: 'waits' } })
    const full = (await sessionsOf(replica)).filter(({ mode }) => mode === 'full')
    expect(full.map(({ fullReason }) => fullReason).sort()).toEqual(['command', 'first'])
    expect(await allDone(replica)).toBe(true)
    await replica.close()
  })

  it('[CM2] pause and resume: sends nothing but that it lives, and goes on when it is told', async () => {
    const replica = await world.replica()
    await replica.sync()
    await command(replica, { type: 'pause' })
    await replica.collection('notes').put(null, { title: 'while paused' })
    expect(await replica.sync()).toMatchObject({ state: 'shed', problem: 'device_paused', pending: 1 })
    world.clock.aheadMs = 3_600_000
    await replica.sync()
    expect(replica.status$.get()).toMatchObject({ pending: 1, paused: 'by_server' })
    const paused = await world.storage.devices.get(world.fleet.fleetId, replica.deviceId)
    expect(paused?.report).toMatchObject({ depth: 1 })
    expect(await allDone(replica)).toBe(true)
    await command(replica, { type: 'resume' })
    await replica.sync()
    expect(replica.status$.get()).toMatchObject({ paused: 'no' })
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, problem: null })
    world.clock.aheadMs = 0
    expect(await allDone(replica)).toBe(true)
    await replica.close()
  })

  it('[CM2] send_diagnostics: sends ids and counts, never documents or credentials', async () => {
    const replica = await world.replica()
    await replica.sync()
    const id = await command(replica, { type: 'send_diagnostics' })
    await replica.collection('notes').put(null, { title: 'a very private title' })
    await replica.sync()
    await replica.sync()
    const path = `/devices/${replica.deviceId}/diagnostics`
    const fleet = `?fleet=${world.fleet.fleetId}`
    const { items } = await bodyOf(await world.admin('GET', path + fleet))
    const rows = items as { id: string; commandId: string }[]
    expect(rows.map(({ commandId }) => commandId)).toEqual([id])
    const text = await (await world.admin('GET', `${path}/${rows[0]?.id}${fleet}`)).text()
    expect(text).not.toMatch(/private title|tmd_|tme_/)
    expect(JSON.parse(text)).toMatchObject({
      body: { commandId: id, device: { name: 'tablet' }, position: { hasToken: true }, refusals: [] },
    })
    expect(await allDone(replica)).toBe(true)
    await replica.close()
  })

  it('[CM2] [check 23] rotate: takes a new token and goes on with it after the old one has ended', async () => {
    const replica = await world.replica()
    await replica.sync()
    await command(replica, { type: 'rotate' })
    await replica.sync()
    await replica.sync()
    expect(await allDone(replica)).toBe(true)
    world.clock.aheadMs = 2 * 86_400_000
    try {
      expect(await replica.sync()).toMatchObject({ state: 'idle', problem: null })
    } finally {
      world.clock.aheadMs = 0
    }
    await replica.close()
  })

  it('[SM6] revoke: halts, and keeps what was not sent', async () => {
    const replica = await world.replica()
    await replica.sync()
    await command(replica, { type: 'revoke', reason: 'stolen' })
    await replica.collection('notes').put(null, { title: 'stays here' })
    expect(await replica.sync()).toMatchObject({ state: 'halted', problem: 'device_revoked', pending: 1 })
    await replica.close()
  })

  it.each(['mine', 'theirs', 'merged'] as const)(
    '[CS6][CM1] the decision (%s) of one device’s conflict closes no other one’s, and is heard of though no news came',
    async (choice) => {
      const { fleetId } = world.fleet
      const name = `asked-${choice}`
      const body = { name, strategy: 'manual', schema: true }
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
      const [one, two, three] = [await world.replica(), await world.replica(), await world.replica()]
      const all = [one, two, three]
      const { recordId } = await three.collection(name).put(null, { v: 0 })
      for (const replica of [three, one, two]) await replica.sync()
      await three.collection(name).put(recordId, { v: 1 })
      await three.sync()
      for (const [replica, v] of [
        [one, 'one'],
        [two, 'two'],
      ] as const) {
        await replica.collection(name).put(recordId, { v })
        await replica.sync()
        await replica.collection(name).patch(recordId, { set: { later: v } })
      }
      const idOf = (replica: Replica): string => replica.conflicts$.get()[0]?.conflictId ?? ''
      // More news than may wait: what became of the conflict isn't among it.
      const full = vi.spyOn(world.app.ctx.storage.devices, 'command').mockRejectedValue(new Error('full'))
      vi.spyOn(world.app.ctx.log, 'warn').mockReturnValue(undefined)
      const decide = async (replica: Replica, version: number) => {
        const data = choice === 'merged' ? { data: { v: 'both' } } : {}
        const path = `/conflicts/${idOf(replica)}/resolve?fleet=${fleetId}`
        expect((await world.admin('POST', path, { choice, version, ...data })).status).toBe(200)
      }
      const versionOf = async () =>
        (await world.storage.sync.getRecord(fleetId, name, recordId))?.version ?? 0
      await decide(two, await versionOf())
      for (let n = 0; n < 3; n++) for (const replica of all) await replica.sync()
      expect(two.conflicts$.get()).toEqual([])
      expect(one.conflicts$.get()).toHaveLength(1)
      expect(await one.collection(name).get(recordId)).toMatchObject({ data: { v: 'one' }, inConflict: true })
      await decide(one, await versionOf())
      for (let n = 0; n < 3; n++) for (const replica of all) await replica.sync()
      full.mockRestore()
      vi.restoreAllMocks()
      expect(all.map((replica) => replica.conflicts$.get())).toEqual([[], [], []])
      const shown = await Promise.all(all.map((replica) => replica.collection(name).get(recordId)))
      for (const view of shown) expect(view).toMatchObject({ inConflict: false, data: shown[2]?.data })
      for (const replica of all) await replica.close()
    },
  )

  it('[CM3][DL6] letters that were replayed into a conflict are told on their device as that conflict', async () => {
    const { fleetId } = world.fleet
    const { ctx } = world.app
    const name = 'asked-letters'
    const schema = (type: string | string[]) => ({ type: 'object', properties: { v: { type } } })
    const body = { name, strategy: 'manual', schema: schema('string') }
    const { id, version } = await createCollection(ctx, { actor: SYSTEM, fleetId, body })
    const [one, two] = [await world.replica(), await world.replica()]
    const { recordId } = await one.collection(name).put(null, { v: 'first' })
    for (const replica of [one, two]) await replica.sync()
    await one.collection(name).put(recordId, { v: 1 }, { validate: false })
    await one.sync()
    const [letter] = one.deadLetters$.get()
    expect(letter).toMatchObject({ code: 'schema_mismatch' })
    await two.collection(name).put(recordId, { v: 'two' })
    await two.sync()
    const fits = { version, schema: schema(['string', 'integer']) }
    await publishCollection(ctx, { actor: SYSTEM, fleetId, id, body: fits })
    const path = `/dead-letters/${letter?.deadLetterId}/replay?fleet=${fleetId}`
    expect((await world.admin('POST', path, {})).status).toBe(200)

    await one.sync()
    expect([one.deadLetters$.get(), one.refusals$.get()]).toEqual([[], []])
    expect(one.conflicts$.get()).toMatchObject([
      { mutations: [{ id: letter?.mutation.id }], record: { data: { v: 'two' } } },
    ])
    expect(await one.collection(name).get(recordId)).toMatchObject({ data: { v: 1 }, inConflict: true })
    await one
      .collection(name)
      .put(recordId, { v: 2 }, { resolves: one.conflicts$.get()[0]?.conflictId ?? '' })
    for (const replica of [one, two, one]) await replica.sync()
    expect([one, two].map((replica) => replica.conflicts$.get())).toEqual([[], []])
    for (const replica of [one, two]) {
      expect(await replica.collection(name).get(recordId)).toMatchObject({
        data: { v: 2 },
        inConflict: false,
      })
      await replica.close()
    }
  })
})
