import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { listOperationItems } from '#lib/application/operations/list-operations.ts'
import { previewFilter } from '#lib/application/operations/preview-operation.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import { OPERATION_WAITS_MAX, PREVIEW_ITEMS_MAX, PREVIEW_ITEMS_SHOWN_MAX } from '#lib/protocol/limits.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { AuthorityServer } from '#tests/support/authority-server.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import { openAuthorityWorld } from '#tests/support/authority-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const ASKED = { kind: 'replay', q: 'collection:orders' }

describe.each(STORAGES)('operations whose collection has an authority, on $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  let authority: AuthorityServer
  let close: () => Promise<void>
  beforeEach(async () => {
    const world = await openAuthorityWorld(await open(), 300)
    ;({ held, app, fleet, device, authority, close } = world)
    const made = world.orders
    const bad = () => device.mutation({ collection: 'orders', op: { type: 'put', data: { title: 7 } } })
    const { results } = await device.pushed([bad(), bad(), bad()])
    expect(results.map(({ status }) => status)).toEqual(Array(3).fill('dead_lettered'))
    const mended = { schema: { ...NOTES_SCHEMA, properties: {} }, version: made.version }
    await publishCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, id: made.id, body: mended })
    authority.asked.length = 0
  })
  afterEach(() => close())

  const at = (id: string, body: unknown = {}) => ({ actor: SYSTEM, fleetId: fleet.fleetId, id, body })
  const started = async (): Promise<string> => {
    const body = { ...ASKED, reason: 'mended' }
    const { id } = await createOperation(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    await turnOperation(app.ctx, 'start', at(id))
    return id
  }
  const fates = async (id: string) =>
    (await listOperationItems(app.ctx, { ...at(id), query: {} })).items.map(
      ({ letterId, outcome, code }) => ({ letterId, outcome, code }),
    )
  const preview = () => previewFilter(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body: ASKED })

  it('[DL13] [AU1] one that accepts makes of each letter what the dry run said, which asked nobody', async () => {
    const foretold = await preview()
    expect(foretold).toMatchObject({ assumesAuthority: true, looked: 3 })
    expect(authority.asked).toEqual([])
    const id = await started()
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({ state: 'completed', done: 3 })
    expect(await fates(id)).toEqual(
      foretold.items.map(({ letterId, outcome, code }) => ({ letterId, outcome, code })),
    )
    expect(authority.asked.map(({ body }) => [body.replay, body.mutations.length])).toEqual(
      Array(3).fill([true, 1]),
    )
  })

  it('[DL13] [DL15] one that refuses leaves letters dead, which the dry run could not know and says so', async () => {
    authority.refuse('the customer is unknown')
    const foretold = await preview()
    expect(foretold).toMatchObject({ assumesAuthority: true, counts: [{ outcome: 'applied', count: 3 }] })
    const id = await started()
    // All of its first stage failed.
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({
      state: 'paused',
      pause: { by: 'stage' },
      errored: 1,
    })
    await turnOperation(app.ctx, 'resume', at(id))
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({ state: 'completed', errored: 3 })
    expect((await fates(id)).map(({ outcome, code }) => `${outcome} ${code}`)).toEqual(
      Array(3).fill('still_dead authority_refused'),
    )
    expect(await held.storage.deadLetters.countOpen(fleet.fleetId)).toBe(3)
  })

  it('[DL17] [AU1] one that is silent is asked about one letter at a time, so often, then its letter counts as failed', async () => {
    authority.answer = () => null
    // It has read the rules of today.
    await preview()
    const id = await started()
    const row = await runOperation(app.ctx, fleet.fleetId, id)
    expect(row).toMatchObject({ state: 'paused', errored: 1, done: 0, skipped: 0 })
    expect((await fates(id))[0]).toMatchObject({ outcome: 'no_answer', code: 'authority_unavailable' })
    expect(authority.asked).toHaveLength(OPERATION_WAITS_MAX)
    // Of the next stage both are to run; the second waits behind the first, so nobody is asked about it.
    await turnOperation(app.ctx, 'resume', at(id))
    authority.asked.length = 0
    await held.storage.operations.change(fleet.fleetId, id, (now) => ({
      row: { ...now, nextAtMs: 0 },
      audit: null,
    }))
    const { runBatch } = await import('#lib/application/operations/run-batch.ts')
    await runBatch(app.ctx, fleet.fleetId, id)
    expect(authority.asked).toHaveLength(1)
    // It speaks again: each letter has its effect once.
    authority.accept()
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({
      state: 'completed',
      done: 2,
      errored: 1,
    })
    expect(await held.storage.deadLetters.countOpen(fleet.fleetId)).toBe(1)
  })
})

describe('a dry run over more letters than it looks at', () => {
  it(
    '[DL13] counts all, looks at the first, and says how many these are; the operation takes all',
    { timeout: 240_000 },
    async () => {
      const { url, drop } = await createTestDatabase()
      const storage = await openPostgresStorage({ url })
      const owner = new pg.Client({ connectionString: url })
      await owner.connect()
      try {
        const app = testApp(storage)
        const fleet = await testFleet(app)
        const device = await TestDevice.enroll(app, fleet)
        await device.pushed([device.mutation({ op: { type: 'put', data: { title: 7 } } })])
        const rest = 150
        const { rows } = await owner.query<{ column_name: string }>(
          `SELECT column_name FROM information_schema.columns WHERE table_name = 'dead_letter' AND column_name NOT IN ('id', 'mutation_id', 'created_at')`,
        )
        const columns = rows.map((row) => `"${row.column_name}"`).join(', ')
        await owner.query(
          `INSERT INTO dead_letter (id, mutation_id, created_at, ${columns})
          SELECT gen_random_uuid(), gen_random_uuid(), created_at + n * interval '1 ms', ${columns}
          FROM dead_letter, generate_series(1, ${PREVIEW_ITEMS_MAX + rest - 1}) n`,
        )
        const total = PREVIEW_ITEMS_MAX + rest
        const input = { actor: SYSTEM, fleetId: fleet.fleetId }
        const asked = { kind: 'discard', q: 'code:schema_mismatch' }
        const preview = await previewFilter(app.ctx, { ...input, body: asked })
        expect(preview).toMatchObject({
          matched: total,
          total,
          looked: PREVIEW_ITEMS_MAX,
          counts: [{ outcome: 'discarded', code: null, count: PREVIEW_ITEMS_MAX }],
        })
        expect(preview.items).toHaveLength(PREVIEW_ITEMS_SHOWN_MAX)
        const { id } = await createOperation(app.ctx, {
          ...input,
          body: { ...asked, reason: 'x', rate: 1_000, count: total },
        })
        expect(await storage.operations.get(fleet.fleetId, id)).toMatchObject({ matched: total, total })
        const last = await storage.operations.items(
          fleet.fleetId,
          id,
          { state: null, outcome: null },
          total - 1,
          9,
        )
        expect(last).toMatchObject([{ ordinal: total, state: 'pending' }])
      } finally {
        await owner.end()
        await storage.close()
        await drop()
      }
    },
  )
})
