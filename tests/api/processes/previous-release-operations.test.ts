import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { resolveByRule } from '#lib/application/conflicts/resolve-by-rule.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { previousServer } from '#tests/support/previous-release.ts'
import { startPreviousServer, startServer } from './servers.ts'

const ENDS_WITHIN_MS = 30_000

it('[CS11] a process of the release before works on the operations that it knows, and leaves a rule over conflicts to one of today', async () => {
  const database = await createTestDatabase()
  const storage = await openPostgresStorage({ url: database.url })
  onTestFinished(async () => {
    await storage.close()
    await database.drop()
  })
  const app = testApp(storage)
  const fleet = await testFleet(app)
  const { fleetId } = fleet
  const who = { actor: SYSTEM, fleetId }
  const collection = 'visits'
  await createCollection(app.ctx, {
    ...who,
    body: { name: collection, strategy: 'manual', schema: NOTES_SCHEMA },
  })
  const [one, two] = [await TestDevice.enroll(app, fleet), await TestDevice.enroll(app, fleet)]
  const first = one.mutation({ collection, op: { type: 'put', data: { title: 'first', count: 1 } } })
  await one.pushed([first])
  const { recordId } = first
  for (const [device, title] of [
    [two, 'theirs'],
    [one, 'mine'],
  ] as const)
    await device.pushed([
      device.mutation({ collection, recordId, baseVersion: 1, op: { type: 'patch', set: { title } } }),
    ])
  await one.pushed([one.mutation({ collection, op: { type: 'put', data: { title: 7 } } })])

  // The older one of the two: whoever takes any kind takes it first.
  const ruled = await resolveByRule(app.ctx, {
    ...who,
    body: { rule: 'mine', before: Date.now() + 1_000, reason: 'as seen', count: 1 },
  })
  const body = { kind: 'discard', q: 'code:schema_mismatch', reason: 'not wanted' }
  const known = await createOperation(app.ctx, { ...who, body })
  await turnOperation(app.ctx, 'start', { ...who, id: known.id, body: {} })
  const ended = async (id: string) => {
    for (const until = Date.now() + ENDS_WITHIN_MS; Date.now() < until; await pause(50)) {
      const row = await storage.operations.get(fleetId, id)
      if (row?.state === 'completed') return row
    }
    throw new Error(`${id} has not ended`)
  }

  const before = await startPreviousServer(database.url, previousServer())
  onTestFinished(() => before.stop())
  expect(await ended(known.id)).toMatchObject({ done: 1, skipped: 0, errored: 0 })
  const untouched = { state: 'running', done: 0, skipped: 0, errored: 0, version: 1 }
  expect(await storage.operations.get(fleetId, ruled.id)).toMatchObject(untouched)

  const today = await startServer(database.url)
  onTestFinished(() => today.stop())
  expect(await ended(ruled.id)).toMatchObject({ done: 1, skipped: 0, errored: 0 })
  expect((await storage.sync.getRecord(fleetId, collection, recordId))?.data).toMatchObject({ title: 'mine' })
}, 120_000)
