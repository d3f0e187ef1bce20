import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

describe.each(STORAGES)('odd but good names over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  beforeAll(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
  })
  afterAll(() => held.close())

  it('a collection may be called what every object inherits', async () => {
    const body = { name: 'constructor', strategy: 'lww', schema: { type: 'object' } }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    const device = await TestDevice.enroll(app, fleet)
    const first = await device.pulled()
    const mutation = device.mutation({ collection: 'constructor' })
    const { results } = await device.pushed([mutation])
    expect(results[0]).toMatchObject({ status: 'applied' })
    const page = await device.pulled(first.token)
    expect(page.changes.map(({ recordId }) => recordId)).toEqual([mutation.recordId])
  })

  it('two devices may use the same request and session id', async () => {
    const [a, b] = [await TestDevice.enroll(app, fleet), await TestDevice.enroll(app, fleet)]
    const { requestId, sessionId } = a.pushBody([]) as { requestId: string; sessionId: string }
    const ofA = await a.pushed([a.mutation()], { requestId, sessionId })
    const ofB = await b.pushed([b.mutation()], { requestId, sessionId })
    const together = await Promise.all(
      [a, b].map((device) =>
        device.pushed([device.mutation()], { requestId: sessionId, sessionId: requestId }),
      ),
    )
    for (const { results } of [ofA, ofB, ...together]) expect(results[0]).toMatchObject({ status: 'applied' })
    expect(await held.storage.sync.changesOfSession(fleet.fleetId, sessionId, 10)).toHaveLength(2)
    expect(await held.storage.sync.changesOfSession(fleet.fleetId, requestId, 10)).toHaveLength(2)
  })
})
