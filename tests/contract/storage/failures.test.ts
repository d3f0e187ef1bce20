import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { startFaultProxy } from '#tests/support/fault-proxy.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  commit,
  letterEffect,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  planOf,
  writesOf,
} from './world.ts'

/** The way in takes some 300 bytes of a connection, a transaction of Prisma's some 700 more; answers are longer. */
const BROKEN_WITHIN_BYTES = 1_600
const BROKEN_EACH_BYTES = 24

describe('failures of PostgreSQL', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])

  it('tells a server that cannot be reached', async () => {
    const opening = openPostgresStorage({ url: 'postgresql://nobody:x@127.0.0.1:1/none' })
    await expect(opening).rejects.toMatchObject({ code: 'storage_unavailable' })
  })

  it('tells a deadlock as contention, and the other side goes on', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    await storage.sync.transact(fleetId, (tx) => tx.load(planOf(['a', 'b'])))
    // Streams taken one by one in crossed order, which a plan with both would have sorted.
    let arrived = 0
    let bothArrived = (): void => undefined
    const meeting = new Promise<void>((resolve) => (bothArrived = resolve))
    const crossed = (first: string, second: string) =>
      storage.sync.transact(fleetId, async (tx) => {
        await tx.load(planOf([first]))
        if (++arrived === 2) bothArrived()
        await meeting
        const { heads } = await tx.load(planOf([second]))
        await tx.write(
          writesOf([changeOf({ deviceId, collection: second, version: (heads.get(second) ?? 0) + 1 })]),
        )
      })
    const outcomes = await Promise.allSettled([crossed('a', 'b'), crossed('b', 'a')])
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(failed).toMatchObject([{ reason: { code: 'contention' } }])
  })

  it('[ID1] tells a mutation id that another process has written since it was loaded as contention, the first time on a connection too', async () => {
    const { storage, url } = current()
    const another = await openPostgresStorage({ url: url ?? '' })
    onTestFinished(() => another.close())
    const { id: fleetId } = await makeFleet(storage)
    const deviceIds = [
      (await makeDevice(storage, fleetId)).id,
      (await makeDevice(storage, fleetId)).id,
    ] as const
    for (let round = 0; round < 3; round++) {
      const mutationId = randomUUID()
      let arrived = 0
      let bothArrived = (): void => undefined
      const meeting = new Promise<void>((resolve) => (bothArrived = resolve))
      const taken = (by: Storage, collection: string, deviceId: string) =>
        by.sync.transact(fleetId, async (tx) => {
          const { heads, mutations } = await tx.load({ ...planOf([collection]), mutationIds: [mutationId] })
          expect(mutations.size).toBe(0)
          if (++arrived === 2) bothArrived()
          await meeting
          const version = (heads.get(collection) ?? 0) + 1
          await tx.writeLast(writesOf([changeOf({ deviceId, collection, mutationId, version })]))
        })
      const outcomes = await Promise.allSettled([
        taken(storage, 'a', deviceIds[0]),
        taken(another, 'b', deviceIds[1]),
      ])
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(failed).toMatchObject([{ reason: { code: 'contention' } }])
      const found = await storage.sync.transact(fleetId, (tx) =>
        tx.load({ ...planOf(['a']), mutationIds: [mutationId] }),
      )
      expect(found.mutations.size).toBe(1)
    }
  })

  it('[ID3] tells a letter that was discarded since it was loaded as contention, and commits nothing of a group that is written in parts', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const deadLetter = letterEffect()
    const dead = changeOf({ deviceId, version: null, deadLetter })
    await commit(storage, fleetId, () => [dead])
    const replayed = storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await storage.deadLetters.discard(fleetId, deadLetter.id, [], NOW_MS, () => audit())
      const { id: mutationId } = dead.incoming.mutation
      const first = tx.write(
        writesOf([changeOf({ deviceId, version: 1, mutationId, replayOf: deadLetter.id })]),
      )
      const last = tx.writeLast(writesOf([changeOf({ deviceId, version: 2 })]))
      await Promise.all([first, last])
    })
    await expect(replayed).rejects.toMatchObject({ code: 'contention', lockTimeout: null })
    const { heads } = await storage.sync.transact(fleetId, (tx) => tx.load(planOf()))
    expect(heads.get('reports')).toBe(0)
    expect(await storage.deadLetters.get(fleetId, deadLetter.id)).toMatchObject({
      status: 'discarded',
      attempts: 0,
    })
  })

  it('tells a connection that was killed at work, and serves the next one', async () => {
    const { storage, url } = current()
    const { id: fleetId } = await makeFleet(storage)
    const admin = new pg.Client({ connectionString: url ?? '' })
    await admin.connect()
    const killed = storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf(['killed']))
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()`,
      )
      await tx.load(planOf(['killed']))
    })
    await expect(killed).rejects.toMatchObject({ code: 'storage_unavailable' })
    await admin.end()
    await storage.ping()
    expect(
      (await storage.sync.transact(fleetId, (tx) => tx.load(planOf(['killed'])))).heads.get('killed'),
    ).toBe(0)
  })

  it('tells the database as away wherever in a message a connection breaks, by Prisma and by pg', async () => {
    const { url, storage: sound } = current()
    const { id: fleetId } = await makeFleet(sound)
    const behind = new URL(url ?? '')
    const proxy = await startFaultProxy({ port: Number(behind.port), seed: 1, share: 1, kinds: [] })
    behind.port = String(proxy.port)
    const storage = await openPostgresStorage({ url: behind.href })
    const asks = [
      () => storage.fleets.list(),
      () => storage.collections.list(fleetId),
      () => storage.fleets.get(fleetId),
      () => storage.sync.transact(fleetId, (tx) => tx.load(planOf(['cut']))),
    ]
    const strange: unknown[] = []
    let broken = 0
    for (const kind of ['reset', 'cut_request', 'cut_answer'] as const) {
      for (let afterBytes = 0; afterBytes < BROKEN_WITHIN_BYTES; afterBytes += BROKEN_EACH_BYTES) {
        proxy.begin(() => ({ kind, afterBytes }))
        // Until the pool knows that its connections are gone: the fault is of new ones.
        await pause(2)
        for (const outcome of await Promise.allSettled(asks.map((ask) => ask()))) {
          if (outcome.status === 'fulfilled') continue
          broken += 1
          const { code } = outcome.reason as { readonly code?: unknown }
          if (code !== 'storage_unavailable') strange.push([kind, afterBytes, outcome.reason])
        }
      }
    }
    expect(strange).toEqual([])
    expect(broken).toBeGreaterThan(100)
    await storage.close()
    await proxy.close()
  })

  it('waits for a connection as long by Prisma as by pg: a disk that is busy for some seconds is no failure', async () => {
    const { url } = current()
    const storage = await openPostgresStorage({ url: url ?? '', poolSize: 1 })
    const { id: fleetId } = await makeFleet(storage)
    const held = storage.sync.transact(fleetId, () => pause(2_500))
    const found = await Promise.all([
      storage.fleets.get(fleetId),
      storage.devices.countEnrolled(fleetId),
      held,
    ])
    expect(found).toMatchObject([{ id: fleetId }, 0, undefined])
    await storage.close()
  })

  it('sends nothing after the end of a transaction', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    let refused: Promise<unknown> = Promise.resolve()
    await storage.sync.transact(fleetId, async (tx) => {
      const late = pause(50).then(() => tx.load(planOf()))
      // Heard from the start: where the commit takes longer than the pause, it would be an unhandled rejection.
      refused = expect(late).rejects.toThrow('the transaction is open')
    })
    await refused
  })
})
