import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Context } from '#lib/application/context.ts'
import { noteDelivered } from '#lib/application/sync/note-delivered.ts'
import { ShownPositions } from '#lib/application/sync/shown-positions.ts'
import { countOf, decodeSketches } from '#lib/rollups/sketch.ts'
import { DELIVERED_VERSIONS_MAX } from '#lib/storage/delivery-slice.ts'
import type { DeliveredPositions, Storage } from '#lib/storage/ports.ts'
import type { DeliveryEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import { cases } from '#tests/support/cases.ts'
import {
  BACKENDS,
  changeOf,
  commit,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  planOf,
  shownBy,
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
      noteDelivered(
        ctx,
        { device: reader, fleet: { epoch: 1 }, app: APP },
        {
          reports: { version, snapshot: complete ? null : { target: version + 1 } },
        },
      )

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
    const versions = Object.fromEntries(names.map((name) => [name, name === 'aa' ? 3 : 2_000]))
    const told: Record<string, [moved: number, changes: number]>[] = []
    const deliver = (firstComplete: readonly string[], atMs: number) => {
      const describe: DeliveredPositions['describe'] = (ranges) => {
        told.push(
          Object.fromEntries(
            ranges.map((one) => [one.collection, [one.version - one.previous, one.changes.length]]),
          ),
        )
        return []
      }
      const positions = firstComplete.length > 0 ? {} : versions
      return storage.sync.deliver(fleetId, shownBy(reader.id, positions, { firstComplete, atMs, describe }))
    }
    await deliver(names, NOW_MS)
    for (const [collection, count] of Object.entries(versions)) {
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
    const deliver = async (
      versions: Record<string, number>,
      firstComplete: readonly string[],
      atMs: number,
    ) => {
      let told = 0
      const describe: DeliveredPositions['describe'] = (ranges) => {
        for (const { changes } of ranges) told += changes.length
        return []
      }
      const shown = shownBy(reader.id, versions, { firstComplete, atMs, describe })
      const { more } = await storage.sync.deliver(fleetId, shown)
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

  it('go by where a device stood, not by where it was thought to stand', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [one, two, writer] = await Promise.all([1, 2, 3].map(() => makeDevice(storage, fleetId)))
    if (!one || !two || !writer) throw new Error('three devices were made')
    const told: number[] = []
    const describe: DeliveredPositions['describe'] = (ranges) => {
      told.push(...ranges.map(({ changes }) => changes.length))
      return []
    }
    const shows = (deviceId: string, reports: number, thought: number) => {
      const before = new Map([['reports', thought]])
      return storage.sync.deliver(fleetId, shownBy(deviceId, { reports }, { before, describe }))
    }
    const write = (head: number) => [changeOf({ deviceId: writer.id, version: head + 1 })]
    for (const { id } of [one, two])
      await storage.sync.deliver(fleetId, shownBy(id, {}, { firstComplete: ['reports'] }))
    await commit(storage, fleetId, write, { committedAtMs: NOW_MS + 1 })
    await shows(two.id, 1, 0)
    await commit(storage, fleetId, write, { committedAtMs: NOW_MS + 1 })
    await shows(one.id, 2, 0)
    await shows(two.id, 2, 0)
    expect(told).toEqual([1, 2, 1])
  })

  it('tell each device what others made since its first snapshot, whoever was told of the same before, and whatever is guessed', async () => {
    const { storage } = current()
    const names = ['inspections', 'reports']
    const step = fc.record({
      kind: fc.constantFrom('write', 'write', 'complete', 'show', 'show', 'show', 'show'),
      device: fc.nat(2),
      collection: fc.constantFrom(...names),
      n: fc.integer({ min: 1, max: 3 }),
      guess: fc.constantFrom('right', 'right', 'none', 'wrong'),
    })
    const holds = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const { id: fleetId } = await makeFleet(storage)
      const made = [1, 2, 3].map(() => makeDevice(storage, fleetId))
      const devices = (await Promise.all(made)).map(({ id }) => ({
        id,
        stands: Object.fromEntries(names.map((name) => [name, 0])),
        stood: Object.fromEntries(names.map((name) => [name, 0])),
        sinceMs: Object.fromEntries(names.map((name) => [name, Infinity])),
      }))
      const log: Record<string, Known[]> = Object.fromEntries(names.map((name) => [name, []]))
      let atMs = NOW_MS
      for (const { kind, device: number, collection, n, guess } of steps) {
        atMs += 1
        const device = devices[number] as (typeof devices)[number]
        if (kind === 'write') {
          const head = log[collection]?.length ?? 0
          const changes = Array.from({ length: n }, (_, i) =>
            changeOf({ deviceId: device.id, collection, version: head + 1 + i }),
          )
          await commit(storage, fleetId, () => changes, { committedAtMs: atMs }, [collection])
          for (let i = 1; i <= n; i++)
            log[collection]?.push({ version: head + i, deviceId: device.id, committedAtMs: atMs })
          continue
        }
        if (kind === 'complete') {
          await storage.sync.deliver(fleetId, shownBy(device.id, {}, { firstComplete: [collection], atMs }))
          device.sinceMs[collection] = Math.min(device.sinceMs[collection] ?? Infinity, atMs)
          continue
        }
        const from = device.stands[collection] ?? 0
        const version = log[collection]?.length ?? 0
        // Where another one stood, whose changes are in memory.
        const wrong = devices[(number + n) % devices.length]?.stood ?? {}
        const guessed: Record<string, number> = { right: device.stands, none: {}, wrong }[guess]
        const told: number[][] = []
        const wanted = (log[collection] ?? []).filter(
          (change) =>
            change.version > from &&
            change.deviceId !== device.id &&
            change.committedAtMs > (device.sinceMs[collection] ?? 0),
        )
        const describe: DeliveredPositions['describe'] = (ranges) => {
          for (const { changes } of ranges) told.push(changes.map(({ committedAtMs }) => committedAtMs))
          return []
        }
        const before = new Map(Object.entries(guessed))
        const shown = shownBy(device.id, { [collection]: version }, { before, atMs, describe })
        await storage.sync.deliver(fleetId, shown)
        device.stood = device.stands
        device.stands = { ...device.stands, [collection]: version }
        expect(told).toEqual(version > from ? [wanted.map(({ committedAtMs }) => committedAtMs)] : [])
      }
    })
    await fc.assert(holds, { numRuns: cases(30) })
  })
})

/** A change of this collection, as the test knows it. */
interface Known {
  readonly version: number
  readonly deviceId: string
  readonly committedAtMs: number
}

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
  const deliver: Storage['sync']['deliver'] = (fleetId, delivery) =>
    storage.sync.deliver(fleetId, {
      ...delivery,
      describe: (ranges) => {
        const [range] = ranges
        if (range) seen.push({ moved: range.version - range.previous, told: range.changes.length })
        return delivery.describe(ranges)
      },
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
