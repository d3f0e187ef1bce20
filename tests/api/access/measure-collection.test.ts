import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { measureCollection } from '#lib/application/reviews/measure-collection.ts'
import { scarEvidence } from '#lib/application/reviews/scar-evidence.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { REVIEW_SAMPLE_MAX } from '#lib/protocol/limits.ts'
import type { Collection } from '#lib/storage/ports.ts'
import { TestDevice, testApp, testFleet, type TestApp } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'
import { sessionOf } from '../../contract/storage/world.ts'

const RECORDS = REVIEW_SAMPLE_MAX.records + 20
const MINUTE_MS = 60_000

describe.each(STORAGES)('what is measured of a collection, over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleetId: string
  let device: TestDevice
  let other: TestDevice
  const collections: Record<string, Collection> = {}
  beforeAll(async () => {
    held = await open()
    app = testApp(held.storage)
    const fleet = await testFleet(app)
    ;({ fleetId } = fleet)
    for (const name of ['orders', 'quiet', 'busy']) {
      const { id } = await createCollection(app.ctx, {
        actor: SYSTEM,
        fleetId,
        body: { name, strategy: 'lww', schema: true },
      })
      collections[name] = (await held.storage.collections.get(fleetId, id)) as Collection
    }
    device = await TestDevice.enroll(app, fleet)
    other = await TestDevice.enroll(app, fleet)
    for (let from = 0; from < RECORDS; from += 260) {
      const some = Array.from({ length: Math.min(260, RECORDS - from) }, (_, i) =>
        device.mutation({ collection: 'orders', op: { type: 'put', data: { n: from + i } } }),
      )
      await device.pushed(some)
    }
    // Conflicts of another collection, between which those asked for are looked for.
    const made = device.mutation({ collection: 'busy', op: { type: 'put', data: { a: 0, b: 0 } } })
    const { head } = await device.pushed([made])
    const at = { collection: 'busy', recordId: made.recordId, baseVersion: head['busy'] as number }
    await other.pushed([other.mutation({ ...at, op: { type: 'patch', set: { a: 1 } } })])
    const late = device.mutation({ ...at, op: { type: 'patch', set: { b: 1 } } })
    await device.pushed([late])
    await device.pushed([late])
    const nowMs = Date.now()
    const sessions = [0, 10, 30].map((agoMs) =>
      sessionOf(fleetId, device.id, { endedAtMs: nowMs - agoMs, receivedAtMs: nowMs }),
    )
    await held.storage.sessions.store(fleetId, sessions, [])
    await foldFleet(app.ctx, fleetId)
  })
  afterAll(() => held.close())

  const measured = (name: string) => measureCollection(app.ctx, collections[name] as Collection)

  it('[DR1] samples the newest, as many as the bound says, and counts the rest', async () => {
    const { records, changes, conflicts, rate, gaps } = await measured('orders')
    expect(records).toMatchObject({ live: RECORDS, more: false, sampled: REVIEW_SAMPLE_MAX.records })
    expect(changes).toMatchObject({ sampled: RECORDS, kinds: { put: RECORDS }, shared: 0, writersMax: 1 })
    expect(conflicts).toBeNull()
    expect(rate).toMatchObject({ conflicts: 0, mutations: RECORDS })
    expect(gaps).toEqual({ devices: 1, count: 2, p50Ms: 10, p95Ms: 20 })
  })

  it('[DR1] knows nothing of a collection that nobody wrote to, and does not call it 0', async () => {
    expect(await measured('quiet')).toMatchObject({
      records: null,
      changes: null,
      delta: null,
      waits: null,
      gaps: null,
      rate: null,
      conflicts: null,
    })
  })

  it('[DR1] takes the conflicts of this collection alone, and tells who wrote', async () => {
    expect(await measured('busy')).toMatchObject({
      records: { live: 1, sampled: 1 },
      changes: { records: 1, shared: 1, writersMax: 2 },
      conflicts: { sampled: 1, knownBase: 1, disjoint: 1, fields: [] },
    })
  })

  it('[DR10] gathers what happened to the collection: repeats, letters, trips', async () => {
    const nowMs = Date.now()
    const of = { fleetId, name: 'busy', fromMs: nowMs - 86_400_000, toMs: nowMs + MINUTE_MS }
    expect(await scarEvidence(app.ctx, of)).toMatchObject({
      pushed: 3,
      duplicates: 1,
      letters: { open: 0, replayed: 0, discarded: 0, more: false },
      trips: { count: 0, more: false, recovered: 0, p50Ms: null },
      incidents: { resolved: 0, p50Ms: null },
      settled: { count: 0, p50Ms: null },
    })
    expect(await scarEvidence(app.ctx, { ...of, name: 'quiet' })).toMatchObject({
      pushed: null,
      duplicates: null,
    })
  })
})
