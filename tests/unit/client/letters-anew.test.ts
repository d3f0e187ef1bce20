import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { purgeLetters } from '#lib/application/dead-letters/purge-letters.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { raiseEpochs } from '#lib/application/restores/raise-epochs.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { ACKNOWLEDGED_KEPT_MS } from '#lib/client/outbox.ts'
import type { Replica } from '#lib/client/replica.ts'
import { memoryStorageOver } from '#lib/storage/memory/open-memory-storage.ts'
import { MemoryState } from '#lib/storage/memory/state.ts'
import { copyOf } from '#tests/support/copy-of-disk.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'
import { COLLECTION } from './support/authority.ts'
import { createWorld } from './support/device.ts'

const DAY_MS = 86_400_000

/** A server whose state can be put back, and a collection whose rule refuses everything or nothing. */
async function lettersWorld(strategy = 'lww') {
  let nowMs = 1_800_000_000_000
  let state = new MemoryState(() => nowMs)
  const start = () => testApp(memoryStorageOver(state), undefined, { now: () => nowMs })
  let app = start()
  const { fleetId, key } = await testFleet(app)
  const of = { actor: SYSTEM, fleetId }
  const body = { name: 'board', schema: true, strategy }
  const { id } = await createCollection(app.ctx, { ...of, body })
  const rule = async (isStrict: boolean, version: number) => {
    const rules = isStrict ? [{ id: 'no', cel: 'false', message: 'no' }] : []
    await publishCollection(app.ctx, { ...of, id, body: { version, rules } })
  }
  const letters = async () => (await listDeadLetters(app.ctx, { ...of, query: {} })).items
  const first = async () => ({ ...of, id: (await letters())[0]?.id ?? '', body: { reason: 'a test' } })
  return {
    rule,
    pass: (ms: number) => (nowMs += ms),
    backUp: () => state.copy(),
    async restore(backup: MemoryState) {
      state = backup.copy()
      app = start()
      await raiseEpochs(app.ctx, { ...of, takenAtMs: null })
    },
    open: (disk: MemoryDisk = createMemoryDisk()) =>
      openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: key,
        device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
        store: openMemoryStore(disk),
        clock: { ...systemClock, now: () => nowMs },
        fetch: async (input, init) => (await app.router.handle(new Request(String(input), init))) as Response,
        sync: { auto: false },
      }),
    async sync(...replicas: readonly Replica[]) {
      for (const replica of replicas) {
        nowMs += 1_000
        await replica.sync()
      }
    },
    open$: async () => (await letters()).filter(({ status }) => status === 'open').length,
    replayed: async () => replay(app.ctx, await first()),
    discarded: async () => discard(app.ctx, await first()),
    purge: () => purgeLetters(app.ctx, fleetId),
  }
}

const told = (replica: Replica) => replica.deadLetters$.get().map(({ mutation }) => mutation.id)

test.each([
  ['of today', 0],
  ['of more than a week ago, of which nothing else is kept,', ACKNOWLEDGED_KEPT_MS + DAY_MS],
])('[TK6] a letter %s whose change a restored server takes is told no more', async (_, ageMs) => {
  const world = await lettersWorld()
  const one = await world.open()
  await world.sync(one)
  const backup = world.backUp()
  await world.rule(true, 1)
  const { recordId, mutationId } = await one.collection('board').put(null, { n: 9 })
  await world.sync(one, one)
  expect(told(one)).toEqual([mutationId])
  world.pass(ageMs)
  await world.sync(one)
  await world.restore(backup)
  await world.sync(one, one, one)
  expect([told(one), await world.open$()]).toEqual([[], 0])
  expect((await one.collection('board').get(recordId))?.data).toEqual({ n: 9 })
  expect(one.status$.get()).toMatchObject({ pending: 0, refused: 0 })
  await one.close()
})

test('[TK6] letters of one moment come again in the order of their making, also where nothing else of them is kept', async () => {
  const world = await lettersWorld('crdt')
  const one = await world.open()
  await world.sync(one)
  const backup = world.backUp()
  await world.rule(true, 1)
  const board = one.collection('board')
  const made: string[] = []
  for (let n = 0; n < 8; n++) {
    const { recordId } = await board.put(null, { n: 9 })
    await board.counter(recordId, 'likes').increment(2)
    made.push(recordId)
  }
  await world.sync(one)
  expect(told(one)).toHaveLength(16)
  world.pass(ACKNOWLEDGED_KEPT_MS + DAY_MS)
  await world.sync(one)
  await world.restore(backup)
  await world.sync(one, one, one)
  expect(told(one)).toEqual([])
  for (const id of made) expect((await board.get(id))?.data).toEqual({ n: 9, likes: 2 })
  await one.close()
})

test('[TK6] a letter that the restored server has too stays told, as noticed then', async () => {
  const world = await lettersWorld()
  const one = await world.open()
  await world.rule(true, 1)
  await one.collection('board').put(null, { n: 9 })
  await world.sync(one, one)
  const before = one.deadLetters$.get()
  expect(before).toHaveLength(1)
  const backup = world.backUp()
  world.pass(ACKNOWLEDGED_KEPT_MS + DAY_MS)
  await world.restore(backup)
  await world.sync(one, one, one)
  expect(one.deadLetters$.get()).toEqual(before)
  expect(await world.open$()).toBe(1)
  await one.close()
})

test.each([
  ['dies', 1, 'lww'],
  ['is in conflict', 0, 'manual'],
])(
  '[TK6] a change of a letter that %s behind a restore is told once, and so',
  async (_, letters, strategy) => {
    const world = await lettersWorld(strategy)
    const [one, two] = [await world.open(), await world.open()]
    const { recordId } = await two.collection('board').put(null, { n: 1 })
    await world.sync(two, one)
    const backup = world.backUp()
    await world.rule(true, 1)
    const { mutationId } = await one.collection('board').put(recordId, { n: 9 })
    await world.sync(one, one)
    const lost = one.deadLetters$.get()[0]
    expect(lost?.mutation.id).toBe(mutationId)
    await world.restore(backup)
    if (letters === 1) await world.rule(true, 1)
    else await two.collection('board').put(recordId, { n: 2 })
    await world.sync(two, two, one, one, one)
    expect(told(one)).toEqual([mutationId].slice(0, letters))
    expect(one.deadLetters$.get()[0]?.deadLetterId).not.toBe(lost?.deadLetterId)
    expect(one.conflicts$.get()).toHaveLength(1 - letters)
    await one.close()
    await two.close()
  },
)

test('[TK6] a letter that was closed and deleted before the backup, which its device never heard, is told no more', async () => {
  const world = await lettersWorld()
  const one = await world.open()
  await world.rule(true, 1)
  await one.collection('board').put(null, { n: 9 })
  await world.sync(one)
  await world.discarded()
  world.pass(200 * DAY_MS)
  await world.purge()
  const backup = world.backUp()
  await world.restore(backup)
  await world.sync(one, one, one)
  expect([told(one), await world.open$()]).toEqual([[], 0])
  expect(one.status$.get()).toMatchObject({ pending: 0, refused: 0 })
  await one.close()
})

test('[TK6] a change of a letter that a restored server refuses is a refusal, and no letter any more', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const deadLetterId = '01900000-0000-7000-8000-0000000000d1'
  const dead = { code: 'rule_violation', detail: 'no', deadLetterId } as const
  authority.script.result = ({ id }) => ({ id, status: 'dead_lettered', ...dead })
  const { mutationId } = await replica.collection(COLLECTION).put(null, { title: 'mine' })
  await replica.sync()
  expect(told(replica)).toEqual([mutationId])
  authority.restore()
  authority.script.result = ({ id }) => ({
    id,
    status: 'refused',
    code: 'mutation_id_reused',
    serverHlc: '',
    detail: '',
  })
  for (let n = 0; n < 3; n++) await replica.sync()
  expect(told(replica)).toEqual([])
  expect(replica.refusals$.get()).toMatchObject([{ mutation: { id: mutationId } }])
  await replica.close()
})

test.each([
  ['replayed', 'the copy', 'lww'],
  ['replayed', 'the first one', 'lww'],
  ['replayed', 'the copy', 'crdt'],
  ['discarded', 'the copy', 'lww'],
  ['discarded', 'the first one', 'lww'],
] as const)(
  '[CM3][FK2] a letter that was %s behind a copy of its store is told by neither, where %s hears first (%s)',
  async (act, first, strategy) => {
    const world = await lettersWorld(strategy)
    const [disk, copied] = [createMemoryDisk(), createMemoryDisk()]
    const before = await world.open(disk)
    await world.rule(true, 1)
    const { recordId } = await before.collection('board').put(null, { n: 9 })
    await world.sync(before)
    expect(told(before)).toHaveLength(1)
    await before.close()
    Object.assign(copied.tables, copyOf(disk).tables)
    const both = [await world.open(disk), await world.open(copied)]
    if (first === 'the copy') both.reverse()
    await world.rule(false, 2)
    await world[act]()
    for (let n = 0; n < 4; n++) await world.sync(...both)
    expect(new Set(both.map(({ deviceId }) => deviceId)).size).toBe(2)
    for (const replica of both) {
      expect(told(replica)).toEqual([])
      expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0, problem: null })
      const data = (await replica.collection('board').get(recordId))?.data
      expect(data).toEqual(act === 'replayed' ? { n: 9 } : undefined)
      await replica.close()
    }
  },
)

test('[CM3][FK2] a copy that is told apart asks about its letters once: one that waits is told as before, and its closing is heard', async () => {
  const world = await lettersWorld()
  const disk = createMemoryDisk()
  const before = await world.open(disk)
  await world.rule(true, 1)
  const { mutationId } = await before.collection('board').put(null, { n: 9 })
  await world.sync(before)
  const noticed = before.deadLetters$.get()[0]?.noticedAtMs
  await before.close()
  const both = [await world.open(copyOf(disk)), await world.open(disk)]
  for (let n = 0; n < 3; n++) {
    await world.sync(...both)
    // Also before the answer, and for as long as there is none.
    for (const replica of both) expect(told(replica)).toEqual([mutationId])
  }
  expect(both.map((replica) => replica.deadLetters$.get()[0]?.noticedAtMs)).toEqual([noticed, noticed])
  expect(both.map((replica) => replica.status$.get().pending)).toEqual([0, 0])
  await world.rule(false, 2)
  await world.replayed()
  for (let n = 0; n < 3; n++) await world.sync(...both)
  for (const replica of both) {
    expect(told(replica)).toEqual([])
    expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
    await replica.close()
  }
})
