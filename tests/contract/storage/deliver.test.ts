import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Context } from '#lib/application/context.ts'
import { noteDelivered } from '#lib/application/sync/note-delivered.ts'
import { ShownPositions } from '#lib/application/sync/shown-positions.ts'
import { countOf, decodeSketches } from '#lib/rollups/sketch.ts'
import { DELIVERED_VERSIONS_MAX } from '#lib/storage/delivery-slice.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { DeliveryEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import {
  BACKENDS,
  changeOf,
  commit,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  planOf,
  writesOf,
} from './world.ts'

const AWAY = DELIVERED_VERSIONS_MAX + 700
const APP = { appVersion: '1.0.0', platform: 'ios' as const }

describe.each(BACKENDS)('deliveries on $name', (backend) => {
  const current = opened(backend)

  it('of a device that was away for long come in slices, and count each change once', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const reader = await makeDevice(storage, fleetId)
    const writer = await makeDevice(storage, fleetId)
    const seen: { moved: number; told: number }[] = []
    const ctx = contextOver(storage, seen)
    const shows = (version: number, complete = true) =>
      noteDelivered(ctx, reader, APP, {
        reports: { version, snapshot: complete ? null : { target: version + 1 } },
      })

    // A first snapshot is moved over at once: none of its changes counts, so none is read.
    await many(storage, fleetId, writer.id, NOW_MS)
    await shows(AWAY)
    expect(seen.splice(0)).toEqual([{ moved: AWAY, told: 0 }])

    await many(storage, fleetId, writer.id, NOW_MS + 60_000)
    await commit(storage, fleetId, (head) => [changeOf({ deviceId: reader.id, version: head + 1 })])
    await shows(2 * AWAY + 1)
    expect(seen.splice(0)).toEqual([
      { moved: DELIVERED_VERSIONS_MAX, told: DELIVERED_VERSIONS_MAX },
      { moved: AWAY + 1 - DELIVERED_VERSIONS_MAX, told: AWAY - DELIVERED_VERSIONS_MAX },
    ])
    await shows(2 * AWAY + 1)
    expect(seen).toEqual([])

    const events = await deliveriesOf(storage, fleetId)
    expect(events.reduce((sum, event) => sum + (event.collections['reports']?.count ?? 0), 0)).toBe(AWAY)
    const lags = decodeSketches(
      events.flatMap(({ collections }) => collections['reports']?.deliveryLag ?? []),
    )
    expect(countOf(lags)).toBe(AWAY)
  })

  it('of several collections share a slice, in the order of their names, and what is one’s own is none', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const reader = await makeDevice(storage, fleetId)
    const writer = await makeDevice(storage, fleetId)
    const names = ['reports', 'inspections', 'a-b', 'aa']
    const versions = new Map(names.map((name) => [name, name === 'aa' ? 3 : 2_000]))
    const told: Record<string, [moved: number, changes: number]>[] = []
    const deliver = (complete: readonly string[], atMs: number) =>
      storage.sync.deliver(
        fleetId,
        reader.id,
        complete.length > 0 ? new Map() : versions,
        complete,
        atMs,
        (ranges) => {
          told.push(
            Object.fromEntries(
              ranges.map((one) => [one.collection, [one.version - one.previous, one.changes.length]]),
            ),
          )
          return []
        },
      )
    await deliver(names, NOW_MS)
    for (const [collection, count] of versions) {
      const changes = Array.from({ length: count }, (_, n) =>
        changeOf({ deviceId: (n === 0 ? reader : writer).id, collection, version: n + 1 }),
      )
      await commit(storage, fleetId, () => changes, { committedAtMs: NOW_MS + 1 }, [collection])
    }
    expect([await deliver([], NOW_MS + 2), await deliver([], NOW_MS + 3)]).toEqual([
      { more: true },
      { more: false },
    ])
    expect(told).toEqual([
      { 'a-b': [2_000, 1_999], aa: [3, 2], inspections: [2_000, 1_999], reports: [997, 996] },
      { reports: [1_003, 1_003] },
    ])
  })

  it('mark a first snapshot as complete only with the last slice', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const reader = await makeDevice(storage, fleetId)
    const writer = await makeDevice(storage, fleetId)
    const deliver = async (versions: Record<string, number>, complete: readonly string[], atMs: number) => {
      let told = 0
      const positions = new Map(Object.entries(versions))
      const { more } = await storage.sync.deliver(fleetId, reader.id, positions, complete, atMs, (ranges) => {
        for (const { changes } of ranges) told += changes.length
        return []
      })
      return { more, told }
    }
    await deliver({}, ['reports'], NOW_MS)
    await many(storage, fleetId, writer.id, NOW_MS + 1)
    const first = await deliver({ reports: AWAY }, ['inspections'], NOW_MS + 2)
    expect(first).toEqual({ more: true, told: DELIVERED_VERSIONS_MAX })
    await storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf(['inspections']))
      const change = changeOf({ deviceId: writer.id, collection: 'inspections', version: 1 })
      await tx.write(writesOf([change], { committedAtMs: NOW_MS + 3 }))
    })
    expect(await deliver({ reports: AWAY }, ['inspections'], NOW_MS + 4)).toMatchObject({ more: false })
    // Committed while the snapshot was not complete: part of it, and no delivery.
    expect(await deliver({ inspections: 1 }, [], NOW_MS + 5)).toEqual({ more: false, told: 0 })
  })
})

async function many(
  storage: Storage,
  fleetId: string,
  deviceId: string,
  committedAtMs: number,
): Promise<void> {
  const changes = (head: number) =>
    Array.from({ length: AWAY }, (_, n) => changeOf({ deviceId, version: head + 1 + n }))
  await commit(storage, fleetId, changes, { committedAtMs })
}

/** What a pull's delivery needs of the application; `seen` gets one entry a transaction that moved something. */
function contextOver(storage: Storage, seen: { moved: number; told: number }[]): Context {
  const deliver: Storage['sync']['deliver'] = (
    fleetId,
    deviceId,
    positions,
    complete,
    atMs,
    describeRanges,
  ) =>
    storage.sync.deliver(fleetId, deviceId, positions, complete, atMs, (ranges) => {
      const [range] = ranges
      if (range) seen.push({ moved: range.version - range.previous, told: range.changes.length })
      return describeRanges(ranges)
    })
  return {
    storage: { ...storage, sync: { ...storage.sync, deliver } },
    clock: { now: () => NOW_MS + 1 },
    requests: { liveVersion: (_fleetId: string, version: string) => version },
    ids: randomUUID,
    shownPositions: new ShownPositions({ now: () => NOW_MS + 1 }),
    metrics: { observeEvent: () => undefined },
  } as unknown as Context
}

async function deliveriesOf(storage: Storage, fleetId: string): Promise<readonly DeliveryEvent[]> {
  const events: TelemetryEvent[] = []
  await storage.telemetry.foldNext(
    fleetId,
    100,
    () => [],
    (_, told) => {
      events.push(...told)
      return []
    },
  )
  return events.flatMap(({ payload }) => (payload.kind === 'delivery' ? [payload] : []))
}
