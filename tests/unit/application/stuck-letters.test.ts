import { asks } from '#lib/query/letter-fields.ts'
import { expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { HELD_MAX, replay } from '#lib/application/dead-letters/replay.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { replaySchemaAhead } from '#lib/application/dead-letters/replay-schema-ahead.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { PushTx, Storage } from '#lib/storage/ports.ts'
import { StorageContention } from '#lib/storage/ports.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

/** A memory storage in which a stream can be stuck: whoever needs it waits for its lock in vain. */
function stickyStorage() {
  const inner = openMemoryStorage()
  const sticky = { stuck: '', tries: 0 }
  const transact: Storage['sync']['transact'] = (fleetId, work) =>
    inner.sync.transact(fleetId, (tx) => {
      const watched: PushTx = {
        ...tx,
        load: async (plan) => {
          if (!plan.streams.includes(sticky.stuck)) return tx.load(plan)
          sticky.tries += 1
          throw new StorageContention('stuck', { lockTimeout: { collection: sticky.stuck } })
        },
      }
      return work(watched)
    })
  return { storage: { ...inner, sync: { ...inner.sync, transact } }, sticky }
}

const openOf = async (storage: Storage, fleetId: string, collection: string | null = null) => {
  const conditions = [
    asks('status', 'open'),
    ...(collection === null ? [] : [asks('collection', collection)]),
  ]
  return (await storage.deadLetters.list(fleetId, { conditions }, { limit: 1_000, cursor: null })).items
}

it('[DL5] letters of a collection whose stream is stuck do not hold up those of another', async () => {
  const { storage, sticky } = stickyStorage()
  const app = testApp(storage)
  const fleet = await testFleet(app)
  const { fleetId } = fleet
  const tasks = { name: 'tasks', strategy: 'lww', schema: NOTES_SCHEMA }
  await createCollection(app.ctx, { actor: SYSTEM, fleetId, body: tasks })
  const device = await TestDevice.enroll(app, fleet)
  const ahead = (collection: string) => device.mutation({ collection, schemaVersion: 2 })
  await device.pushed([ahead('notes'), ahead('notes'), ahead('notes'), ahead('tasks')])
  sticky.stuck = 'notes'
  for (const { id, version } of await storage.collections.list(fleetId)) {
    const body = { version, schema: { ...NOTES_SCHEMA, description: 'the next one' } }
    await publishCollection(app.ctx, { actor: SYSTEM, fleetId, id, body })
  }
  sticky.tries = 0
  await expect(replaySchemaAhead(app.ctx, fleetId)).rejects.toMatchObject({ tidemarkCode: 'shed' })
  expect(await openOf(storage, fleetId, 'tasks')).toEqual([])
  // One try tells that it is stuck: each waits as long as a lock may take.
  expect([sticky.tries, (await openOf(storage, fleetId, 'notes')).length]).toEqual([1, 3])
  sticky.stuck = ''
  expect(await replaySchemaAhead(app.ctx, fleetId)).toBe(3)
  expect(await openOf(storage, fleetId)).toEqual([])
})

it('[DL3] a replay or a discard that leaves letters behind says so', async () => {
  const storage = openMemoryStorage()
  const app = testApp(storage)
  const fleet = await testFleet(app)
  const { fleetId } = fleet
  const family = async (children: number) => {
    // A device makes so many letters a day only.
    const device = await TestDevice.enroll(app, fleet)
    const root = device.mutation({ op: { type: 'put', data: { count: 1 } } })
    await device.pushed([root])
    const { recordId } = root
    for (let left = children; left > 0; left -= 400) {
      const some = Array.from({ length: Math.min(left, 400) }, () =>
        device.mutation({ recordId, after: root.id }),
      )
      await device.pushed(some)
    }
    return (await openOf(storage, fleetId)).find(({ mutation }) => mutation.id === root.id)?.id ?? ''
  }
  const call = { actor: SYSTEM, fleetId }
  const small = await family(HELD_MAX)
  const all = await discard(app.ctx, { ...call, id: small, body: { reason: 'a test' } })
  expect([all.held.length, all.moreHeld]).toEqual([HELD_MAX, false])
  const large = await family(HELD_MAX + 1)
  const [notes] = await storage.collections.list(fleetId)
  const body = { version: notes?.version, schema: { type: 'object' } }
  await publishCollection(app.ctx, { actor: SYSTEM, fleetId, id: notes?.id ?? '', body })
  const ran = await replay(app.ctx, { ...call, id: large, body: {} })
  expect([ran.result.status, ran.held.length, ran.moreHeld]).toEqual(['applied', HELD_MAX, true])
  expect(await openOf(storage, fleetId)).toHaveLength(1)
})
