import { expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { mergeOf, sumAll } from '#lib/rollups/aggregate.ts'
import { countOf } from '#lib/rollups/sketch.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

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

it('tells each result by collection, and the upload lag of what was committed', async () => {
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
  expect(collections['(unknown)']?.results).toEqual({ dead_lettered: 1 })
  const [lagMs, clamped] = collections['notes']?.uploadLagMs ?? []
  expect(Math.abs((lagMs ?? 0) - agoMs)).toBeLessThan(10_000)
  expect([clamped, collections['notes']?.uploadLagMs.length]).toEqual([0, 2])
})

it('gives no lag to what no pull brings: letters, what lost, and what waits for a person, also once it runs', async () => {
  const { app, device, events } = await world()
  const { fleetId } = device
  const enrollment = await createEnrollmentKey(app.ctx, { actor: SYSTEM, fleetId, body: { name: 'second' } })
  const other = await TestDevice.enroll(app, { fleetId, key: enrollment.key })
  for (const strategy of ['lww', 'manual'] as const)
    await createCollection(app.ctx, {
      actor: SYSTEM,
      fleetId,
      body: { name: strategy, strategy, schema: NOTES_SCHEMA },
    })
  const told = async (from: TestDevice, mutations: readonly Mutation[]) => {
    events.length = 0
    const { results } = await from.pushed(mutations)
    const pushed = Object.values(payloadOf(events[0]).collections)
    const lags = pushed.flatMap(({ uploadLagMs }) => uploadLagMs)
    return { statuses: results.map(({ status }) => status), results, lags: lags.length }
  }

  const letters = Array.from({ length: 5 }, () =>
    device.mutation({ op: { type: 'put', data: { title: 7 } } }),
  )
  expect(await told(device, letters)).toMatchObject({
    statuses: Array.from({ length: 5 }, () => 'dead_lettered'),
    lags: 0,
  })

  const lost = device.mutation({
    collection: 'lww',
    hlc: formatHlc({ wallMs: Date.now() - 5_000, counter: 0, deviceId: device.id }),
    op: { type: 'put', data: { title: 'lost' } },
  })
  const won = other.mutation({ collection: 'lww', recordId: lost.recordId })
  expect(await told(other, [won])).toMatchObject({ statuses: ['applied'], lags: 1 })
  expect(await told(device, [lost])).toMatchObject({ statuses: ['superseded'], lags: 0 })

  const first = device.mutation({ collection: 'manual' })
  const { recordId } = first
  expect(await told(device, [first])).toMatchObject({ statuses: ['applied'], lags: 1 })
  const put = { type: 'put', data: { title: 'mine' } } as const
  const mine = other.mutation({ collection: 'manual', recordId, op: put })
  const behind = other.mutation({
    collection: 'manual',
    recordId,
    after: mine.id,
    op: { type: 'patch', set: { count: 9 } },
  })
  const waiting = await told(other, [mine, behind])
  expect(waiting).toMatchObject({ statuses: ['conflict', 'conflict'], lags: 0 })
  const [conflict] = waiting.results
  if (conflict?.status !== 'conflict') throw new Error('a conflict is expected')
  const { conflictId: resolves, record } = conflict
  const decided = other.mutation({
    collection: 'manual',
    recordId,
    resolves,
    baseVersion: record?.version ?? 0,
    op: put,
  })
  // With it runs what waited behind: it makes a version too, but the wait was a person's.
  const decision = await told(other, [decided])
  expect(decision).toMatchObject({ statuses: ['applied'], lags: 1 })
  expect((await other.pulled()).changes.find((one) => one.recordId === recordId)?.data).toMatchObject({
    count: 9,
  })
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

it('a replay that leaves the queue counts by its result, and as no request, no lag and no new dead letter', async () => {
  const { app, device, events } = await world()
  const { fleetId } = device
  const bad = device.mutation({ op: { type: 'put', data: { title: 7 } } })
  const { results } = await device.pushed([bad])
  const [letter] = results
  if (letter?.status !== 'dead_lettered') throw new Error('a dead letter is expected')
  events.length = 0
  const again = () => replay(app.ctx, { actor: SYSTEM, fleetId, id: letter.deadLetterId, body: {} })
  expect((await again()).result.status).toBe('dead_lettered')
  expect(events).toEqual([])

  const [notes] = await listCollections(app.ctx, { actor: SYSTEM, fleetId })
  if (!notes) throw new Error('the fleet has a collection')
  const schema = { ...NOTES_SCHEMA, properties: { title: { type: ['string', 'integer'] } } }
  const body = { schema, version: notes.version }
  await publishCollection(app.ctx, { actor: SYSTEM, fleetId, id: notes.id, body })
  expect((await again()).result.status).toBe('applied')
  expect(events.map(({ payload }) => payload)).toMatchObject([
    { kind: 'replay', deadLetterId: letter.deadLetterId, platform: 'ios' },
  ])

  // What the pillars read: two lasting results of the mutation, one request, one dead letter.
  await foldFleet(app.ctx, fleetId)
  const nowMs = app.ctx.clock.now()
  const buckets = await app.ctx.storage.telemetry.buckets(fleetId, 'hour', nowMs - 7_200_000, nowMs + 1)
  expect(sumAll(buckets)).toMatchObject({
    pushed: 2,
    'mutations:dead_lettered': 1,
    'mutations:applied': 1,
    'deadLettersBy:schema_mismatch': 1,
    'requestsBy:push:2xx': 1,
  })
  expect(countOf(mergeOf(buckets, 'uploadLag'))).toBe(0)
})

it('counts names that no collection has as one, and versions past the hundredth as other', async () => {
  const { app, device, events } = await world()
  const invented = ['*', '__proto__', 'a', 'b', 'nul\u0000'].map((collection) =>
    device.mutation({ collection }),
  )
  await device.pushed(invented)
  expect(Object.keys(payloadOf(events[0]).collections)).toEqual(['(unknown)'])
  for (let i = 0; i < 105; i++) {
    const headers = { 'tidemark-app': `9.0.${i};ios` }
    await device.send('POST', '/api/v1/push', { body: device.pushBody([]), headers })
  }
  const versions = new Set(events.map((event) => payloadOf(event).appVersion))
  expect(versions.size).toBe(101)
  expect(versions.has('other')).toBe(true)
  expect((await app.ctx.storage.devices.get(device.fleetId, device.id))?.appVersion).toBe('9.0.104')
})
