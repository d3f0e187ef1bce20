import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { ConflictDetail } from '#lib/application/conflicts/read-conflict.ts'
import type { Resolved } from '#lib/application/conflicts/resolve-conflict.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { ConflictRow } from '#lib/storage/ports.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, TestDevice, newUuid, testApp, testFleet } from '#tests/support/device-world.ts'
import type { HttpWorld } from '#tests/support/http-world.ts'
import { overHttp } from '#tests/support/http-world.ts'
import { jsonBody } from '#tests/support/operator-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const collection = 'visits'

describe.each(STORAGES)('conflicts that a person decides, over HTTP and $name', ({ open }) => {
  let held: TestStorage
  let world: HttpWorld
  let fleet: TestFleet
  let one: TestDevice
  let two: TestDevice
  let key: { authorization: string }
  beforeAll(async () => {
    held = await open()
    world = await overHttp(testApp(held.storage))
    fleet = await testFleet(world.app)
    const { fleetId } = fleet
    const visits = { name: collection, strategy: 'manual', schema: NOTES_SCHEMA }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body: visits })
    const made = await createApiKey(world.app.ctx, {
      actor: SYSTEM,
      body: { name: 'desk', role: 'operator', fleet: fleetId },
    })
    key = { authorization: `Bearer ${made.key}` }
    one = await TestDevice.enroll(world.app, fleet)
    two = await TestDevice.enroll(world.app, fleet)
  })
  afterAll(async () => {
    await world.close()
    await held.close()
  })

  const conflictOf = (result: MutationResult | undefined): string => {
    if (result?.status !== 'conflict') throw new Error(`not a conflict: ${JSON.stringify(result)}`)
    return result.conflictId
  }
  const versionOf = (result: MutationResult | undefined): number => {
    if (result?.status !== 'applied') throw new Error(`not applied: ${JSON.stringify(result)}`)
    return result.version
  }
  const patch = (set: JsonObject) => ({ type: 'patch' as const, set })

  /** A record that `two` changed, and a change of `one` that met it. */
  async function contested() {
    const made = one.mutation({ collection, op: { type: 'put', data: { title: 'first' } } })
    const { recordId } = made
    const baseVersion = versionOf((await one.pushed([made])).results[0])
    const theirs = two.mutation({ collection, recordId, baseVersion, op: patch({ title: 'theirs' }) })
    const version = versionOf((await two.pushed([theirs])).results[0])
    const mine = one.mutation({ collection, recordId, baseVersion, op: patch({ title: 'mine' }) })
    const conflictId = conflictOf((await one.pushed([mine])).results[0])
    return { recordId, baseVersion, version, mine, conflictId }
  }
  const resolve = (id: string, body: JsonObject) =>
    world.admin(`/conflicts/${id}/resolve`, jsonBody('POST', body, key))
  const resolved = async (id: string, body: JsonObject): Promise<Resolved> => {
    const response = await resolve(id, body)
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
    return (await response.json()) as Resolved
  }
  const codeOf = async (response: Response) => [
    response.status,
    ((await response.json()) as { code: string }).code,
  ]
  const detailOf = async (id: string): Promise<ConflictDetail> =>
    (await (await world.admin(`/conflicts/${id}`, { headers: key })).json()) as ConflictDetail
  const recordOf = (recordId: string) => held.storage.sync.getRecord(fleet.fleetId, collection, recordId)

  it('[CS6] a device closes one with `resolves`; the first wins, the later one is superseded', async () => {
    const { recordId, version, conflictId } = await contested()
    const decide = (device: TestDevice, title: string) =>
      device.mutation({
        collection,
        recordId,
        baseVersion: version,
        resolves: conflictId,
        op: { type: 'put', data: { title } },
      })
    expect((await two.pushed([decide(two, 'settled')])).results).toMatchObject([{ status: 'applied' }])
    const late = (await one.pushed([decide(one, 'too late')])).results
    expect(late).toMatchObject([{ status: 'superseded', record: { data: { title: 'settled' } } }])
    const { conflict } = await detailOf(conflictId)
    expect(conflict).toMatchObject({ status: 'resolved', closure: { kept: 'merged', version: version + 1 } })
    expect(conflict.result).toEqual({ title: 'settled' })
    const { conflict: lost } = await detailOf((late[0] as { conflictId: string }).conflictId)
    expect(lost).toMatchObject({ outcome: 'remote', local: { title: 'too late' }, status: 'resolved' })
  })

  it('[CS6] a delete of what is removed already lets it be: the server side is kept', async () => {
    const made = one.mutation({ collection, op: { type: 'put', data: { title: 'first' } } })
    const { recordId } = made
    const baseVersion = versionOf((await one.pushed([made])).results[0])
    const gone = two.mutation({ collection, recordId, baseVersion, op: { type: 'delete' } })
    await two.pushed([gone])
    const mine = one.mutation({ collection, recordId, baseVersion, op: patch({ title: 'mine' }) })
    const conflictId = conflictOf((await one.pushed([mine])).results[0])
    // A device that has pulled the tombstone knows no version of the record.
    const letBe = one.mutation({
      collection,
      recordId,
      baseVersion: 0,
      resolves: conflictId,
      op: { type: 'delete' },
    })
    expect((await one.pushed([letBe])).results).toMatchObject([{ status: 'applied' }])
    const { conflict } = await detailOf(conflictId)
    expect(conflict).toMatchObject({ status: 'resolved', closure: { kept: 'theirs' }, result: null })
    expect((await recordOf(recordId))?.deleted).toBe(true)
  })

  it('what a database cannot hold as text is refused or kept, and is no failure of the server', async () => {
    const { conflictId, version } = await contested()
    const ask = async (path: string, init: RequestInit = { headers: key }): Promise<number> =>
      (await world.admin(`/conflicts${path}`, init)).status
    const long = 'x'.repeat(10_000)
    for (const path of ['', '/facets', '/groups', '/pairs']) {
      for (const query of ['collection=a%00b', 'q=collection%3Aa%00b', 'q=%00'])
        expect([path, query, await ask(`${path}?${query}`)]).toEqual([path, query, 200])
      for (const query of ['cursor=%00', 'cursor=a', 'sort=%00', `q=${long}`])
        expect([path, query, await ask(`${path}?${query}`)]).toEqual([path, query, 400])
    }
    const said = [{ note: 'a\0b' }, { assigned: 'a\0b' }, { note: '\ud800' }]
    for (const [seen, body] of said.entries())
      expect(await ask(`/${conflictId}`, jsonBody('PATCH', { ...body, version: seen }, key))).toBe(200)
    const preview = { rule: 'theirs', q: 'a\0b', before: Date.now() }
    expect(await ask('/by-rule/preview', jsonBody('POST', preview, key))).toBe(200)
    expect((await resolve(conflictId, { choice: 'theirs', version, reason: 'a\0b' })).status).toBe(200)
  })

  it('[CS6] one that names no conflict of the record is refused', async () => {
    const stray = one.mutation({ collection, resolves: newUuid() })
    expect((await one.pushed([stray])).results).toMatchObject([
      { status: 'refused', code: 'unknown_conflict' },
    ])
  })

  it.each([
    ['mine', { title: 'mine', count: 3 }, ['applied']],
    ['theirs', { title: 'theirs' }, ['superseded']],
  ] as const)(
    '[AF3] a child waits with the same id, and is decided with its parent: %s',
    async (choice, data, fates) => {
      const { recordId, baseVersion, version, mine, conflictId } = await contested()
      const child = one.mutation({
        collection,
        recordId,
        baseVersion,
        after: mine.id,
        op: patch({ count: 3 }),
      })
      expect((await one.pushed([child])).results).toMatchObject([{ status: 'conflict', conflictId }])
      expect((await detailOf(conflictId)).record?.version).toBe(version)
      await resolved(conflictId, { choice, version })
      const again = (await one.pushed([child])).results
      expect(again).toMatchObject(fates.map((status) => ({ status: 'duplicate', original: { status } })))
      expect((await recordOf(recordId))?.data).toEqual(data)
      const grandchild = one.mutation({
        collection,
        recordId,
        baseVersion,
        after: child.id,
        op: patch({ count: 4 }),
      })
      expect((await one.pushed([grandchild])).results).toMatchObject(fates.map((status) => ({ status })))
    },
  )

  it('[CS6] the desk writes a third version, once, as the fleet’s server actor', async () => {
    const { recordId, version, conflictId } = await contested()
    const body = { choice: 'merged', data: { title: 'both' }, version }
    const first = await resolved(conflictId, body)
    expect(first.result).toMatchObject({ status: 'applied', version: version + 1 })
    expect(first.record).toMatchObject({
      data: { title: 'both' },
      deviceId: '00000000-0000-0000-0000-000000000000',
    })
    const second = await resolved(conflictId, { ...body, reason: 'said twice' })
    expect(second.result).toEqual(first.result)
    expect((await recordOf(recordId))?.version).toBe(version + 1)
    expect(await codeOf(await resolve(conflictId, { choice: 'mine', version: version + 1 }))).toEqual([
      409,
      'stale_version',
    ])
    const { items } = await held.storage.audit.list(
      { fleetId: fleet.fleetId, action: 'conflict.resolve' },
      { limit: 100, cursor: null },
    )
    expect(items.filter(({ target }) => target === conflictId)).toMatchObject([
      { after: { choice: 'merged' }, outcome: 'done' },
    ])
  })

  it('[CS6] a decision on an older version is 409, and one that breaks the schema 422; both without effect', async () => {
    const { recordId, version, conflictId } = await contested()
    expect(await codeOf(await resolve(conflictId, { choice: 'mine', version: version - 1 }))).toEqual([
      409,
      'stale_version',
    ])
    const broken = { choice: 'merged', data: { title: 7 }, version }
    expect(await codeOf(await resolve(conflictId, broken))).toEqual([422, 'resolution_refused'])
    expect(await codeOf(await resolve(conflictId, { choice: 'restore', version }))).toEqual([
      400,
      'bad_request',
    ])
    expect((await recordOf(recordId))?.version).toBe(version)
    expect((await detailOf(conflictId)).conflict.status).toBe('open')
  })

  it('[CS1] what lost by itself is restored, with a reason', async () => {
    const made = one.mutation({ op: { type: 'put', data: { title: 'first' } } })
    const { recordId } = made
    await createCollection(world.app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      body: { name: 'latest', strategy: 'lww', schema: NOTES_SCHEMA },
    })
    const at = { collection: 'latest', recordId }
    const stamped = formatHlc({ wallMs: Date.now() - 90_000, counter: 0, deviceId: one.id })
    const baseVersion = versionOf((await one.pushed([{ ...made, ...at, hlc: stamped }])).results[0])
    const hlc = formatHlc({ wallMs: Date.now() - 60_000, counter: 0, deviceId: one.id })
    const early = one.mutation({ ...at, hlc, baseVersion, op: patch({ title: 'early' }) })
    const gone = two.mutation({ ...at, baseVersion, op: { type: 'delete' } })
    const version = versionOf((await two.pushed([gone])).results[0])
    const [result] = (await one.pushed([early])).results
    expect(result).toMatchObject({ status: 'superseded', record: { deleted: true } })
    const { conflictId } = result as { conflictId: string }
    expect(await codeOf(await resolve(conflictId, { choice: 'restore', version }))).toEqual([
      400,
      'bad_request',
    ])
    const answer = await resolved(conflictId, { choice: 'restore', version, reason: 'the visit took place' })
    expect(answer.record).toMatchObject({ deleted: false, data: { title: 'early' }, version: version + 1 })
    expect((await two.pulled()).changes.find((change) => change.recordId === recordId)?.data).toEqual({
      title: 'early',
    })
  })

  it('[CS7] the list has both sides, newest first, by filter and by page', async () => {
    const { recordId, conflictId } = await contested()
    const list = async (query: string) =>
      (await (await world.admin(`/conflicts?${query}`, { headers: key })).json()) as {
        items: ConflictRow[]
        nextCursor: string | null
      }
    const { items } = await list(`status=open&recordId=${recordId}`)
    expect(items).toMatchObject([
      {
        id: conflictId,
        strategy: 'manual',
        base: { title: 'first' },
        local: { title: 'mine' },
        remote: { title: 'theirs' },
        deviceId: one.id,
        closure: null,
      },
    ])
    const first = await list('limit=1&strategy=manual')
    const second = await list(`limit=1&strategy=manual&cursor=${first.nextCursor}`)
    expect(first.items[0]?.id).toBe(conflictId)
    expect(second.items[0]?.id).not.toBe(conflictId)
    expect((await list(`to=${new Date(0).toISOString()}`)).items).toEqual([])
    expect((await world.admin('/conflicts?status=lost', { headers: key })).status).toBe(400)
  })

  it('[CS6] tells the device whose side it was by a `resolved` event', async () => {
    const { version, conflictId } = await contested()
    const stream = await one.send('GET', '/api/v1/events')
    const reader = stream.body?.getReader()
    if (!reader) throw new Error('the stream has a body')
    const event = `event: resolved\ndata: ${JSON.stringify({ conflictId })}\n\n`
    let text = ''
    const listening = (async () => {
      while (!text.includes(event)) text += new TextDecoder().decode((await reader.read()).value)
    })()
    while (!text.includes(': here')) await new Promise((resolve) => setTimeout(resolve, 5))
    await resolved(conflictId, { choice: 'theirs', version })
    await listening
    await reader.cancel()
    expect(text.split(event)).toHaveLength(2)
  })
})
