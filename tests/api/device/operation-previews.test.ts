import fc from 'fast-check'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { listOperationItems } from '#lib/application/operations/list-operations.ts'
import { predict } from '#lib/application/operations/predict.ts'
import { previewFilter, previewOperation } from '#lib/application/operations/preview-operation.ts'
import { membershipOf } from '#lib/application/operations/membership.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { PushTx, Storage } from '#lib/storage/ports.ts'
import { PlanTooLarge } from '#lib/storage/ports.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { newUuid, TestDevice, testApp, testFleet, type TestApp } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'

/** `a` and `b` are numbers; a letter is what has a text there. */
const STRICT: JsonObject = {
  type: 'object',
  properties: { a: { type: 'integer' }, b: { type: 'integer' }, c: { type: 'string' } },
}
/** The mended one takes texts at `a`, so that what is wrong at `b` stays dead. */
const MENDED: JsonObject = {
  ...STRICT,
  properties: { ...(STRICT['properties'] as JsonObject), a: { type: ['integer', 'string'] } },
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
const value = fc.constantFrom<string | number>(1, 2, 'x')
const step = fc.record({
  device: fc.nat(1),
  record: fc.nat(2),
  kind: fc.constantFrom('put', 'patch', 'delete'),
  a: fc.option(value, { nil: undefined }),
  b: fc.option(value, { nil: undefined }),
  /** Made on the newest version that its device saw, or on none. */
  fresh: fc.boolean(),
  /** Made after the device's last change of the record. */
  chained: fc.boolean(),
})
const run = fc.record({
  strategy: fc.constantFrom('lww', 'fww', 'field-merge', 'manual'),
  before: fc.array(step, { minLength: 4, maxLength: 16 }),
  after: fc.array(step, { maxLength: 6 }),
  mended: fc.boolean(),
  asked: fc.constantFrom<JsonObject>(
    { kind: 'replay', q: 'collection:things' },
    { kind: 'replay', q: 'code:schema_mismatch' },
    { kind: 'replay', q: 'path:/a' },
    { kind: 'replay', q: 'code:parent_dead_lettered' },
    { kind: 'replay', q: '-path:/b collection:things' },
    { kind: 'edit', q: 'code:schema_mismatch', edit: { patch: [{ op: 'add', path: '/a', value: 5 }] } },
    { kind: 'edit', q: 'code:schema_mismatch', edit: { patch: [{ op: 'remove', path: '/b' }] } },
    { kind: 'discard', q: 'path:/b' },
  ),
})

type Run = typeof run extends fc.Arbitrary<infer T> ? T : never

function operationOf({ kind, a, b }: Step): Operation {
  if (kind === 'delete') return { type: 'delete' }
  const fields: JsonObject = { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) }
  return kind === 'put'
    ? { type: 'put', data: { c: 'd', ...fields } }
    : { type: 'patch', set: { c: 'e', ...fields } }
}

/** What two devices did, with what of it died. */
async function happened(app: TestApp, { strategy, before, after, mended }: Run) {
  const fleet = await testFleet(app)
  const { fleetId } = fleet
  const input = { actor: SYSTEM, fleetId }
  const body = { name: 'things', strategy, schema: STRICT }
  const things = await createCollection(app.ctx, { ...input, body })
  const devices = [await TestDevice.enroll(app, fleet), await TestDevice.enroll(app, fleet)]
  const records = [newUuid(), newUuid(), newUuid()]
  const seen = new Map<string, { version: number; last: string | null }>()
  const push = async (steps: readonly Step[]): Promise<void> => {
    for (const one of steps) {
      const device = devices[one.device]
      const recordId = records[one.record] ?? ''
      if (!device) continue
      const key = `${one.device} ${one.record}`
      const known = seen.get(key) ?? { version: 0, last: null }
      const mutation = device.mutation({
        collection: 'things',
        recordId,
        op: operationOf(one),
        baseVersion: one.fresh ? known.version : 0,
        ...(one.chained && known.last !== null ? { after: known.last } : {}),
      })
      const [result] = (await device.pushed([mutation])).results
      const version = result && 'version' in result ? Number(result.version) : known.version
      seen.set(key, { version, last: mutation.id })
    }
  }
  await push(before)
  if (mended)
    await publishCollection(app.ctx, {
      ...input,
      id: things.id,
      body: { schema: MENDED, version: things.version },
    })
  await push(after)
  return { fleetId, input }
}

const fateText = ({
  letterId,
  outcome,
  code,
}: {
  letterId: string
  outcome: string | null
  code: string | null
}) => `${letterId} ${outcome} ${code}`

/** A dry run, the same of the frozen members, then the real one. */
async function compared(app: TestApp, generated: Run): Promise<readonly string[]> {
  const { fleetId, input } = await happened(app, generated)
  const { asked } = generated
  const foretold = await previewFilter(app.ctx, { ...input, body: asked })
  if (foretold.matched === 0) return []
  const { id, total } = await createOperation(app.ctx, { ...input, body: { ...asked, reason: 'a test' } })
  expect(foretold).toMatchObject({ total, looked: total })
  const frozen = await previewOperation(app.ctx, { ...input, id })
  expect(frozen.items.map(fateText)).toEqual(foretold.items.map(fateText))
  // In slices of two, each on what those before it did.
  const order = await app.ctx.storage.operations.get(fleetId, id)
  if (!order) throw new Error('it is there')
  const sliced = await predict(app.ctx, fleetId, order, { operation: order }, 2)
  expect(sliced.items.map(fateText)).toEqual(foretold.items.map(fateText))
  await turnOperation(app.ctx, 'start', { ...input, id, body: {} })
  for (let turn = 0; turn < 20; turn++) {
    const { state } = await runOperation(app.ctx, fleetId, id)
    if (state === 'completed') break
    await turnOperation(app.ctx, 'resume', { ...input, id, body: {} })
  }
  const listed = await listOperationItems(app.ctx, { ...input, id, query: { limit: 500 } })
  const items = listed.items.map((item) => ({ ...item, letterId: item.letterId ?? '' }))
  expect(items.map(fateText)).toEqual(foretold.items.map(fateText))
  return items.map(({ outcome }) => String(outcome))
}

/** A storage of which one read takes few mutations: both the look and the operation's own steps are cut. */
function takingFew(storage: Storage, cut: () => void): Storage {
  const few = (load: PushTx['load']): PushTx['load'] => {
    return async (plan) => {
      if (plan.mutationIds.length <= FEW) return load(plan)
      cut()
      throw new PlanTooLarge('as many as there are')
    }
  }
  const { operations } = storage
  const look: typeof operations.look = (fleetId, work) =>
    operations.look(fleetId, (snapshot) => work({ ...snapshot, load: few(snapshot.load) }))
  const hold: typeof operations.hold = (fleetId, id, work) =>
    operations.hold(fleetId, id, (tx) => work({ ...tx, push: { ...tx.push, load: few(tx.push.load) } }))
  return { ...storage, operations: { ...operations, look, hold } }
}
/** An edited letter, the one that it takes the place of, and what that was made after. */
const FEW = 3

describe('a dry run of a bulk action', () => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close()
  })
  async function postgres() {
    const { url, drop } = await createTestDatabase()
    const storage = await openPostgresStorage({ url })
    closers.push(drop, () => storage.close())
    const owner = new pg.Client({ connectionString: url })
    await owner.connect()
    closers.push(() => owner.end())
    return { app: testApp(storage), storage, owner }
  }

  it('[DL13] foretells what the real one does, in memory', async () => {
    const outcomes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(run, async (generated) => {
        const storage = openMemoryStorage()
        for (const outcome of await compared(testApp(storage), generated)) outcomes.add(outcome)
        await storage.close()
      }),
      { numRuns: 100 },
    )
    const met = ['applied', 'conflict', 'discarded', 'held', 'still_dead', 'unpatchable']
    expect([...outcomes]).toEqual(expect.arrayContaining(met))
  })

  it('[DL13] foretells what the real one does, over PostgreSQL', async () => {
    const { app } = await postgres()
    await fc.assert(
      fc.asyncProperty(run, async (generated) => void (await compared(app, generated))),
      { numRuns: 8 },
    )
  })

  it('[DL13] [PU7] foretells what the real one does where one read takes but few of the members', async () => {
    let cuts = 0
    await fc.assert(
      fc.asyncProperty(run, async (generated) => {
        const storage = openMemoryStorage()
        await compared(testApp(takingFew(storage, () => (cuts += 1))), generated)
        await storage.close()
      }),
      { numRuns: 40 },
    )
    expect(cuts).toBeGreaterThan(0)
  })

  it('[DL13] leaves no trace, and a push does not wait for it', async () => {
    const { app, storage, owner } = await postgres()
    const fleet = await testFleet(app)
    const device = await TestDevice.enroll(app, fleet)
    const bad = () => device.mutation({ op: { type: 'put', data: { title: 7 } } })
    await device.pushed([bad(), bad(), device.mutation()])
    const asked = {
      kind: 'edit',
      q: 'code:schema_mismatch',
      edit: { patch: [{ op: 'replace', path: '/title', value: 'x' }] },
    }
    const input = { actor: SYSTEM, fleetId: fleet.fleetId }
    const before = await checksum(owner)
    expect(await previewFilter(app.ctx, { ...input, body: asked })).toMatchObject({
      counts: [{ outcome: 'applied', code: null, count: 2 }],
    })
    expect(await checksum(owner)).toEqual(before)

    // In the middle of its look, when it has read what a push writes.
    let during: unknown = null
    const membership = membershipOf({ kind: 'replay', q: 'code:schema_mismatch' }, app.ctx.clock.now())
    const slow = {
      ...app.ctx,
      storage: {
        ...storage,
        operations: {
          ...storage.operations,
          look: ((fleetId, work) =>
            storage.operations.look(fleetId, (snapshot) =>
              work({
                ...snapshot,
                load: async (plan) => {
                  const loaded = await snapshot.load(plan)
                  during = (await device.pushed([device.mutation()])).results[0]?.status
                  return loaded
                },
              }),
            )) as typeof storage.operations.look,
        },
      },
    }
    const order = { id: newUuid(), kind: 'replay', edit: null, reason: '', actor: SYSTEM } as const
    await predict(slow, fleet.fleetId, order, { membership })
    expect(during).toBe('applied')
  })
})

/** Of every row of every table, whatever its fleet. */
async function checksum(owner: pg.Client): Promise<readonly string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  )
  expect(rows.length).toBeGreaterThan(30)
  const sums: string[] = []
  for (const { name } of rows) {
    const text = `SELECT count(*) AS n, md5(coalesce(string_agg(x::text, ',' ORDER BY x::text), '')) AS sum FROM ${name} x`
    const [row] = (await owner.query<{ n: string; sum: string }>(text)).rows
    sums.push(`${name} ${row?.n} ${row?.sum}`)
  }
  return sums
}
