import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM, auditEntry } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { epochAfter } from '#lib/application/restores/raise-epochs.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { Replica } from '#lib/client/replica.ts'
import { copyOf } from '#tests/support/copy-of-disk.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { sessionsOfDevice } from '#tests/support/sessions-of.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

async function sql(...statements: readonly string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  const results: pg.QueryResult[] = []
  try {
    await client.query('BEGIN')
    for (const statement of statements) results.push(await client.query(statement))
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
  return results
}

/** Every table with rows of a fleet, as a backup holds it. */
async function fleetTables(): Promise<string[]> {
  const [found] =
    await sql(`SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attname = 'fleet_id' AND NOT a.attisdropped ORDER BY 1`)
  return ((found?.rows ?? []) as { name: string }[]).map(({ name }) => name)
}

async function backup(): Promise<void> {
  const tables = await fleetTables()
  await sql(
    'DROP SCHEMA IF EXISTS backup CASCADE',
    'CREATE SCHEMA backup',
    ...tables.map((name) => `CREATE TABLE backup.${name} AS TABLE public.${name}`),
  )
}

async function restore(configVersion?: number): Promise<void> {
  const tables = await fleetTables()
  await sql(
    ...tables.map((name) => `DELETE FROM public.${name}`),
    ...tables.map((name) => `INSERT INTO public.${name} SELECT * FROM backup.${name}`),
  )
  const { fleetId } = world.fleet
  const audit = auditEntry(world.app.ctx, SYSTEM, { action: 'fleet.restore', target: fleetId, fleetId })
  if (configVersion !== undefined)
    await sql(`UPDATE fleet SET config_version = ${configVersion} WHERE id = '${fleetId}'`)
  await world.storage.fleets.raiseEpoch(fleetId, audit, 0, epochAfter(0, Date.now()))
  world.app.ctx.directory.forget()
}

async function notesOf(replica: Replica): Promise<unknown[]> {
  const notes = await replica.collection('notes').query()
  return notes.map(({ data }) => data).sort((a, b) => (String(a['title']) < String(b['title']) ? -1 : 1))
}

async function rotated(replica: Replica): Promise<void> {
  const path = `/devices/${replica.deviceId}/commands?fleet=${world.fleet.fleetId}`
  const { status } = await world.admin('POST', path, { type: 'rotate' })
  expect(status).toBeLessThan(300)
  await replica.sync()
  await replica.sync()
}

describe('a restore over HTTP and PostgreSQL', () => {
  it('[TK6] what the backup forgot comes back from the devices under its ids, after they have read everything anew', async () => {
    const [first, second] = [await world.replica(), await world.replica()]
    const kept = await first.collection('notes').put(null, { title: 'in the backup', count: 1 })
    await first.sync()
    await second.sync()
    await backup()
    const lost = await first.collection('notes').put(null, { title: 'after the backup' })
    const edit = await first.collection('notes').patch(kept.recordId, { set: { count: 2 } })
    const other = await second.collection('notes').put(null, { title: 'by the second' })
    await first.sync()
    await second.sync()
    await first.sync()
    const before = await notesOf(first)
    expect(before).toHaveLength(3)

    await restore()
    const waits = await first.collection('notes').put(null, { title: 'not sent before' })
    expect(await first.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0, problem: null })
    expect(await second.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0, problem: null })
    await first.sync()
    const expected = [
      { title: 'after the backup' },
      { title: 'by the second' },
      { title: 'in the backup', count: 2 },
      { title: 'not sent before' },
    ]
    expect(await notesOf(first)).toEqual(expected)
    expect(await notesOf(second)).toEqual(expected)
    expect(first.conflicts$.get()).toEqual([])

    const ids = [kept, lost, edit, other, waits].map(({ mutationId }) => mutationId)
    const [log] = await sql(
      `SELECT mutation_id, status FROM change_log WHERE mutation_id IN ('${ids.join("','")}')`,
    )
    // A base of another epoch is unknown: the edit of what the backup has is merged, the rest applied.
    const fates = ((log?.rows ?? []) as { status: string }[]).map(({ status }) => status).sort()
    expect(fates).toEqual(['applied', 'applied', 'applied', 'applied', 'merged'])

    const filter = sessionsOfDevice(first.deviceId)
    const page = await world.storage.sessions.list(world.fleet.fleetId, filter, { limit: 20, cursor: null })
    const full = page.items.find(({ fullReason }) => fullReason === 'epoch_changed')
    const answered = (full?.attempts ?? []).filter(({ status }) => status === 200).map(({ kind }) => kind)
    expect(answered.indexOf('pull')).toBeGreaterThanOrEqual(0)
    expect(answered.indexOf('pull')).toBeLessThan(answered.indexOf('push'))
    await first.close()
    await second.close()
  })

  it('[TK6] a schema that is published anew after the restore is read, though the lost server had counted as far', async () => {
    const { fleetId } = world.fleet
    const typed = (type: string) => ({ type: 'object', properties: { a: { type } } })
    const publish = (id: string, type: string) =>
      publishCollection(world.app.ctx, {
        actor: SYSTEM,
        fleetId,
        id,
        body: { version: 1, schema: typed(type) },
      })
    const name = 'published-twice'
    const body = { name, strategy: 'lww', schema: typed('number') }
    const { id } = await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    const replica = await world.replica()
    await replica.sync()
    await backup()
    const { configVersion } = (await world.storage.fleets.get(fleetId)) ?? {}
    await publish(id, 'string')
    await replica.sync()
    await replica.collection(name).put(null, { a: 'text' })
    await restore(configVersion)
    world.app.ctx.groupCommit.rules.forget(fleetId)
    await publish(id, 'boolean')
    await replica.sync()
    await replica.collection(name).put(null, { a: true })
    await expect(replica.collection(name).put(null, { a: 'text' })).rejects.toMatchObject({
      code: 'invalid_data',
    })
    await replica.close()
  })

  it('[EN1][TK6] a device that the backup does not know enrolls again under its id, and nothing of it is lost', async () => {
    await backup()
    const replica = await world.replica()
    const done = await replica.collection('notes').put(null, { title: 'acknowledged' })
    await replica.sync()
    const { deviceId } = replica
    await restore()
    const waits = await replica.collection('notes').put(null, { title: 'waits' })
    for (let n = 0; n < 4; n++) await replica.sync()
    expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0, refused: 0, deviceId })
    const other = await world.replica()
    await other.sync()
    for (const { recordId } of [done, waits])
      expect(await other.collection('notes').get(recordId)).not.toBeNull()
    await replica.close()
    await other.close()
  })

  it.each([
    ['took', 'before'],
    ['left', 'after'],
  ] as const)(
    '[TK6][CM1] a restore that %s a conflict of a device that lost who it was: a person is asked, there and at the desk',
    async (_, moment) => {
      const { fleetId } = world.fleet
      const name = `lost-${moment}`
      const body = { name, strategy: 'manual', schema: true }
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
      const disk = createMemoryDisk()
      const [one, two] = [await world.replica({ store: openMemoryStore(disk) }), await world.replica()]
      const { recordId } = await one.collection(name).put(null, { v: 0 })
      for (const replica of [one, two]) await replica.sync()
      await two.collection(name).put(recordId, { v: 'two' })
      await two.sync()
      if (moment === 'before') await backup()
      const { mutationId } = await one.collection(name).put(recordId, { v: 'one' })
      await one.sync()
      expect(one.conflicts$.get()).toMatchObject([{ mutations: [{ id: mutationId }] }])
      if (moment === 'after') await backup()
      await one.close()
      disk.tables.meta.set('identity', '{"broken')
      await restore()

      const again = await world.replica({ store: openMemoryStore(disk) })
      for (let n = 0; n < 3; n++) await again.sync()
      expect(again.status$.get()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
      const told = again.conflicts$.get()
      expect(told).toMatchObject([{ recordId, mutations: [{ id: mutationId }] }])
      const path = `/conflicts/${told[0]?.conflictId}/resolve?fleet=${fleetId}`
      const version = (await world.storage.sync.getRecord(fleetId, name, recordId))?.version
      expect((await world.admin('POST', path, { choice: 'theirs', version })).status).toBe(200)
      for (let n = 0; n < 3; n++) await again.sync()
      expect(again.conflicts$.get()).toEqual([])
      expect(await again.collection(name).get(recordId)).toMatchObject({ data: { v: 'two' } })
      for (const replica of [again, two]) await replica.close()
    },
  )

  it('[EN1] a device whose rotation the backup does not know goes on with the token before it, without a key', async () => {
    const disk = createMemoryDisk()
    const first = await world.replica({ store: openMemoryStore(disk) })
    await first.sync()
    await first.close()
    await backup()
    const replica = await world.replica({ store: openMemoryStore(disk), enrollmentKey: undefined as never })
    await rotated(replica)
    await restore()
    await replica.collection('notes').put(null, { title: 'waits' })
    for (let n = 0; n < 4; n++) await replica.sync()
    expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
    expect(replica.deviceId).toBe(first.deviceId)
    await replica.close()
  })

  it('[EN1] a lost answer to a rotation and a day offline: the device enrolls as another one, with what waits', async () => {
    let isLost = true
    const lossy: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (!isLost || !String(input).endsWith('/token/rotate')) return response
      throw new TypeError('the answer is lost')
    }
    const replica = await world.replica({ fetch: lossy })
    await replica.sync()
    const { deviceId } = replica
    await rotated(replica)
    await replica.collection('notes').put(null, { title: 'before' })
    await replica.sync()
    isLost = false
    const waits = await replica.collection('notes').put(null, { title: 'made offline' })
    world.clock.aheadMs = 25 * 3_600_000
    world.app.ctx.directory.forget()
    for (let n = 0; n < 4; n++) await replica.sync()
    expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
    expect(replica.deviceId).not.toBe(deviceId)
    expect(await replica.collection('notes').get(waits.recordId)).toMatchObject({
      pending: 0,
      version: expect.any(Number),
    })
    world.clock.aheadMs = 0
    await replica.close()
  })

  it.each([
    ['the one that kept the id', 0, false],
    ['the copy', 1, false],
    ['the copy of the copy', 2, false],
    ['the one that kept the id, by the token before a rotation,', 0, true],
    ['the copy, by the token before a rotation,', 1, true],
  ] as const)(
    '[TK6][FK2] a restore to before a fork, and %s is back first: all counts once, nothing is refused',
    async (_, first, isRotated) => {
      const { fleetId } = world.fleet
      const [merged, counted, typed] = ['merged', 'counted', 'typed'].map(
        (name) => `${name}-${first}-${isRotated}`,
      ) as [string, string, string]
      for (const [name, strategy] of [
        [merged, 'field-merge'],
        [counted, 'crdt'],
        [typed, 'ot'],
      ])
        await createCollection(world.app.ctx, {
          actor: SYSTEM,
          fleetId,
          body: { name, strategy, schema: true },
        })
      const [disk, copied] = [createMemoryDisk(), createMemoryDisk()]
      const before = await world.replica({ store: openMemoryStore(disk) })
      await before.sync()
      const page = await before.collection(typed).put(null, { body: '' })
      await before.sync()
      await backup()
      if (isRotated) await rotated(before)
      const { recordId } = await before.collection(merged).put(null, { v: 'made' })
      await before.collection(counted).put(recordId, { v: 'made' })
      await before.collection(counted).counter(recordId, 'n').increment(1)
      await before.collection(counted).set(recordId, 'tags').add('both')
      await before.collection(typed).text(page.recordId, 'body').insert(0, '<b>')
      await before.close()
      Object.assign(copied.tables, copyOf(disk).tables)
      const replicas: Replica[] = []
      const goOn = async (from: typeof disk, mark: string, by: number): Promise<void> => {
        const replica = await world.replica({ store: openMemoryStore(from) })
        replicas.push(replica)
        await replica.collection(merged).patch(recordId, { set: { [mark]: mark } })
        await replica.collection(counted).counter(recordId, 'n').increment(by)
        await replica.collection(counted).set(recordId, 'tags').add(mark)
        await replica.collection(counted).text(recordId, 'body').insert(0, `<${mark}>`)
        // The third one's would stand on a revision that the backup lacks: for that there is a letter (CS5).
        if (mark !== 'z') await replica.collection(typed).text(page.recordId, 'body').insert(0, `<${mark}>`)
        for (let n = 0; n < 3; n++) await replica.sync()
      }
      const all = async (): Promise<void> => {
        const order = [...replicas.slice(first), ...replicas.slice(0, first)]
        for (let n = 0; n < 5; n++) for (const replica of order) await replica.sync()
      }
      await goOn(disk, 'x', 10)
      await goOn(copied, 'y', 100)
      await replicas[1]?.close()
      const again = copyOf(copied)
      replicas[1] = await world.replica({ store: openMemoryStore(copied) })
      await replicas[1].sync()
      await goOn(again, 'z', 1000)
      await all()
      const ids = replicas.map(({ deviceId }) => deviceId)
      expect(new Set(ids).size).toBe(3)
      const check = async (): Promise<void> => {
        for (const replica of replicas) {
          expect(replica.status$.get()).toMatchObject({
            state: 'idle',
            pending: 0,
            refused: 0,
            problem: null,
          })
          expect([
            ...replica.refusals$.get(),
            ...replica.deadLetters$.get(),
            ...replica.conflicts$.get(),
          ]).toEqual([])
          const data = async (name: string) =>
            (await replica.collection(name).get(name === typed ? page.recordId : recordId))?.data ?? {}
          expect(await data(merged)).toEqual({ v: 'made', x: 'x', y: 'y', z: 'z' })
          const board = await data(counted)
          expect({ ...board, tags: [...(board['tags'] as string[])].sort(), body: '' }).toEqual({
            v: 'made',
            n: 1111,
            tags: ['both', 'x', 'y', 'z'],
            body: '',
          })
          const marksIn = (text: unknown): unknown => String(text).match(/<.>/g)?.sort()
          expect(marksIn(board['body'])).toEqual(['<x>', '<y>', '<z>'])
          expect(marksIn((await data(typed))['body'])).toEqual(['<b>', '<x>', '<y>'])
        }
      }
      await check()
      await restore()
      await all()
      await check()
      expect(replicas.map(({ deviceId }) => deviceId)).toEqual(ids)
      const kept = await world.storage.devices.get(fleetId, ids[0] as string)
      expect(kept?.linkedIds.toSorted()).toEqual(ids.slice(1).sort())
      for (const replica of replicas) await replica.close()
    },
  )
})
