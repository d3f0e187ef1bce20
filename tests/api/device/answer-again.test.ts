import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, TestDevice, newUuid, testApp, testFleet } from '#tests/support/device-world.ts'
import type { HttpWorld } from '#tests/support/http-world.ts'
import { overHttp } from '#tests/support/http-world.ts'
import { jsonBody } from '#tests/support/operator-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

/** Of its results, those that the log has for good are kept there alone (decision 39). */
describe.each(STORAGES)('an answer that is given again, over $name', ({ open }) => {
  let held: TestStorage
  let world: HttpWorld
  let fleet: TestFleet
  let one: TestDevice
  let two: TestDevice
  beforeAll(async () => {
    held = await open()
    world = await overHttp(testApp(held.storage))
    fleet = await testFleet(world.app)
    for (const strategy of ['lww', 'manual'] as const) {
      const body = { name: strategy, strategy, schema: NOTES_SCHEMA }
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    }
    one = await TestDevice.enroll(world.app, fleet)
    two = await TestDevice.enroll(world.app, fleet)
  })
  afterAll(async () => {
    await world.close()
    await held.close()
  })

  const put = (data: JsonObject) => ({ type: 'put' as const, data })
  const patch = (set: JsonObject) => ({ type: 'patch' as const, set })

  /** A record of which `two` made the second version. */
  async function contested(collection: string): Promise<{ recordId: string; baseVersion: number }> {
    const made = one.mutation({ collection, op: put({ title: 'first', count: 1 }) })
    const { recordId } = made
    const [result] = (await one.pushed([made])).results
    const baseVersion = result?.status === 'applied' ? result.version : 0
    await two.pushed([two.mutation({ collection, recordId, baseVersion, op: patch({ title: 'theirs' }) })])
    return { recordId, baseVersion }
  }

  it('[ID2] is the first one byte for byte, whatever became of its conflicts and letters since', async () => {
    const [older, newer, merged, open_] = [
      await contested('lww'),
      await contested('lww'),
      await contested('notes'),
      await contested('manual'),
    ]
    const known = one.mutation()
    await one.pushed([known])
    const mine = one.mutation({ collection: 'manual', ...open_, op: patch({ title: 'mine' }) })
    const stamped = (wallMs: number) => ({ hlc: formatHlc({ wallMs, counter: 0, deviceId: one.id }) })
    const body = one.pushBody([
      one.mutation({ op: put({ title: 'é\u2028"\\', count: 3 }) }),
      one.mutation({
        collection: 'lww',
        ...older,
        op: put({ title: 'older' }),
        ...stamped(1),
      }),
      one.mutation({
        collection: 'lww',
        ...newer,
        op: put({ title: 'newer' }),
        ...stamped(Date.now() + 1_000),
      }),
      one.mutation({ ...merged, op: patch({ count: 2 }) }),
      mine,
      one.mutation({ collection: 'manual', ...open_, after: mine.id, op: patch({ count: 9 }) }),
      one.mutation({ op: put({ title: 7 }) }),
      one.mutation({ hlc: 'none' }),
      known,
    ])
    const first = await (await one.push(body)).text()
    const { results } = JSON.parse(first) as PushResponse
    expect(results.map(({ status }) => status)).toEqual([
      'applied',
      'superseded',
      'merged',
      'merged',
      'conflict',
      'conflict',
      'dead_lettered',
      'refused',
      'duplicate',
    ])
    await decided(results)
    const again = await one.push({ ...body, sessionId: newUuid(), report: one.report() })
    expect(await again.text()).toBe(first)
    const [, , , , , child] = (await one.pushed(body['mutations'] as JsonObject[])).results
    expect(child).toMatchObject({ status: 'duplicate', original: { status: 'applied' } })
  })

  /** The device's side is kept, so that what waits behind it is carried out. */
  async function decided(results: PushResponse['results']): Promise<void> {
    const conflict = results.find(({ status }) => status === 'conflict')
    if (conflict?.status !== 'conflict' || !conflict.record) throw new Error('nothing waits for a person')
    const { key } = await createApiKey(world.app.ctx, {
      actor: SYSTEM,
      body: { name: 'desk', role: 'operator', fleet: fleet.fleetId },
    })
    const choice = { choice: 'mine', version: conflict.record.version }
    const headers = { authorization: `Bearer ${key}` }
    const path = `/conflicts/${conflict.conflictId}/resolve`
    const answer = await world.admin(path, jsonBody('POST', choice, headers))
    expect(answer.status).toBe(200)
  }

  it('[ID2] is the first one also where both came in one group', async () => {
    const body = one.pushBody([one.mutation(), one.mutation({ collection: 'lww' })])
    const texts = await Promise.all(Array.from({ length: 8 }, async () => (await one.push(body)).text()))
    expect(new Set(texts).size).toBe(1)
    expect((JSON.parse(texts[0] ?? '') as PushResponse).results).toMatchObject([
      { status: 'applied' },
      { status: 'applied' },
    ])
  })
})
