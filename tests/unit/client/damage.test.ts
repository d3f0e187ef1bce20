import { describe, expect, test } from 'vitest'
import type { RecordView } from '#lib/client/collection.ts'
import { ReplicaError } from '#lib/client/errors.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import type { Table } from '#lib/client/store.ts'
import { COLLECTION } from './support/authority.ts'
import type { World } from './support/device.ts'
import { createWorld } from './support/device.ts'
import { flush } from './support/virtual-clock.ts'

/** Synced records, one that is acknowledged, and three changes that wait, of which one was sent and lost its answer. */
async function usedWorld(): Promise<World> {
  const world = createWorld()
  world.authority.write('01900000-0000-7000-8000-00000000aaaa', { title: 'from afar' })
  const replica = await world.open()
  await replica.sync()
  await replica.collection(COLLECTION).put(null, { title: 'acknowledged' })
  await replica.sync()
  await replica.collection(COLLECTION).put(null, { title: 'sent' })
  world.authority.script.fault = ({ path }) => (path === '/api/v1/push' ? 'lose_answer' : undefined)
  await replica.sync()
  world.authority.script.fault = () => undefined
  await replica.collection(COLLECTION).put(null, { title: 'waits 1' })
  await replica.collection(COLLECTION).put(null, { title: 'waits 2' })
  await replica.close()
  return world
}

const titlesOf = async (world: World): Promise<string[]> => {
  const replica = await world.open()
  const found = await replica.collection(COLLECTION).query()
  await replica.close()
  return found.map(({ data }) => String(data['title'])).sort()
}
const ALL = ['acknowledged', 'from afar', 'sent', 'waits 1', 'waits 2']

const breakRow = (disk: MemoryDisk, table: Table, text: string, key?: string): void => {
  const chosen = key ?? [...disk.tables[table].keys()][0]
  disk.tables[table].set(chosen as string, text)
}

/** Of the one change of a push. */
const idIn = (body: string): string =>
  (JSON.parse(body) as { mutations: { id: string }[] }).mutations[0]?.id ?? ''

describe('a damaged store', () => {
  const META = [
    'identity',
    'position',
    'counts',
    'hlc',
    'reportSeq',
    'config',
    'inFlight',
    'nextPosition',
    'clock',
    'errands',
    'quiet',
    'stateTold',
  ]
  test.each(META.flatMap((key) => [`${key} {"broken`, `${key} "of another kind"`]))(
    '[SDK4] with %s in its place is rebuilt: nothing is lost, nothing doubled, and it is told',
    async (damage) => {
      const world = await usedWorld()
      const [key = '', ...text] = damage.split(' ')
      breakRow(world.disk, 'meta', text.join(' '), key)
      const replica = await world.open()
      await flush()
      expect(replica.recoveries$.get()).toMatchObject([{ pendingKept: 3, changesLost: [] }])
      expect(replica.recoveries$.get()[0]?.isNewIdentity).toBe(key === 'identity')
      expect(replica.status$.get()).toMatchObject({ storeHealth: 'rebuilding', pending: 3 })
      expect(await replica.collection(COLLECTION).query()).toHaveLength(5)
      expect(await replica.sync()).toMatchObject({ storeHealth: 'ok', problem: null, pending: 0 })
      expect(world.authority.sessions.at(-1)).toMatchObject({ mode: 'full', fullReason: 'corrupt_store' })
      await replica.close()
      expect(await titlesOf(world)).toEqual(ALL)
      expect([...world.authority.effects.values()].every((count) => count === 1)).toBe(true)
      const seqs = world.authority.requests.flatMap(({ report }) => (report ? [report.seq] : []))
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    },
  )

  test.each(['{"broken', '{}', '[]'])('[SDK4] a record that reads %s comes again', async (text) => {
    const world = await usedWorld()
    const replica = await world.open()
    breakRow(world.disk, 'records', text)
    await expect(replica.collection(COLLECTION).query()).rejects.toMatchObject({ code: 'store_corrupt' })
    await flush()
    // What is left can be read before the server has been reached.
    expect(await replica.collection(COLLECTION).query()).toHaveLength(4)
    expect(replica.recoveries$.get()).toMatchObject([
      { pendingKept: 3, changesLost: [], mayHaveLostMore: false },
    ])
    await replica.sync()
    await replica.close()
    expect(await titlesOf(world)).toEqual(ALL)
  })

  test.each(['{"broken', '{}', '{"mutation":{}}'])(
    '[SDK4] a pending change that reads %s is told as lost, with its record; the others go on',
    async (text) => {
      const world = await usedWorld()
      const key = [...world.disk.tables.outbox.keys()].sort()[1] as string
      breakRow(world.disk, 'outbox', text, key)
      const replica = await world.open()
      await replica.sync()
      await replica.sync()
      await flush()
      expect(replica.recoveries$.get()).toMatchObject([
        { pendingKept: 2, changesLost: [{ collection: COLLECTION }] },
      ])
      expect(replica.status$.get()).toMatchObject({ pending: 0, storeHealth: 'ok' })
      await replica.close()
      expect(await titlesOf(world)).toEqual(ALL.filter((title) => title !== 'waits 1'))
    },
  )

  test.each(['{"broken', '{}', null])(
    '[SDK4] a change in flight whose row reads %s waits as it was sent, and what is made next stands on it',
    async (text) => {
      const world = await usedWorld()
      const key = [...world.disk.tables.outbox.keys()].sort()[0] as string
      if (text === null) world.disk.tables.outbox.delete(key)
      else breakRow(world.disk, 'outbox', text, key)
      const replica = await world.open()
      await flush()
      expect(replica.recoveries$.get()).toMatchObject([
        { pendingKept: 3, changesLost: [], mayHaveLostMore: false },
      ])
      const found = await replica.collection(COLLECTION).query()
      const { id } = found.find(({ data }) => data['title'] === 'sent') as RecordView
      await replica.collection(COLLECTION).patch(id, { set: { note: 'on it' } })
      expect(await replica.sync()).toMatchObject({ pending: 0, refused: 0 })
      const [lost, again] = world.authority.pushes().slice(1)
      expect(again?.json).toMatchObject({
        requestId: lost?.json['requestId'],
        mutations: lost?.json['mutations'],
      })
      expect(await replica.collection(COLLECTION).get(id)).toMatchObject({
        data: { title: 'sent', note: 'on it' },
      })
      await replica.close()
      expect(await titlesOf(world)).toEqual(ALL)
      expect([...world.authority.effects.values()].every((count) => count === 1)).toBe(true)
    },
  )

  test.each([
    ['is broken', () => '{"broken'],
    ['is a list', () => '[]'],
    ['names a number', () => '{"mutations":7}'],
    ['holds no changes', () => '{"mutations":[null,{}]}'],
    ['counts', (body: string) => body.replace('"type":"put"', '"type":"crdt"')],
    ['edits', (body: string) => body.replace('"type":"put"', '"type":"ot"')],
    ['asks', (body: string) => body.replace('"acknowledged":[]', `"acknowledged":["${idIn(body)}"]`)],
  ])(
    '[SDK4] [FK3] of a push in flight that %s nothing waits whose row is lost, and it is told',
    async (_, bodyOf) => {
      const world = await usedWorld()
      const { meta, outbox } = world.disk.tables
      const inFlight = JSON.parse(meta.get('inFlight') as string) as { body: string }
      meta.set('inFlight', JSON.stringify({ ...inFlight, body: bodyOf(inFlight.body) }))
      outbox.delete([...outbox.keys()].sort()[0] as string)
      const replica = await world.open()
      await flush()
      expect(replica.recoveries$.get()).toMatchObject([
        { pendingKept: 2, changesLost: [{ collection: COLLECTION }] },
      ])
      expect(await replica.sync()).toMatchObject({ pending: 0, problem: null })
      await replica.close()
      expect(await titlesOf(world)).toEqual(ALL)
    },
  )

  const UNREADABLE: readonly (readonly [string, (body: string) => string])[] = [
    ['is broken', () => '{"broken'],
    ['is a list', () => '[]'],
    ['has no report', (body) => JSON.stringify({ ...(JSON.parse(body) as object), report: null })],
    ['holds no changes', (body) => body.replace(/"mutations":.*/, '"mutations":[null]}')],
  ]
  test.each(
    UNREADABLE.flatMap(([how, bodyOf]) =>
      (['closed', 'open'] as const).map((state) => [how, state, bodyOf] as const),
    ),
  )(
    '[SDK4] a push in flight that %s in a store that is %s is made anew of the rows that wait, and it is told',
    async (_, state, bodyOf) => {
      const world = await usedWorld()
      const { meta } = world.disk.tables
      const damage = (): void => {
        const inFlight = JSON.parse(meta.get('inFlight') as string) as { body: string }
        meta.set('inFlight', JSON.stringify({ ...inFlight, body: bodyOf(inFlight.body) }))
      }
      if (state === 'closed') damage()
      const replica = await world.open()
      await flush()
      if (state === 'open') damage()
      expect(await replica.sync()).toMatchObject({ pending: 0, refused: 0, problem: null, storeHealth: 'ok' })
      expect(replica.recoveries$.get()).toMatchObject([
        { pendingKept: 3, changesLost: [], mayHaveLostMore: false },
      ])
      expect(world.authority.sessions.at(-1)).toMatchObject({ mode: 'full', fullReason: 'corrupt_store' })
      await replica.close()
      expect(await titlesOf(world)).toEqual(ALL)
      expect([...world.authority.effects.values()].every((count) => count === 1)).toBe(true)
    },
  )

  test.each(['outbox', 'outbox_by_id', 'outbox_by_record', 'meta'] as const)(
    '[SDK4] with its table %s emptied goes on with what is left',
    async (table) => {
      const world = await usedWorld()
      world.disk.tables[table].clear()
      const replica = await world.open()
      await flush()
      const [notice] = replica.recoveries$.get()
      // What is in flight stands there too.
      expect(notice).toMatchObject({ pendingKept: table === 'outbox' ? 1 : 3 })
      expect(notice?.changesLost).toHaveLength(table === 'outbox' ? 2 : 0)
      expect(await replica.sync()).toMatchObject({ problem: null, pending: 0 })
      await replica.close()
      expect([...world.authority.effects.values()].every((count) => count === 1)).toBe(true)
    },
  )

  test('[SDK4] a store emptied while it is open goes on as a new device, and is told', async () => {
    const world = await usedWorld()
    const replica = await world.open()
    const { deviceId } = replica
    for (const table of Object.values(world.disk.tables)) table.clear()
    await expect(replica.collection(COLLECTION).put(null, { title: 'x' })).rejects.toMatchObject({
      code: 'store_corrupt',
    })
    await flush()
    expect(replica.recoveries$.get()).toMatchObject([{ isNewIdentity: true, mayHaveLostMore: true }])
    expect(replica.deviceId).not.toBe(deviceId)
    await replica.collection(COLLECTION).put(null, { title: 'after' })
    expect(await replica.sync()).toMatchObject({ pending: 0, problem: null, storeHealth: 'ok' })
    expect(await replica.collection(COLLECTION).query()).toHaveLength(world.authority.records.size)
    await replica.close()
  })

  test('[SDK4] damage that cannot be mended is not tried in a loop', async () => {
    const world = await usedWorld()
    const store = openMemoryStore(world.disk)
    let salvages = 0
    const replica = await world.open({
      sync: {},
      store: { ...store, salvage: () => (salvages++, Promise.reject(new ReplicaError('store_failed'))) },
    })
    await flush()
    breakRow(world.disk, 'outbox', '{"broken')
    await world.clock.advance(10 * 60_000)
    expect(salvages).toBeGreaterThan(0)
    expect(salvages).toBeLessThan(100)
    await replica.close()
  })

  test('[SDK4] a sound store is left as it is, and told of nothing', async () => {
    const world = await usedWorld()
    const before = JSON.stringify([...world.disk.tables.meta].filter(([key]) => key !== 'lock'))
    const replica = await world.open()
    await flush()
    expect(replica.recoveries$.get()).toEqual([])
    expect(JSON.stringify([...world.disk.tables.meta].filter(([key]) => key !== 'lock'))).toBe(before)
    await replica.close()
  })

  test('[SDK4] whose index loses a row while it is open is mended before the next push, which is sent once', async () => {
    const world = createWorld()
    const replica = await world.open()
    await replica.sync()
    await replica.collection(COLLECTION).put(null, { title: 'waits' })
    world.disk.tables.outbox_by_id.clear()
    await replica.sync()
    await replica.sync()
    expect([replica.status$.get().pending, world.authority.pushes().length]).toEqual([0, 1])
    expect(replica.recoveries$.get()).toHaveLength(1)
    await replica.close()
  })
})

describe('a waiting change that is another one than its index names', () => {
  const boarded = (text: string): string =>
    text.replace(`"collection":"${COLLECTION}"`, '"collection":"reportx"')

  test('[SDK4] its collection: noticed at the opening, and counted where it stands', async () => {
    const world = await usedWorld()
    const [key, text] = [...world.disk.tables.outbox].at(-1) as [string, string]
    breakRow(world.disk, 'outbox', boarded(text), key)
    const replica = await world.open()
    await flush()
    expect(replica.recoveries$.get()).toHaveLength(1)
    const { outbox } = JSON.parse(world.disk.tables.meta.get('counts') as string) as { outbox: unknown }
    expect(outbox).toEqual({ [COLLECTION]: 2, reportx: 1 })
    expect(await replica.sync()).toMatchObject({ pending: 0, problem: null })
    await replica.close()
  })

  test.each(['outbox_by_id', 'outbox_by_record'] as const)(
    '[SDK4] [SDK1] a key of %s: noticed at the opening, and made anew',
    async (table) => {
      const world = await usedWorld()
      const rows = world.disk.tables[table]
      const [key, text] = [...rows].at(-1) as [string, string]
      rows.delete(key)
      rows.set(
        key.replace(/[0-9](?=[^0-9]*$)/, (digit) => String((Number(digit) + 5) % 10)),
        text,
      )
      const replica = await world.open()
      await flush()
      expect(replica.recoveries$.get()).toMatchObject([
        { pendingKept: 3, changesLost: [], mayHaveLostMore: false },
      ])
      await replica.close()
      expect(await titlesOf(world)).toEqual(ALL)
      expect(world.disk.tables[table].has(key)).toBe(true)
    },
  )

  test('[SDK4] [SM6] while the store is open: no count goes below none, and the device goes on', async () => {
    const world = await usedWorld()
    const replica = await world.open()
    const [key, text] = [...world.disk.tables.outbox].at(-1) as [string, string]
    breakRow(world.disk, 'outbox', boarded(text), key)
    await replica.sync()
    for (let n = 0; n < 3; n++) {
      world.clock.jump(60_000)
      await replica.sync()
      await flush()
    }
    expect(replica.status$.get()).toMatchObject({ pending: 0, problem: null, storeHealth: 'ok' })
    expect(JSON.parse(world.disk.tables.meta.get('counts') as string)).toMatchObject({ outbox: {} })
    await replica.close()
  })
})

test('[SDK4] a record under another key is none, and read anew', async () => {
  const world = await usedWorld()
  const { records } = world.disk.tables
  const [key, text] = [...records][0] as [string, string]
  records.delete(key)
  records.set(
    key.replace(/.$/, (end) => (end === '0' ? '1' : '0')),
    text,
  )
  const replica = await world.open()
  await replica
    .collection(COLLECTION)
    .query()
    .catch(() => [])
  for (let n = 0; n < 3; n++) {
    world.clock.jump(60_000)
    await replica.sync()
    await flush()
  }
  expect(
    (await replica.collection(COLLECTION).query()).map(({ data }) => String(data['title'])).sort(),
  ).toEqual(ALL)
  expect(records.has(key)).toBe(true)
  expect(replica.recoveries$.get()).toHaveLength(1)
  await replica.close()
})

test('[SM6] [SDK4] a report that the server refuses tells less the next time, and the device goes on', async () => {
  const world = createWorld()
  const replica = await world.open()
  await replica.sync()
  world.disk.tables.meta.set('clock', JSON.stringify([{ offsetMs: 1e300, rttMs: 1 }]))
  world.authority.script.fault = ({ report, path }) =>
    report?.clock && Math.abs(report.clock.offsetMs) > 1e15
      ? new Response(
          JSON.stringify({
            code: 'bad_request',
            errors: [{ path: path.endsWith('/push') ? '/report/clock/offsetMs' : '/clock/offsetMs' }],
          }),
          { status: 400 },
        )
      : undefined
  await replica.collection(COLLECTION).put(null, { title: 'waits' })
  expect(await replica.sync()).toMatchObject({ pending: 1, problem: 'bad_request' })
  world.clock.jump(60_000)
  expect(await replica.sync()).toMatchObject({ pending: 0, problem: null })
  await replica.close()
})
