import { describe, expect, test } from 'vitest'
import { ReplicaError } from '#lib/client/errors.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { takeOver } from '#lib/client/session-lock.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import { createTightStore } from '#lib/client/tight-store.ts'
import { COLLECTION, FLEET } from './support/authority.ts'
import type { World } from './support/device.ts'
import { createWorld } from './support/device.ts'
import { flush } from './support/virtual-clock.ts'

/** A store that takes no more writes than `room` bytes; removing rows is always possible. */
function smallStore(disk: MemoryDisk, room: { bytes: number }): ReplicaStore {
  const store = openMemoryStore(disk)
  return {
    ...store,
    transact: (work) =>
      store.transact((tx) =>
        work({
          ...tx,
          put(table, key, value) {
            room.bytes -= key.length + JSON.stringify(value).length
            return room.bytes < 0
              ? Promise.reject(new ReplicaError('quota_exceeded'))
              : tx.put(table, key, value)
          },
        }),
      ),
  }
}

/** A disk on which nothing at all can be written, as where a log has to grow for a removal too. */
function solidStore(disk: MemoryDisk, room: { isFull: boolean }): ReplicaStore {
  const store = openMemoryStore(disk)
  const refuse = () => Promise.reject(new ReplicaError('quota_exceeded'))
  return {
    ...store,
    transact: (work) =>
      store.transact((tx) =>
        work({
          ...tx,
          put: (...row) => (room.isFull ? refuse() : tx.put(...row)),
          remove: async (table, key) => {
            const isThere = disk.tables[table].has(key)
            return room.isFull && isThere ? refuse() : tx.remove(table, key)
          },
        }),
      ),
  }
}

const textOf = (disk: MemoryDisk): string =>
  JSON.stringify(Object.entries(disk.tables).map(([name, rows]) => [name, ...rows]))

/** What the next opening finds without a session: all of it, and nothing to be mended or sent. */
async function expectStored({ open }: World, records: number): Promise<void> {
  const again = await open()
  expect(again.status$.get()).toMatchObject({ pending: 0 })
  expect(again.recoveries$.get()).toEqual([])
  expect(await again.collection(COLLECTION).query()).toHaveLength(records)
  await again.close()
}

describe('a store without room', () => {
  test('[SDK3] a write is refused with its code, leaves nothing, and is seen in the status', async () => {
    const world = createWorld()
    const room = { bytes: Infinity }
    const replica = await world.open({ store: smallStore(world.disk, room) })
    await replica.sync()
    await replica.collection(COLLECTION).put(null, { title: 'kept' })
    room.bytes = 100
    const before = JSON.stringify([...world.disk.tables.meta])
    const refused = replica.collection(COLLECTION).put(null, { title: 'x'.repeat(1_000) })
    await expect(refused).rejects.toMatchObject({ code: 'quota_exceeded' })
    await flush()
    expect(JSON.stringify([...world.disk.tables.meta])).toBe(before)
    expect(replica.status$.get()).toMatchObject({ storeHealth: 'full', pending: 1 })
    room.bytes = Infinity
    await replica.collection(COLLECTION).put(null, { title: 'fits' })
    await flush()
    expect(replica.status$.get()).toMatchObject({ storeHealth: 'ok', pending: 2 })
    await replica.close()
  })

  test('[SDK3] a session goes on without any room at all, and takes what was sent out of the store', async () => {
    const world = createWorld()
    const room = { bytes: Infinity }
    const replica = await world.open({ store: smallStore(world.disk, room) })
    await replica.sync()
    for (let n = 0; n < 20; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
    room.bytes = 0
    expect(await replica.sync()).toMatchObject({ pending: 0, storeHealth: 'full' })
    expect(world.authority.records.size).toBe(20)
    // On the disk itself, not in memory alone.
    expect(world.disk.tables.outbox.size).toBe(0)
    expect(await replica.collection(COLLECTION).query()).toHaveLength(20)
    room.bytes = Infinity
    expect(await replica.sync()).toMatchObject({ pending: 0, problem: null, storeHealth: 'ok' })
    await replica.close()
    await expectStored(world, 20)
  })

  test('[SM2] who keeps in memory what found no room has let go of its lease: no other opening takes the lock for that', async () => {
    const world = createWorld()
    const room = { bytes: Infinity }
    const replica = await world.open({ store: smallStore(world.disk, room) })
    await replica.sync()
    for (let n = 0; n < 20; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
    world.authority.script.fault = ({ path }) => {
      // The lease is stored by now.
      if (path === '/api/v1/push') room.bytes = 0
      return undefined
    }
    expect(await replica.sync()).toMatchObject({ pending: 0, storeHealth: 'full' })
    const other = openMemoryStore(world.disk)
    const later = world.clock.now() + 3_600_000
    expect(await other.transact((tx) => takeOver(tx, other, later, 25_000))).toBe(false)
    await other.close()
    await replica.close()
  })

  test('[SM2] an opening whose lock was taken goes on from what is stored, as one that came after its end', async () => {
    const disk = createMemoryDisk()
    const room = { bytes: Infinity }
    let take = (): void => undefined
    let letGo = 0
    const store = createTightStore({
      ...smallStore(disk, room),
      hold: async (_purpose, _steal, onStolen = () => undefined) => {
        take = onStolen
        return () => (letGo += 1)
      },
    })
    const owner = (): Promise<unknown> => store.transact((tx) => tx.get('meta', 'lock'))
    const end = await store.hold('session')
    room.bytes = 0
    await store.transact((tx) => tx.put('meta', 'lock', 'mine'))
    end?.()
    expect([await owner(), letGo]).toEqual(['mine', 0])
    disk.tables.meta.set('lock', '"another’s"')
    take()
    room.bytes = Infinity
    expect(await owner()).toBe('another’s')
    // Nothing is held any more: the next one asks anew.
    await store.hold('session')
    expect(letGo).toBe(1)
    await store.close()
  })

  test('[SDK3] the process ends before a conflict could be noted: its change is in the store still, and it is told again', async () => {
    const world = createWorld()
    const { authority } = world
    const room = { bytes: Infinity }
    const replica = await world.open({ store: smallStore(world.disk, room) })
    await replica.sync()
    const reports = replica.collection(COLLECTION)
    const { recordId, mutationId } = await reports.put(null, { title: 'mine' })
    await reports.put(null, { title: 'plain' })
    room.bytes = 0
    const record = authority.write(recordId, { title: 'theirs' })
    const original = { id: mutationId, status: 'conflict', record, conflictId: mutationId } as const
    authority.script.result = ({ id }) => (id === mutationId ? original : undefined)
    await replica.sync()
    expect(replica.conflicts$.get()).toHaveLength(1)
    // On the disk itself: what only the notice would tell of is there, and nothing else.
    expect([...world.disk.tables.outbox_by_id.keys()]).toEqual([mutationId])
    expect([world.disk.tables.outbox.size, world.disk.tables.outbox_by_record.size]).toEqual([1, 1])
    await replica.close()
    authority.script.result = ({ id }) => ({ id, status: 'duplicate', original })
    const next = await world.open()
    await next.sync()
    expect(next.conflicts$.get()).toMatchObject([{ mutations: [{ id: mutationId }] }])
    expect(next.status$.get()).toMatchObject({ pending: 0, problem: null })
    await next.close()
  })

  test('[CM2] a rotation is done once its token is in the store; without room it is not asked for', async () => {
    const world = createWorld()
    const { authority } = world
    const room = { bytes: Infinity }
    const id = '01900000-0000-7000-8000-00000000c0de'
    const askedWith: (string | null)[] = []
    const acknowledged = () =>
      authority.requests.filter(({ report }) => report?.ackCommands?.includes(id)).length
    const send = (async (input: string, init: RequestInit) => {
      if (!input.endsWith('/api/v1/token/rotate')) return authority.fetch(input, init)
      askedWith.push(new Headers(init.headers).get('authorization'))
      if (askedWith.length === 1) room.bytes = 0
      return Response.json({ token: `tmd_${FLEET}_rotated_${askedWith.length}` })
    }) as typeof fetch
    const open = () => world.open({ fetch: send, store: smallStore(world.disk, room) })
    const replica = await open()
    await replica.sync()
    authority.script.commands = [{ id, type: 'rotate' }]
    for (let n = 0; n < 3; n++) await replica.sync()
    expect([askedWith.length, acknowledged()]).toEqual([1, 0])
    await replica.close()
    room.bytes = Infinity
    const next = await open()
    for (let n = 0; n < 3; n++) await next.sync()
    expect(askedWith).toHaveLength(2)
    expect(askedWith[1]).toBe(askedWith[0])
    expect(acknowledged()).toBeGreaterThan(0)
    expect(JSON.stringify([...world.disk.tables.meta])).toContain('_rotated_2')
    await next.close()
  })

  test('[SDK3] the process ends before there is room: the next one finds its sums again, and doubles nothing', async () => {
    const world = createWorld()
    const room = { bytes: Infinity }
    const replica = await world.open({ store: smallStore(world.disk, room) })
    await replica.sync()
    for (let n = 0; n < 5; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
    room.bytes = 0
    world.authority.script.fault = ({ path }) => (path === '/api/v1/push' ? 'lose_answer' : undefined)
    await replica.sync()
    await replica.close()
    world.authority.script.fault = () => undefined
    const next = await world.open()
    await flush()
    expect(next.status$.get().pending).toBe(5)
    await next.sync()
    expect(next.status$.get()).toMatchObject({ pending: 0, problem: null })
    expect([...world.authority.effects.values()]).toEqual([1, 1, 1, 1, 1])
    // A sequence that went back would make it a forked device.
    const seqs = world.authority.requests.flatMap(({ report }) => (report ? [report.seq] : []))
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    expect(new Set(seqs).size).toBe(seqs.length)
    room.bytes = 0
    const third = await world.open({ store: smallStore(world.disk, { bytes: 0 }) })
    await third.sync()
    await third.close()
    const last = await world.open()
    await flush()
    expect(last.status$.get().pending).toBe(0)
    expect(last.recoveries$.get()).toEqual([])
    expect(await last.collection(COLLECTION).query()).toHaveLength(5)
    await last.close()
    await next.close()
  })

  test('[SDK3] where not even a removal finds room a session goes on and reads are right; what is done is stored once there is some', async () => {
    const world = createWorld()
    const room = { isFull: false }
    const replica = await world.open({ store: solidStore(world.disk, room) })
    const reports = replica.collection(COLLECTION)
    await replica.sync()
    for (let n = 0; n < 30; n++) await reports.put(null, { title: `n${n}` })
    for (let n = 0; n < 40; n++)
      world.authority.write(`01900000-0000-7000-8000-${String(n).padStart(12, '0')}`, { title: 'afar' })
    room.isFull = true
    const before = textOf(world.disk)
    for (let round = 0; round < 3; round++) {
      expect(await replica.sync()).toMatchObject({ pending: 0, problem: null, storeHealth: 'full' })
      // What the server has is never shown a second time as what waits.
      const found = await reports.query()
      expect([found.length, new Set(found.map(({ id }) => id)).size]).toEqual([70, 70])
      expect(found.every(({ pending }) => !pending)).toBe(true)
      expect((await replica.diagnostics()).store.recoveries).toEqual([])
      await expect(reports.put(null, { title: 'late' })).rejects.toMatchObject({ code: 'quota_exceeded' })
    }
    expect([...world.authority.effects.values()]).toEqual(Array.from({ length: 30 }, () => 1))
    expect(textOf(world.disk)).toBe(before)
    room.isFull = false
    expect(await replica.sync()).toMatchObject({ pending: 0, problem: null, storeHealth: 'ok' })
    expect([world.disk.tables.outbox.size, world.disk.tables.outbox_by_id.size]).toEqual([0, 0])
    await replica.close()
    await expectStored(world, 70)
  })

  test('[SDK3] the process ends before a removal found room: the same is said again under the same ids', async () => {
    const world = createWorld()
    const room = { isFull: false }
    const replica = await world.open({ store: solidStore(world.disk, room) })
    await replica.sync()
    for (let n = 0; n < 5; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
    room.isFull = true
    expect(await replica.sync()).toMatchObject({ pending: 0 })
    await replica.close()
    const full = await world.open({ store: solidStore(world.disk, room) })
    expect(await full.collection(COLLECTION).query()).toHaveLength(5)
    expect(await full.sync()).toMatchObject({ pending: 0, problem: null })
    await full.close()
    room.isFull = false
    const next = await world.open()
    expect(next.status$.get().pending).toBe(5)
    expect(await next.sync()).toMatchObject({ pending: 0, problem: null, storeHealth: 'ok' })
    expect([...world.authority.effects.values()]).toEqual([1, 1, 1, 1, 1])
    expect(await next.collection(COLLECTION).query()).toHaveLength(5)
    await next.close()
  })

  test('[SDK3] makes room of what the server has: acknowledged changes and old reports, never of what waits', async () => {
    const world = createWorld()
    const room = { bytes: Infinity }
    const replica = await world.open({ store: smallStore(world.disk, room) })
    for (let n = 0; n < 30; n++) {
      await replica.collection(COLLECTION).put(null, { title: `n${n}` })
      await replica.sync()
    }
    await replica.collection(COLLECTION).put(null, { title: 'waits' })
    const before = world.disk.tables.acknowledged.size
    room.bytes = 0
    world.authority.script.fault = () => 'refuse_connection'
    await replica.sync()
    expect(world.disk.tables.acknowledged.size).toBeLessThanOrEqual(before / 2)
    expect(world.disk.tables.outbox.size).toBe(1)
    await replica.close()
  })

  test('[SDK3] reads with what isn’t stored on top are those of a store that has it', async () => {
    const disk = createMemoryDisk()
    const room = { bytes: Infinity }
    const store = createTightStore(smallStore(disk, room))
    const key = (n: number): string => `k${String(n).padStart(3, '0')}`
    await store.transact(async (tx) => {
      for (let n = 0; n < 100; n += 2) await tx.put('records', key(n), n)
    })
    room.bytes = 0
    await store.transact(async (tx) => {
      for (let n = 0; n < 100; n += 3) await tx.put('records', key(n), -n)
      for (let n = 0; n < 100; n += 4) await tx.remove('records', key(n))
    })
    const expected = Array.from({ length: 100 }, (_, n) => n)
      .filter((n) => n % 4 !== 0 && (n % 2 === 0 || n % 3 === 0))
      .map((n) => ({ key: key(n), value: n % 3 === 0 ? -n : n }))
    await store.transact(async (tx) => {
      expect(await tx.count('records')).toBe(expected.length)
      const found: unknown[] = []
      for (let after = ''; ;) {
        const page = await tx.scan('records', { prefix: 'k', after, limit: 7 })
        found.push(...page)
        if (page.length < 7) break
        after = page.at(-1)?.key ?? ''
      }
      expect(found).toEqual(expected)
      expect(await tx.get('records', key(3))).toBe(-3)
      expect(await tx.get('records', key(4))).toBeUndefined()
    })
    await expect(store.transactDurably((tx) => tx.put('meta', 'a', 1))).rejects.toMatchObject({
      code: 'quota_exceeded',
    })
    await expect(
      store.transact((tx) => tx.put('meta', 'a', 'x'.repeat(5 * 1024 * 1024))),
    ).rejects.toMatchObject({ code: 'quota_exceeded' })
    await store.close()
  })
})
