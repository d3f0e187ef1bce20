import { expect, test } from 'vitest'
import { changeEpoch } from '#lib/client/epoch.ts'
import { forkParts } from '#lib/client/fork-parts.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { conflictKey, conflictsOf } from '#lib/client/notices.ts'
import { ACKNOWLEDGED_KEPT_MS, pendingOf, saveEntry } from '#lib/client/outbox.ts'
import { dropSpare } from '#lib/client/spare.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { StoreTx } from '#lib/client/store.ts'
import type { ConflictNotice } from '#lib/client/tables.ts'
import { identityOf, putRow, setMeta } from '#lib/client/tables.ts'
import { createTightStore } from '#lib/client/tight-store.ts'
import { COLLECTION, OTHER_DEVICE } from './support/authority.ts'
import type { World } from './support/device.ts'
import { createWorld } from './support/device.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'
const CONFLICT = '01900000-0000-7000-8000-0000000000c1'
const FOUND_AGAIN = '01900000-0000-7000-8000-0000000000c2'
const waits = { status: 'retry', code: 'contention', retryAfterMs: 60_000 } as const

/** One change, or two of which the second stands on the first, in one conflict. */
async function inConflict(world: World, count: 1 | 2): Promise<{ replica: Replica; ids: readonly string[] }> {
  const { authority, clock } = world
  const replica = await world.open()
  await replica.sync()
  const record = authority.write(RECORD, { title: 'theirs' })
  authority.script.result = ({ id }) => ({ id, ...waits })
  const reports = replica.collection(COLLECTION)
  const ids = [(await reports.put(RECORD, { title: 'mine' })).mutationId]
  await replica.sync()
  if (count === 2) ids.push((await reports.patch(RECORD, { set: { note: 'mine too' } })).mutationId)
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record, conflictId: CONFLICT })
  await clock.advance(60_000)
  await replica.sync()
  expect(replica.conflicts$.get()).toMatchObject([{ mutations: ids.map((id) => ({ id })) }])
  return { replica, ids }
}

const inStore = <T>({ disk }: World, work: (tx: StoreTx) => Promise<T>): Promise<T> =>
  createTightStore(openMemoryStore(disk)).transact(work)

/** The server forgot the conflict, and finds it again under another id. Gives the ids that were sent since, in order. */
async function restoreAndSync({ authority }: World, replica: Replica): Promise<readonly string[]> {
  authority.restore()
  const record = authority.write(RECORD, { title: 'theirs' })
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record, conflictId: FOUND_AGAIN })
  const before = authority.pushes().length
  for (let n = 0; n < 2; n++) await replica.sync()
  const pushes = authority.pushes().slice(before)
  return pushes.flatMap(({ json }) => (json['mutations'] as { id: string }[]).map(({ id }) => id))
}

test('[TK6] a conflict that was given up for room is sent again, before what waits behind it', async () => {
  const world = createWorld()
  const { replica, ids } = await inConflict(world, 1)
  await inStore(world, dropSpare)
  expect(world.disk.tables.acknowledged.size).toBe(0)
  const behind = await replica.collection(COLLECTION).patch(RECORD, { set: { note: 'later' } })
  await replica.sync()
  expect(replica.status$.get().pending).toBe(1)

  const sent = [...ids, behind.mutationId]
  expect(await restoreAndSync(world, replica)).toEqual(sent)
  expect(replica.status$.get().pending).toBe(0)
  const notice = { conflictId: FOUND_AGAIN, mutations: sent.map((id) => ({ id })) }
  expect(replica.conflicts$.get()).toMatchObject([notice])
  await replica.close()
})

test('[TK6] of two changes in one conflict the given up one is sent again too, and first', async () => {
  const world = createWorld()
  const { replica, ids } = await inConflict(world, 2)
  await inStore(world, dropSpare)
  expect(world.disk.tables.acknowledged.size).toBe(1)
  expect(await restoreAndSync(world, replica)).toEqual(ids)
  expect(replica.conflicts$.get()).toMatchObject([
    { conflictId: FOUND_AGAIN, mutations: ids.map((id) => ({ id })) },
  ])
  await replica.close()
})

test('[TK6] what a person has not decided in a week is sent again after a restore all the same', async () => {
  const world = createWorld()
  const { replica, ids } = await inConflict(world, 2)
  await world.clock.advance(ACKNOWLEDGED_KEPT_MS + 1)
  await replica.sync()
  expect(await restoreAndSync(world, replica)).toEqual(ids)
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId: FOUND_AGAIN }])
  await replica.close()
})

test('[FK3] under another id of the device, a conflict goes out as that one’s work', async () => {
  const world = createWorld()
  const { replica, ids } = await inConflict(world, 1)
  await replica.close()
  const entries = await inStore(world, async (tx) => {
    await dropSpare(tx)
    await setMeta(tx, 'identity', { ...(await identityOf(tx)), deviceId: OTHER_DEVICE })
    await forkParts.moveWork(tx, OTHER_DEVICE)
    await changeEpoch(tx, world.clock.now())
    return pendingOf(tx, COLLECTION, RECORD)
  })
  expect(entries).toMatchObject([{ mutation: { id: ids[0] } }])
  expect(entries[0]?.mutation.hlc.endsWith(OTHER_DEVICE)).toBe(true)
  expect(entries[0]?.restored).toBeUndefined()
})

test.each([
  ['a place that another change has by now', (position: number | undefined) => ({ position: position ?? 0 })],
  ['no place, as an older SDK noted it,', () => undefined],
])('[TK6] a conflict with %s takes none from another change', async (_, placeOf) => {
  const world = createWorld()
  const { replica, ids } = await inConflict(world, 1)
  const other = await replica.collection(COLLECTION).put(null, { title: 'waits' })
  await replica.close()
  const waiting = await inStore(world, async (tx) => {
    await dropSpare(tx)
    const [{ places: _kept, ...notice }] = (await conflictsOf(tx, COLLECTION, RECORD)) as [ConflictNotice]
    const [first] = await pendingOf(tx, COLLECTION, other.recordId)
    const place = placeOf(first?.position)
    const changed = place ? { ...notice, places: { [String(ids[0])]: place } } : notice
    await putRow(tx, 'notices', conflictKey(COLLECTION, RECORD, CONFLICT), changed)
    await changeEpoch(tx, world.clock.now())
    return [
      ...(await pendingOf(tx, COLLECTION, other.recordId)),
      ...(await pendingOf(tx, COLLECTION, RECORD)),
    ]
  })
  expect(waiting.map(({ mutation }) => mutation.id)).toEqual([other.mutationId, ...ids])
  expect(waiting[1]?.position).toBeGreaterThan(waiting[0]?.position ?? Infinity)
})

/** The device no longer knows who it was, nor in which epoch it was told of the conflict. */
const loseIdentity = ({ disk }: World): void => void disk.tables.meta.set('identity', '{"broken')

test('[TK6] [SDK4] a conflict that a restore took while its device lost who it was is sent again once that asks about it', async () => {
  const world = createWorld()
  const { replica: before, ids } = await inConflict(world, 2)
  await before.close()
  loseIdentity(world)
  world.authority.script.unknown = [CONFLICT]
  const replica = await world.open()
  expect(await restoreAndSync(world, replica)).toEqual(ids)
  expect(replica.conflicts$.get()).toMatchObject([
    { conflictId: FOUND_AGAIN, mutations: ids.map((id) => ({ id })) },
  ])
  const sent = world.authority.pushes().at(-1)?.json['mutations'] as { hlc: string }[]
  expect(sent.every(({ hlc }) => hlc.endsWith(replica.deviceId))).toBe(true)
  await replica.close()
})

test('[CM1] [SDK4] a device that lost who it was asks about its conflicts once, and keeps those that the server knows', async () => {
  const world = createWorld()
  const { replica: before, ids } = await inConflict(world, 1)
  await before.close()
  loseIdentity(world)
  const replica = await world.open()
  const pushes = world.authority.pushes().length
  for (let n = 0; n < 2; n++) await replica.sync()
  expect(world.authority.pushes()).toHaveLength(pushes)
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId: CONFLICT, mutations: [{ id: ids[0] }] }])
  const asked = world.authority.requests.flatMap(({ json }) => (json['conflicts'] as string[]) ?? [])
  expect(asked).toEqual([CONFLICT])
  await replica.close()
})

test('[TK6] after a restore a change that was only asked about is one that waits: the server may not have it', async () => {
  const world = createWorld()
  const replica = await world.open()
  await replica.sync()
  const { recordId } = await replica.collection(COLLECTION).put(null, { title: 'mine' })
  await replica.close()
  const [entry] = await inStore(world, async (tx) => {
    const [waiting] = await pendingOf(tx, COLLECTION, recordId)
    if (!waiting) throw new Error('a change waits')
    await saveEntry(tx, { ...waiting, asked: true })
    await changeEpoch(tx, world.clock.now())
    return pendingOf(tx, COLLECTION, recordId)
  })
  expect([entry?.mutation.recordId, entry?.asked]).toEqual([recordId, undefined])
})
