import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { keepOf } from '#lib/application/retention/retention.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult, WireRecord } from '#lib/protocol/push.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { HttpWorld } from '#tests/support/http-world.ts'
import { overHttp } from '#tests/support/http-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const collection = 'pages'
const DAY_MS = 86_400_000

describe.each(STORAGES)('operational transformation over HTTP and $name', ({ open }) => {
  let held: TestStorage
  let world: HttpWorld
  let fleet: TestFleet
  let one: TestDevice
  let two: TestDevice
  beforeAll(async () => {
    held = await open()
    world = await overHttp(testApp(held.storage))
    fleet = await testFleet(world.app)
    await createCollection(world.app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      body: { name: collection, strategy: 'ot', schema: true },
    })
    one = await TestDevice.enroll(world.app, fleet)
    two = await TestDevice.enroll(world.app, fleet)
  })
  afterAll(async () => {
    await world.close()
    await held.close()
  })

  const text = (baseRevision: number, ops: Json): Operation => ({
    type: 'ot',
    path: '/body',
    kind: 'text',
    baseRevision,
    ops,
  })
  async function page(data = { body: 'abc' }) {
    const made = one.mutation({ collection, op: { type: 'put', data } })
    const { recordId } = made
    const [result] = (await one.pushed([made])).results
    return { recordId, baseVersion: (result as { version: number }).version }
  }
  const send = async (device: TestDevice, at: object, op: Operation): Promise<MutationResult> =>
    (await device.pushed([device.mutation({ collection, ...at, op })])).results[0] as MutationResult
  const pulledRecord = async (device: TestDevice, recordId: string, token: string | null) => {
    const { changes, token: next } = await device.pulled(token)
    return { record: changes.find((change) => change.recordId === recordId) as WireRecord, token: next }
  }

  it('[DL5] goes past what the log has under a former name, be the operation of the old version or the new', async () => {
    const { ctx } = world.app
    const { fleetId } = fleet
    const body = { name: 'leaves', strategy: 'ot', schema: true } as const
    const { id } = await createCollection(ctx, { actor: SYSTEM, fleetId, body })
    const made = one.mutation({ collection: 'leaves', op: { type: 'put', data: { body: 'abc' } } })
    const { recordId } = made
    const [first] = (await one.pushed([made])).results
    const at = { collection: 'leaves', recordId, baseVersion: (first as { version: number }).version }
    const typed = (
      device: TestDevice,
      baseRevision: number,
      ops: Json,
      path: string,
      schemaVersion: number,
    ) => send(device, { ...at, schemaVersion }, { type: 'ot', kind: 'text', path, baseRevision, ops })
    await typed(one, 0, [3, '!'], '/body', 1)
    await typed(one, 1, [4, '?'], '/body', 1)
    const upMigrations = [{ from: 1, to: 2, ops: [{ op: 'rename', path: '/body', to: '/alt' }] }] as const
    const changes = { schema: { type: 'object' }, upMigrations, version: 1 }
    await publishCollection(ctx, { actor: SYSTEM, fleetId, id, body: changes })
    expect(await typed(two, 1, ['x'], '/alt', 2)).toMatchObject({
      status: 'applied',
      transformed: [[5, '?']],
    })
    expect(await typed(two, 0, ['y'], '/body', 1)).toMatchObject({ status: 'applied', revision: 4 })
    const { record } = await pulledRecord(one, recordId, null)
    expect(record.data).toEqual({ alt: 'yxabc!?' })
    // The record is of the new version now, and of the log half.
    expect(await typed(two, 1, ['z'], '/alt', 2)).toMatchObject({
      status: 'applied',
      transformed: [
        [5, '?'],
        [1, 'x'],
        [1, 'y'],
      ],
    })
    const onBoth = { ...at, baseVersion: at.baseVersion + 2, schemaVersion: 2 }
    expect(await send(two, onBoth, { type: 'patch', set: { alt: 'abc!?;' } })).toMatchObject({
      status: 'applied',
    })
    const { record: later } = await pulledRecord(one, recordId, null)
    expect(later.data).toEqual({ alt: 'zyxabc!?;' })
  })

  it('[CS5] answers with the revision, and with what others did meanwhile', async () => {
    const at = await page()
    const { token } = await two.pulled()
    expect(await send(one, at, text(0, [3, '😅']))).toMatchObject({ status: 'applied', revision: 1 })
    const mutation = two.mutation({ collection, ...at, op: text(0, ['<', { d: 1 }]) })
    const [result] = (await two.pushed([mutation])).results
    expect(result).toMatchObject({ status: 'applied', revision: 2, transformed: [[3, '😅']] })
    expect((await two.pushed([mutation])).results).toEqual([
      { id: mutation.id, status: 'duplicate', original: result },
    ])
    const { record } = await pulledRecord(two, at.recordId, token)
    expect(record.data).toEqual({ body: '<bc😅' })
    expect(record.ot).toEqual({
      '/body': {
        kind: 'text',
        revision: 2,
        ops: [
          [3, '😅'],
          ['<', { d: 1 }],
        ],
      },
    })
  })

  it('[CS5] a pull has the operations since its token, and none where it starts from nothing', async () => {
    const at = await page()
    let token: string | null = (await two.pulled()).token
    let document: Json | undefined = 'abc'
    for (let i = 0; i < 4; i++) {
      await send(one, at, text(i, [i, String(i)]))
      if (i % 2 === 0) continue
      const { record, token: next } = await pulledRecord(two, at.recordId, token)
      token = next
      const { revision, ops } = record.ot?.['/body'] ?? { revision: 0 }
      expect([revision, ops?.length]).toEqual([i + 1, 2])
      for (const op of ops ?? []) {
        const applied = otLibrary.text.apply(document, op)
        document = applied.ok ? applied.value : 'never'
      }
      expect(document).toBe(record.data?.['body'])
    }
    const fresh = await pulledRecord(two, at.recordId, null)
    expect(fresh.record.ot).toEqual({ '/body': { revision: 4, kind: 'text' } })
  })

  it('[CS5] JSON moves, and a document write is its difference', async () => {
    const made = one.mutation({ collection, op: { type: 'put', data: { tree: { l: [1, 2, 3], t: 'x' } } } })
    const [created] = (await one.pushed([made])).results
    const at = { recordId: made.recordId, baseVersion: (created as { version: number }).version }
    const move: Operation = {
      type: 'ot',
      path: '/tree',
      kind: 'json',
      baseRevision: 0,
      ops: ['l', [0, { p: 0 }], [2, { d: 0 }]],
    }
    expect(await send(one, at, move)).toMatchObject({ status: 'applied', revision: 1 })
    const whole: Operation = {
      type: 'put',
      data: { tree: { l: [1, 2, 3], t: 'xy', __proto__: null } as never },
    }
    expect((await send(two, at, whole)).status).toBe('applied')
    const { record } = await pulledRecord(two, at.recordId, null)
    expect(record.data).toEqual({ tree: { l: [2, 3, 1], t: 'xy' } })
    expect(record.ot).toEqual({ '/tree': { revision: 2, kind: 'json' } })
  })

  const retainAt = (days: number): Promise<{ readonly deleted: number }> =>
    held.storage.maintenance.applyRetention(
      Date.now() + days * DAY_MS,
      keepOf({ eventsDays: 90, sessionsDays: 90 }),
      { size: 1_000, rounds: 1 },
    )

  it('[CS5] nobody whose token is live meets the end of the log, whether the token was shown or not', async () => {
    const at = await page()
    for (let i = 0; i < 5; i++) await send(one, at, text(i, ['x']))
    // Two has read once, and never shown what it got; one stays up to date.
    const { token } = await two.pulled()
    for (let i = 5; i < 8; i++) await send(one, at, text(i, ['y']))
    await one.pulled((await one.pulled()).token)
    await retainAt(30)
    expect(await send(two, at, text(0, ['q']))).toMatchObject({ status: 'applied', revision: 9 })
    const { record } = await pulledRecord(two, at.recordId, token)
    expect(record.ot?.['/body']).toMatchObject({ revision: 9 })
    expect(record.ot?.['/body']?.ops).toHaveLength(4)
  })

  it('[CS5] behind the compacted log the newest of each path stays, and what was made before it is a dead letter', async () => {
    const at = await page()
    for (let i = 0; i < 5; i++) await send(one, at, text(i, ['x']))
    const { token } = await two.pulled()
    await retainAt(51)
    const { record } = await pulledRecord(two, at.recordId, null)
    expect(record.ot?.['/body']).toEqual({ revision: 5, kind: 'text' })
    expect(await send(two, at, text(2, ['q']))).toMatchObject({
      status: 'dead_lettered',
      code: 'underivable',
    })
    expect(await send(two, at, text(5, ['z']))).toMatchObject({ status: 'applied', revision: 6 })
    const after = await pulledRecord(two, at.recordId, token)
    expect(after.record.ot?.['/body']).toEqual({ revision: 6, kind: 'text', ops: [['z']] })
  })

  it('[CS5] a collection holds CRDTs or paths under OT, not both', async () => {
    const body = { name: 'both', strategy: 'crdt', fieldStrategies: { '/body': 'ot' }, schema: true }
    await expect(
      createCollection(world.app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body }),
    ).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
  })

  it('[CS5] a malformed operation is a dead letter, and the rest of the push goes on', async () => {
    const at = await page()
    const bad = [text(0, 'no list'), text(0, [{ d: 99 }]), text(0, [['deep']]), text(0, [{ d: 1, x: 2 }])]
    const mutations = bad.map((op) => one.mutation({ collection, ...at, op }))
    const good = one.mutation({ collection, ...at, op: text(0, ['ok']) })
    const { results } = await one.pushed([...mutations, good])
    expect(results.map(({ status }) => status)).toEqual([...bad.map(() => 'dead_lettered'), 'applied'])
  })
})
