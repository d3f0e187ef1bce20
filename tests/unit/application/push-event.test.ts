import { expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

async function world() {
  const app = testApp(openMemoryStorage())
  const events: TelemetryEvent[] = []
  app.ctx.metrics.observeEvent = (_fleetId, event) => void events.push(event)
  return { app, events, device: await TestDevice.enroll(app, await testFleet(app)) }
}
const payloadOf = (event: TelemetryEvent | undefined) => {
  if (event?.payload.kind !== 'push') throw new Error('a push event is expected')
  return event.payload
}

it('tells each result by collection, and the upload lag of what had an effect', async () => {
  const { device, events } = await world()
  const agoMs = 3_600_000
  const madeAt = new Date(Date.now() - agoMs - 60_000).toISOString()
  const known = device.mutation({ madeAt, madeOffsetMs: 60_000 })
  const future = device.mutation({ madeAt: new Date(Date.now() + 30_000).toISOString() })
  const bad = device.mutation({ op: { type: 'put', data: {} } })
  await device.pushed([
    known,
    future,
    bad,
    { ...device.mutation(), extra: 1 },
    device.mutation({ collection: 'nowhere' }),
  ])
  const { collections } = payloadOf(events[0])
  expect(collections['notes']).toMatchObject({
    results: { applied: 2, dead_lettered: 1, refused: 1 },
    clamped: 1,
  })
  expect(collections['notes']?.deadLetterCodes).toEqual({ schema_mismatch: 1 })
  expect(collections['nowhere']?.results).toEqual({ dead_lettered: 1 })
  const [lagMs, clamped] = collections['notes']?.uploadLagMs ?? []
  expect(Math.abs((lagMs ?? 0) - agoMs)).toBeLessThan(10_000)
  expect([clamped, collections['notes']?.uploadLagMs.length]).toEqual([0, 3])
})

it('a push answered from its stored response has no event; it is counted as a request', async () => {
  const { app, device, events } = await world()
  const body = device.pushBody([device.mutation()])
  await device.push(body)
  await device.push(body)
  await app.ctx.requests.flush()
  const counts = events.flatMap(({ payload }) => (payload.kind === 'requests' ? payload.counts : []))
  expect(events.filter(({ payload }) => payload.kind === 'push')).toHaveLength(1)
  expect(counts.filter(({ route }) => route === 'push')).toMatchObject([
    { statusClass: '2xx', count: 1, platform: 'ios' },
  ])
})

it('counts a delivery once, when the token shows it', async () => {
  const { app, device, events } = await world()
  const fleetId = device.fleetId
  const { key } = await createEnrollmentKey(app.ctx, { actor: SYSTEM, fleetId, body: { name: 'second' } })
  const reader = await TestDevice.enroll(app, { fleetId, key })
  const first = await reader.pulled()
  await reader.pulled(first.token)
  // A change counts for a device whose first snapshot was complete before it.
  await new Promise((resolve) => setTimeout(resolve, 5))
  await device.pushed([device.mutation()])
  const second = await reader.pulled(first.token)
  const deliveries = () =>
    events.flatMap(({ payload }) => (payload.kind === 'delivery' ? [payload.collections] : []))
  expect(deliveries()).toEqual([])
  await reader.pulled(second.token)
  await reader.pulled(second.token)
  expect(deliveries()).toMatchObject([{ notes: { count: 1 } }])
})
