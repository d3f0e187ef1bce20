import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { edit } from '#lib/application/dead-letters/edit.ts'
import { getDeadLetter } from '#lib/application/dead-letters/get-dead-letter.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { replaySchemaAhead } from '#lib/application/dead-letters/replay-schema-ahead.ts'
import { restore } from '#lib/application/dead-letters/restore.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { DEAD_LETTERS_PER_DEVICE_DAY_MAX, MUTATIONS_PER_PUSH_MAX } from '#lib/protocol/limits.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, TestDevice, newUuid, send, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const LOOSE_SCHEMA: JsonObject = { ...NOTES_SCHEMA, properties: { title: { type: ['string', 'integer'] } } }

describe.each(STORAGES)('dead letters over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  beforeEach(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    device = await TestDevice.enroll(app, fleet)
  })
  afterEach(() => held.close())

  const at = (id: string, body: unknown = {}) => ({ actor: SYSTEM, fleetId: fleet.fleetId, id, body })
  const publish = async (schema: JsonObject, version?: number) => {
    const [collection] = await listCollections(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId })
    if (!collection) throw new Error('the fleet has a collection')
    return publishCollection(app.ctx, at(collection.id, { schema, version: version ?? collection.version }))
  }
  const letterOf = (result: MutationResult | undefined): string => {
    if (result?.status !== 'dead_lettered') throw new Error(`not dead: ${JSON.stringify(result)}`)
    return result.deadLetterId
  }
  const bad = (changes = {}) => device.mutation({ op: { type: 'put', data: { title: 7 } }, ...changes })

  it('[ID3] [FK2] a replay goes on from what its device made under the id that it had before a fork', async () => {
    const made = device.mutation()
    await device.pushed([made])
    const enrolled = await send(app, 'POST', '/api/v1/enroll', {
      token: fleet.key,
      body: {
        requestId: newUuid(),
        deviceId: newUuid(),
        device: { name: 'twin', platform: 'ios', appVersion: '1.2.0' },
        formerDeviceId: device.id,
        formerToken: device.token,
      },
    })
    const fork = new TestDevice(app, (await enrolled.json()) as never)
    const { recordId } = made
    const op = { type: 'patch', set: { title: 7 } } as const
    const { results } = await fork.pushed([fork.mutation({ recordId, after: made.id, op })])
    await publish(LOOSE_SCHEMA)
    const { result } = await replay(app.ctx, at(letterOf(results[0]), { reason: 'fixed' }))
    expect(result).toMatchObject({ status: 'applied', version: 2 })
  })

  it('[ID3] a replay keeps its mutation id, and the device’s own repeat is a duplicate then', async () => {
    const mutation = bad()
    const first = await device.pushed([mutation])
    const id = letterOf(first.results[0])
    await publish(LOOSE_SCHEMA)
    const { result } = await replay(app.ctx, at(id, { reason: 'fixed' }))
    expect(result).toMatchObject({ id: mutation.id, status: 'applied', version: 1 })
    expect((await device.pulled()).changes).toMatchObject([
      { recordId: mutation.recordId, data: { title: 7 } },
    ])
    const again = await device.pushed([mutation])
    expect(again.results).toMatchObject([
      { status: 'duplicate', original: { status: 'applied', version: 1 } },
    ])
    await expect(replay(app.ctx, at(id))).rejects.toMatchObject({ tidemarkCode: 'not_replayable' })
    expect((await getDeadLetter(app.ctx, at(id))).letter).toMatchObject({ status: 'replayed', attempts: 1 })
  })

  it('a replay that dies again stays open, with the attempt noted and audited', async () => {
    const id = letterOf((await device.pushed([bad()])).results[0])
    const { result } = await replay(app.ctx, at(id, { reason: 'try' }))
    expect(result).toMatchObject({ status: 'dead_lettered', code: 'schema_mismatch' })
    expect((await getDeadLetter(app.ctx, at(id))).letter).toMatchObject({ status: 'open', attempts: 1 })
    const audit = await held.storage.audit.list(
      { fleetId: fleet.fleetId, action: 'dead-letter.replay' },
      { limit: 10, cursor: null },
    )
    expect(audit.items).toMatchObject([{ target: id, reason: 'try' }])
  })

  it('[DL3] letters held behind one replay with it, in order', async () => {
    const parent = bad()
    const { recordId } = parent
    const child = device.mutation({ recordId, after: parent.id, op: { type: 'patch', set: { count: 2 } } })
    const grandchild = device.mutation({
      recordId,
      after: child.id,
      op: { type: 'patch', set: { count: 3 } },
    })
    const { results } = await device.pushed([parent, child, grandchild])
    expect(results.slice(1)).toMatchObject([
      { code: 'parent_dead_lettered' },
      { code: 'parent_dead_lettered' },
    ])
    await publish({ ...LOOSE_SCHEMA, properties: {} })
    const outcome = await replay(app.ctx, at(letterOf(results[0])))
    expect([outcome.result, ...outcome.held].map(({ status }) => status)).toEqual([
      'applied',
      'applied',
      'applied',
    ])
    expect((await device.pulled()).changes).toMatchObject([{ data: { title: 7, count: 3 } }])
    expect(await held.storage.deadLetters.countOpen(fleet.fleetId)).toBe(0)
  })

  const chain = () => {
    const parent = bad()
    const { recordId } = parent
    const child = device.mutation({ recordId, after: parent.id, op: { type: 'patch', set: { count: 2 } } })
    const last = device.mutation({ recordId, after: child.id, op: { type: 'patch', set: { count: 3 } } })
    return [parent, child, last] as const
  }
  it('[DL3] a letter held behind one that somebody discards meanwhile does not spoil the replay', async () => {
    const { results } = await device.pushed([...chain()])
    const [parent, child, last] = results.map(letterOf)
    await publish({ ...LOOSE_SCHEMA, properties: {} })
    const { deadLetters } = held.storage
    const heldBy: typeof deadLetters.heldBy = async (...call) => {
      const letters = await deadLetters.heldBy(...call)
      await discard(app.ctx, at(child ?? '', { reason: 'meanwhile' }))
      return letters
    }
    const beside = {
      ...app.ctx,
      storage: { ...held.storage, deadLetters: { ...deadLetters, heldBy } },
    }
    const outcome = await replay(beside, at(parent ?? ''))
    expect(outcome).toMatchObject({ result: { status: 'applied' }, held: [] })
    expect(await Promise.all([child, last].map((id) => statusOf(id ?? '')))).toEqual([
      'discarded',
      'discarded',
    ])
  })

  it('[DL5] a publication stands and says so, whatever becomes of the letters that waited for it', async () => {
    const { deadLetters } = held.storage
    const list: typeof deadLetters.list = () => Promise.reject(new Error('away'))
    const app2 = { ...app.ctx, storage: { ...held.storage, deadLetters: { ...deadLetters, list } } }
    const [collection] = await listCollections(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId })
    const body = { schema: LOOSE_SCHEMA, version: collection?.version }
    expect(await publishCollection(app2, at(collection?.id ?? '', body))).toMatchObject({ schemaVersion: 2 })
  })

  const statusOf = async (id: string) => (await getDeadLetter(app.ctx, at(id))).letter.status

  it('[DL3] discarding the parent discards what is held behind it, and restoring brings it back', async () => {
    const mutations = chain()
    const [first] = mutations
    const { results } = await device.pushed(mutations)
    const [parent, child, last] = results.map(letterOf) as [string, string, string]
    expect((await getDeadLetter(app.ctx, at(parent))).held.map(({ id }) => id)).toEqual([child, last])
    expect((await discard(app.ctx, at(last, { reason: 'alone' }))).held).toEqual([])
    const { letter, held: along } = await discard(app.ctx, at(parent, { reason: 'a mistake' }))
    expect([letter.status, along]).toEqual(['discarded', [child]])
    const late = device.mutation({ recordId: first.recordId, after: first.id })
    expect((await device.pushed([late])).results).toMatchObject([{ code: 'parent_dead_lettered' }])
    await expect(restore(app.ctx, at(parent))).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    expect((await restore(app.ctx, at(parent, { reason: 'needed' }))).held).toEqual([child])
    expect(await Promise.all([parent, child, last].map(statusOf))).toEqual(['open', 'open', 'discarded'])
    const again = restore(app.ctx, at(parent, { reason: 'needed' }))
    await expect(again).rejects.toMatchObject({ tidemarkCode: 'not_restorable' })
    await publish({ ...LOOSE_SCHEMA, properties: {} })
    expect((await replay(app.ctx, at(parent))).held).toMatchObject([
      { status: 'applied' },
      { status: 'merged' },
    ])
    const audit = await held.storage.audit.list(
      { fleetId: fleet.fleetId, action: null },
      { limit: 50, cursor: null },
    )
    // Two of one millisecond stand in either order.
    const actions = audit.items.filter(({ target }) => target === parent).map(({ action }) => action)
    expect(actions.toSorted()).toEqual(['dead-letter.discard', 'dead-letter.replay', 'dead-letter.restore'])
  })

  it('[ID3] an edit is a new mutation linked to the old one; held children go on from it', async () => {
    const [parent, child] = chain()
    const { results } = await device.pushed([parent, child])
    const id = letterOf(results[0])
    const op = { type: 'put', data: { title: 'seven' } } as const
    await expect(edit(app.ctx, at(id, { op }))).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    const bad = await edit(app.ctx, at(id, { op: { type: 'put', data: { title: 8 } }, reason: 'try' }))
    expect(bad).toMatchObject({
      mutationId: null,
      held: [],
      result: { status: 'dead_lettered', deadLetterId: id },
    })
    expect((await getDeadLetter(app.ctx, at(id))).letter).toMatchObject({ status: 'open', attempts: 1 })
    const done = await edit(app.ctx, at(id, { op, reason: 'spelled out' }))
    expect(done).toMatchObject({
      result: { id: done.mutationId, status: 'applied' },
      held: [{ id: child.id, status: 'applied' }],
    })
    expect(done.mutationId).not.toBe(parent.id)
    const { letter } = await getDeadLetter(app.ctx, at(id))
    expect(letter).toMatchObject({
      status: 'replayed',
      editedAs: done.mutationId,
      mutation: { id: parent.id },
    })
    // Made while the letter was open, sent afterwards.
    const late = device.mutation({
      recordId: parent.recordId,
      after: parent.id,
      op: { type: 'patch', set: { count: 9 } },
    })
    expect((await device.pushed([late])).results).toMatchObject([{ status: 'applied' }])
    expect((await device.pulled()).changes).toMatchObject([{ data: { title: 'seven', count: 9 } }])
    expect((await device.pushed([parent])).results).toMatchObject([
      { status: 'duplicate', original: { status: 'dead_lettered' } },
    ])
  })

  it('[DL6] an edit of a record that is newer than the letter’s base goes to a person', async () => {
    const made = device.mutation()
    await device.pushed([made])
    const { recordId } = made
    const op = { type: 'put', data: { title: 5 } } as const
    const { results } = await device.pushed([device.mutation({ recordId, baseVersion: 1, op })])
    const newer = { type: 'patch', set: { title: 'newer' } } as const
    await device.pushed([device.mutation({ recordId, baseVersion: 1, op: newer })])
    const edited = { op: { type: 'put', data: { title: 'five' } }, reason: 'typed' }
    expect((await edit(app.ctx, at(letterOf(results[0]), edited))).result).toMatchObject({
      status: 'conflict',
    })
  })

  it('[DL7] past the bound of a day a push that would make dead letters is 429 without effect', async () => {
    const pushes = DEAD_LETTERS_PER_DEVICE_DAY_MAX / MUTATIONS_PER_PUSH_MAX
    const some = Array.from({ length: MUTATIONS_PER_PUSH_MAX }, () => bad())
    for (let n = 0; n < pushes; n++)
      await device.pushed(some.map((mutation) => ({ ...mutation, id: newUuid(), recordId: newUuid() })))
    const good = device.mutation()
    const answer = await device.push(device.pushBody([good, bad()]))
    expect([answer.status, await answer.json()]).toMatchObject([429, { code: 'rate_limited' }])
    const seconds = Number(answer.headers.get('retry-after'))
    expect(seconds > 0 && seconds <= 86_400).toBe(true)
    expect((await device.pushed([good])).results).toMatchObject([{ status: 'applied' }])
    const other = await TestDevice.enroll(app, fleet)
    const mine = other.mutation({ op: { type: 'put', data: { title: 7 } } })
    expect((await other.pushed([mine])).results).toMatchObject([{ status: 'dead_lettered' }])
  })

  it('[DL5] letters that wait for a later version do not stand in the way of those that are due', async () => {
    const far = Array.from({ length: 250 }, () => device.mutation({ schemaVersion: 9 }))
    const due = device.mutation({ schemaVersion: 2 })
    const { results } = await device.pushed([due, ...far.slice(0, 200)])
    await device.pushed(far.slice(200))
    await publish(LOOSE_SCHEMA)
    expect(await statusOf(letterOf(results[0]))).toBe('replayed')
    expect(await replaySchemaAhead(app.ctx, fleet.fleetId)).toBe(0)
    const replays = await held.storage.audit.list(
      { fleetId: fleet.fleetId, action: 'dead-letter.replay' },
      { limit: 10, cursor: null },
    )
    expect(replays.items).toMatchObject([{ actor: { kind: 'system' }, target: letterOf(results[0]) }])
  })

  it('[DL5] a letter from ahead of the server replays by itself when its version is published', async () => {
    const early = device.mutation({ schemaVersion: 2, op: { type: 'put', data: { title: 'early' } } })
    const later = device.mutation({ schemaVersion: 3 })
    const { results } = await device.pushed([early, later])
    expect(results).toMatchObject([{ code: 'schema_ahead' }, { code: 'schema_ahead' }])
    const published = await publish(LOOSE_SCHEMA)
    expect(published).toMatchObject({ schemaVersion: 2, version: 2 })
    expect((await device.pulled()).changes).toMatchObject([{ recordId: early.recordId }])
    expect((await getDeadLetter(app.ctx, at(letterOf(results[1])))).letter.status).toBe('open')
  })

  it('shows base, device and server side by side, with what today’s schema says', async () => {
    const made = device.mutation({ op: { type: 'put', data: { title: 'first', count: 1 } } })
    const { head } = await device.pushed([made])
    const baseVersion = head['notes'] as number
    const { recordId } = made
    const patch = device.mutation({ recordId, baseVersion, op: { type: 'patch', set: { count: 'two' } } })
    const { results } = await device.pushed([patch])
    await device.pushed([
      device.mutation({ recordId, baseVersion, op: { type: 'patch', set: { title: 'second' } } }),
    ])
    const detail = await getDeadLetter(app.ctx, at(letterOf(results[0])))
    expect(detail).toMatchObject({
      base: { title: 'first', count: 1 },
      device: { title: 'first', count: 'two' },
      server: { data: { title: 'second', count: 1 } },
      issues: [{ path: '/count' }],
    })
  })

  it('lists by filter, page after page, and discards with a reason', async () => {
    const { results } = await device.pushed([bad(), bad(), bad()])
    const input = { actor: SYSTEM, fleetId: fleet.fleetId }
    const first = await listDeadLetters(app.ctx, { ...input, query: { q: 'code:schema_mismatch', limit: 2 } })
    const rest = await listDeadLetters(app.ctx, {
      ...input,
      query: { q: 'code:schema_mismatch', limit: 2, cursor: first.nextCursor },
    })
    expect([first.items.length, rest.items.length, rest.nextCursor]).toEqual([2, 1, null])
    const id = letterOf(results[0])
    await expect(discard(app.ctx, at(id))).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    await discard(app.ctx, at(id, { reason: 'a test entry' }))
    await expect(replay(app.ctx, at(id))).rejects.toMatchObject({ tidemarkCode: 'not_replayable' })
    await expect(discard(app.ctx, at(newUuid(), { reason: 'x' }))).rejects.toMatchObject({
      tidemarkCode: 'not_found',
    })
    const open = await listDeadLetters(app.ctx, { ...input, query: { q: 'status:open' } })
    expect(open.items).toHaveLength(2)
  })

  it('publishes only on the current version, and only what can be checked', async () => {
    await expect(publish(LOOSE_SCHEMA, 9)).rejects.toMatchObject({ tidemarkCode: 'stale_version' })
    const refused = publish({ type: 'object', properties: { title: { type: 'no-such-type' } } })
    await expect(refused).rejects.toMatchObject({ tidemarkCode: 'schema_refused' })
    const outsider = { kind: 'user', id: 'u', name: 'u', roles: { [fleet.fleetId]: 'operator' } } as const
    const attempt = publishCollection(app.ctx, { ...at(newUuid()), actor: outsider })
    await expect(attempt).rejects.toMatchObject({ tidemarkCode: 'forbidden' })
  })

  it('a push that was planned on older rules is decided on the new ones', async () => {
    await device.pushed([device.mutation()])
    const other = await held.served(testApp(await held.another()))
    const mine = await device.at(other).pushed([bad()])
    expect(mine.results).toMatchObject([{ code: 'schema_mismatch' }])
    await publish(LOOSE_SCHEMA)
    const next = await device.at(other).at(other).pushed([bad()])
    expect(next.results).toMatchObject([{ status: 'applied' }])
  })
})
