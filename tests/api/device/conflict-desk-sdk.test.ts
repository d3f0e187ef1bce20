import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { NOTES_SCHEMA } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'

/** What the desk decides, on real replicas over a socket and PostgreSQL. */
describe('the conflict desk and two devices', () => {
  let world: DeviceHttp
  let one: Replica
  let two: Replica
  const name = 'visits'
  beforeAll(async () => {
    world = await deviceHttp()
    const { fleetId } = world.fleet
    const body = { name, strategy: 'manual', schema: NOTES_SCHEMA }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    one = await world.replica()
    two = await world.replica()
    for (const replica of [one, two]) await replica.sync()
  })
  afterAll(async () => {
    for (const replica of [one, two]) await replica.close()
    await world.close()
  })

  const titleOf = async (replica: Replica, id: string): Promise<unknown> =>
    (await replica.collection(name).get(id))?.data['title']
  /** A record that both changed offline: what `one` did waits for a person. */
  async function contested() {
    const { recordId } = await one.collection(name).put(null, { title: 'first' })
    for (const replica of [one, two]) await replica.sync()
    await two.collection(name).patch(recordId, { set: { title: 'theirs' } })
    await two.sync()
    await one.collection(name).patch(recordId, { set: { title: 'mine' } })
    await one.sync()
    const notice = one.conflicts$.get().find((each) => each.recordId === recordId)
    if (notice === undefined) throw new Error('nothing waits for a person')
    const { conflictId } = notice
    const version = (await world.app.ctx.storage.sync.getRecord(world.fleet.fleetId, name, recordId))?.version
    return { recordId, conflictId, version: version ?? 0 }
  }
  const decide = async (id: string, body: JsonObject): Promise<void> => {
    const { fleetId } = world.fleet
    const answer = await world.admin('POST', `/conflicts/${id}/resolve?fleet=${fleetId}`, body, 'admin')
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`)
  }

  it.each([
    ['the device’s side', { choice: 'mine' }, 'mine'],
    ['the server’s side', { choice: 'theirs' }, 'theirs'],
    ['a third version', { choice: 'merged', data: { title: 'both' } }, 'both'],
  ] as const)(
    '[CS6] both show %s once it was kept, and nothing waits any longer',
    async (_, choice, title) => {
      const { recordId, conflictId, version } = await contested()
      expect(await titleOf(one, recordId)).toBe('mine')
      expect(await titleOf(two, recordId)).toBe('theirs')
      await decide(conflictId, { ...choice, version, reason: 'they were there' })
      for (const replica of [one, two, one]) await replica.sync()
      for (const replica of [one, two]) expect(await titleOf(replica, recordId)).toBe(title)
      expect(one.conflicts$.get()).toEqual([])
    },
  )

  it('[SM6] what waits for a person keeps nothing else of the device waiting', async () => {
    const { recordId, conflictId, version } = await contested()
    const { recordId: other } = await one.collection(name).put(null, { title: 'other work' })
    await one.collection(name).patch(other, { set: { title: 'more of it' } })
    // The record's own next edit waits with it, and holds up nobody.
    await one.collection(name).patch(recordId, { set: { count: 2 } })
    expect(await one.sync()).toMatchObject({ problem: null })
    await two.sync()
    expect(await titleOf(two, other)).toBe('more of it')
    expect(await titleOf(two, recordId)).toBe('theirs')
    await decide(conflictId, { choice: 'mine', version, reason: 'they were there' })
    for (const replica of [one, two, one, two]) await replica.sync()
    for (const replica of [one, two])
      expect((await replica.collection(name).get(recordId))?.data).toEqual({ title: 'mine', count: 2 })
  })

  it('[CS6] a rule over all of them reaches the devices as single decisions do', async () => {
    const first = await contested()
    const second = await contested()
    const { fleetId } = world.fleet
    const body = { rule: 'mine', before: Date.now() + 1, reason: 'the crew was there', count: 2 }
    const answer = await world.admin('POST', `/conflicts/by-rule?fleet=${fleetId}`, body, 'admin')
    expect(answer.status).toBe(200)
    await runOperation(world.app.ctx, fleetId, ((await answer.json()) as { id: string }).id)
    for (const replica of [one, two, one]) await replica.sync()
    for (const { recordId } of [first, second])
      for (const replica of [one, two]) expect(await titleOf(replica, recordId)).toBe('mine')
    expect(one.conflicts$.get()).toEqual([])
  })
})
