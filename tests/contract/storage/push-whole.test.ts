import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { PushTx } from '#lib/storage/ports.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { BACKENDS, changeOf, makeDevice, makeFleet, NOW_MS, opened, planOf, writesOf } from './world.ts'

/** Of PostgreSQL, whose statements are on their way before the next one is put together. */
const POSTGRES = BACKENDS.filter(({ name }) => name === 'postgres')

describe.each(POSTGRES)('a push that can’t be written, on $name', (backend) => {
  const current = opened(backend)

  /** What no statement can take. */
  const unwritable = {
    id: randomUUID(),
    atMs: NOW_MS,
    payload: {
      toJSON: () => {
        throw new Error('unwritable')
      },
    },
  } as unknown as TelemetryEvent

  const CASES: readonly (readonly [
    string,
    (tx: PushTx, make: () => ReturnType<typeof changeOf>) => Promise<unknown>,
  ])[] = [
    ['the last write', (tx, make) => tx.writeLast(writesOf([make()], { events: [unwritable] }))],
    [
      'a write before the last',
      (tx, make) =>
        Promise.all([
          tx.write(writesOf([make()], { events: [unwritable] })),
          tx.writeLast(writesOf([make()])),
        ]),
    ],
    [
      'the last write behind one that can be written',
      (tx, make) =>
        Promise.all([
          tx.write(writesOf([make()])),
          tx.writeLast(writesOf([make()], { events: [unwritable] })),
        ]),
    ],
  ]

  it.each(CASES)('[ID1] [PU1] commits nothing of it: %s', async (_, write) => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const ids: string[] = []
    const refused = storage.sync.transact(fleetId, async (tx) => {
      const { heads } = await tx.load(planOf())
      let version = heads.get('reports') ?? 0
      await write(tx, () => {
        const change = changeOf({ deviceId, version: (version += 1), recordId: randomUUID() })
        ids.push(change.incoming.mutation.id)
        return change
      })
    })
    await expect(refused).rejects.toThrow()
    expect(ids.length).toBeGreaterThan(0)
    const after = await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), mutationIds: ids }))
    expect([after.mutations.size, after.heads.get('reports') ?? 0]).toEqual([0, 0])
    // And the next one is written as if nothing had been.
    await storage.sync.transact(fleetId, async (tx) => {
      await tx.load(planOf())
      await tx.writeLast(writesOf([changeOf({ deviceId, version: 1, recordId: randomUUID() })]))
    })
  })
})
