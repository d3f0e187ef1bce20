import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { edit } from '#lib/application/dead-letters/edit.ts'
import { getDeadLetter } from '#lib/application/dead-letters/get-dead-letter.ts'
import { recordStandings } from '#lib/application/dead-letters/record-standings.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { foretellLetter } from '#lib/application/operations/foretell-letter.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { newUuid, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    speed: { type: ['integer', 'null'] },
    species: { type: 'string' },
    damage: { type: 'string' },
    pilot: { type: 'string' },
  },
}

/** A dry run of one letter, as it is and edited, with the record as it would stand. */
describe.each(STORAGES)('what a replay of one letter would do on $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  let other: TestDevice
  beforeEach(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    device = await TestDevice.enroll(app, fleet)
    other = await TestDevice.enroll(app, fleet)
  })
  afterEach(() => held.close())

  const input = (body: unknown) => ({ actor: SYSTEM, fleetId: fleet.fleetId, body })
  const at = (id: string, body: unknown = {}) => ({ ...input(body), id })
  const make = (strategy: string, more: JsonObject = {}) =>
    createCollection(app.ctx, input({ name: 'reports', strategy, schema: SCHEMA, ...more }))
  const change = (by: TestDevice, changes: Partial<Mutation>) =>
    by.mutation({ collection: 'reports', ...changes })
  const dead = async (
    changes: Partial<Mutation>,
  ): Promise<{ readonly id: string; readonly mutation: Mutation }> => {
    const mutation = change(device, changes)
    const [result] = (await device.pushed([mutation])).results
    if (result?.status !== 'dead_lettered') throw new Error(`not dead: ${JSON.stringify(result)}`)
    return { id: result.deadLetterId, mutation }
  }
  const recordOf = async (recordId: string) => {
    const record = await held.storage.sync.getRecord(fleet.fleetId, 'reports', recordId)
    return record && { version: record.version, deleted: record.deleted, data: record.data }
  }
  /** A record of two fields, on which one device writes what the schema refuses and the other what it takes. */
  const crossed = async () => {
    const recordId = newUuid()
    const first = change(device, { recordId, op: { type: 'put', data: { species: 'bird', damage: 'None' } } })
    await device.pushed([first])
    const set = { speed: '', species: 'Killdeer' }
    const letter = await dead({ recordId, baseVersion: 1, op: { type: 'patch', set } })
    const minor = { type: 'patch', set: { damage: 'Minor' } } as const
    await other.pushed([change(other, { recordId, baseVersion: 1, op: minor })])
    return { ...letter, recordId }
  }
  const mended = { op: { type: 'patch', set: { speed: null, species: 'Killdeer' } } } as const

  it('[DL13] tells the record that an edited replay then leaves, and writes nothing', async () => {
    await make('field-merge')
    const { id, recordId } = await crossed()
    const before = await recordOf(recordId)
    expect(await foretellLetter(app.ctx, at(id))).toMatchObject({
      outcome: 'still_dead',
      code: 'schema_mismatch',
      path: '/speed',
      record: before,
    })
    const foretold = await foretellLetter(app.ctx, at(id, mended))
    expect(foretold).toEqual({
      outcome: 'merged',
      code: null,
      detail: null,
      path: null,
      record: {
        version: 3,
        deleted: false,
        data: { species: 'Killdeer', damage: 'Minor', speed: null },
      },
      behind: [],
      assumesAuthority: false,
    })
    expect(await recordOf(recordId)).toEqual(before)
    expect((await getDeadLetter(app.ctx, at(id))).letter).toMatchObject({ status: 'open', attempts: 0 })
    const { result } = await edit(app.ctx, at(id, { ...mended, reason: 'a test' }))
    expect(result.status).toBe(foretold.outcome)
    expect(await recordOf(recordId)).toEqual(foretold.record)
  })

  it('[DL6] [DL13] a newer record goes to a person, and stays as it is', async () => {
    await make('lww')
    const { id, recordId } = await crossed()
    const foretold = await foretellLetter(app.ctx, at(id, mended))
    expect(foretold).toMatchObject({ outcome: 'conflict', record: await recordOf(recordId) })
    const { result } = await edit(app.ctx, at(id, { ...mended, reason: 'a test' }))
    expect(result.status).toBe('conflict')
    expect(await recordOf(recordId)).toEqual(foretold.record)
  })

  it('[DL3] [DL13] what is held behind it follows, on the record that it leaves', async () => {
    const { id: collectionId, version } = await make('lww')
    const parent = change(device, { op: { type: 'put', data: { speed: 'x' } } })
    const { recordId } = parent
    const child = change(device, {
      recordId,
      after: parent.id,
      op: { type: 'patch', set: { species: 'owl' } },
    })
    const { results } = await device.pushed([parent, child])
    const id = results[0]?.status === 'dead_lettered' ? results[0].deadLetterId : ''
    expect(await foretellLetter(app.ctx, at(id))).toMatchObject({
      outcome: 'still_dead',
      behind: [{ outcome: 'held', code: 'parent_dead', count: 1 }],
    })
    await publishCollection(app.ctx, at(collectionId, { version, schema: { type: 'object' } }))
    const foretold = await foretellLetter(app.ctx, at(id))
    // Its own record then, without what follows.
    expect(foretold).toMatchObject({
      outcome: 'applied',
      record: { version: 1, data: { speed: 'x' } },
      behind: [{ outcome: 'applied', code: null, count: 1 }],
    })
    const { result, held: followed } = await replay(app.ctx, at(id))
    expect([result.status, ...followed.map(({ status }) => status)]).toEqual(['applied', 'applied'])
  })

  it('[DL20] an edit of masked fields shows no record, whether the value is a new one or that which stood there', async () => {
    await make('lww', { masked: ['/pilot'] })
    const { id } = await dead({ op: { type: 'put', data: { speed: 'x', pilot: 'Amelia' } } })
    const asked = async (pilot: string) => {
      const op = { type: 'put', data: { speed: 1, pilot } }
      return foretellLetter(app.ctx, at(id, { op }))
    }
    expect((await asked('Amelia')).record).toBeNull()
    expect((await asked('Bessie')).record).toBeNull()
    const { op } = await getDeadLetter(app.ctx, at(id))
    const mask = op.type === 'put' ? String(op.data['pilot']) : ''
    expect(mask).not.toBe('Amelia')
    expect(await asked(mask)).toMatchObject({
      outcome: 'applied',
      record: { data: { speed: 1, pilot: mask } },
    })
  })

  it('[DL13] one that is settled, unknown or badly edited is refused', async () => {
    await make('lww')
    const { id } = await dead({ op: { type: 'put', data: { speed: 'x' } } })
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (error: unknown) => (error as { tidemarkCode?: string }).tidemarkCode,
      )
    expect(await codeOf(foretellLetter(app.ctx, at(newUuid())))).toBe('not_found')
    for (const body of [{ op: { type: 'paint' } }, { op: null }, { schemaVersion: 0 }, { reason: 'why' }, []])
      expect(await codeOf(foretellLetter(app.ctx, at(id, body)))).toBe('bad_request')
    // It would only die again of its version, and be nearer to being poisoned.
    const ahead = { op: { type: 'put', data: {} }, schemaVersion: 2 }
    expect(await codeOf(foretellLetter(app.ctx, at(id, ahead)))).toBe('bad_request')
    expect(await codeOf(edit(app.ctx, at(id, { ...ahead, reason: 'a test' })))).toBe('bad_request')
    expect((await getDeadLetter(app.ctx, at(id))).letter).toMatchObject({ attempts: 0 })
    await discard(app.ctx, at(id, { reason: 'a test' }))
    expect(await codeOf(foretellLetter(app.ctx, at(id)))).toBe('not_replayable')
  })

  it('the list says of each letter how the server’s record stands to it', async () => {
    await make('lww')
    const fresh = await dead({ op: { type: 'put', data: { speed: 'x' } } })
    const { id: changed } = await crossed()
    const recordId = newUuid()
    await device.pushed([change(device, { recordId, op: { type: 'put', data: {} } })])
    const version = (await recordOf(recordId))?.version ?? 0
    const same = await dead({ recordId, baseVersion: version, op: { type: 'patch', set: { speed: 'x' } } })
    const gone = newUuid()
    await device.pushed([change(device, { recordId: gone, op: { type: 'put', data: {} } })])
    const made = (await recordOf(gone))?.version ?? 0
    const deleted = await dead({
      recordId: gone,
      baseVersion: made,
      op: { type: 'patch', set: { speed: 'x' } },
    })
    await other.pushed([change(other, { recordId: gone, baseVersion: made, op: { type: 'delete' } })])
    const ids = [fresh.id, changed, same.id, deleted.id]
    const letters = await Promise.all(ids.map(async (id) => (await getDeadLetter(app.ctx, at(id))).letter))
    const standings = await recordStandings(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, letters })
    expect(ids.map((id) => standings.get(id))).toEqual(['none', 'changed', 'same', 'deleted'])
  })
})
