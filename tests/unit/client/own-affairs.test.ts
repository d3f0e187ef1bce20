import { afterEach, expect, test, vi } from 'vitest'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { createSubject } from '#lib/client/observable.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import type { OutboxEntry } from '#lib/client/tables.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { COLLECTION, FLEET, OTHER_DEVICE, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'
import { flush } from './support/virtual-clock.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'

afterEach(() => vi.unstubAllGlobals())

/** What is thrown again where nothing of ours is cut short. */
function laterErrors(): string[] {
  const found: string[] = []
  const { queueMicrotask: original } = globalThis
  vi.stubGlobal('queueMicrotask', (run: () => void) =>
    original(() => {
      try {
        run()
      } catch (error) {
        found.push(String(error))
      }
    }),
  )
  return found
}

test('[SDK1] a listener that throws is its own affair: others are called, and its error is seen', async () => {
  const errors = laterErrors()
  const subject = createSubject(0)
  const heard: number[] = []
  let isBad = false
  subject.subscribe(() => {
    if (isBad) throw new Error('bad listener')
  })
  subject.subscribe((value) => heard.push(value))
  isBad = true
  subject.set(1)
  expect(heard).toEqual([0, 1])
  await flush(1)
  expect(errors).toEqual(['Error: bad listener'])
})

test('[SDK1] what an app is given of status and notices it can look at, not change', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  authority.script.result = (mutation) => ({
    id: mutation.id,
    status: 'dead_lettered',
    code: 'rule_violation',
    detail: 'no',
    deadLetterId: RECORD,
  })
  await replica.collection(COLLECTION).put(RECORD, { title: 'mine', tags: ['a'] })
  await replica.sync()
  const status = replica.status$.get() as unknown as { pending: number }
  expect(() => (status.pending = 55)).toThrow(TypeError)
  const letters = replica.deadLetters$.get() as unknown as {
    mutation: { op: { data: { tags: string[] } } }
  }[]
  expect(letters[0]?.mutation.op.data.tags).toEqual(['a'])
  expect(() => letters[0]?.mutation.op.data.tags.push('b')).toThrow(TypeError)
  expect(() => (letters.length = 0)).toThrow(TypeError)
  expect(replica.deadLetters$.get()).toBe(letters)
  await replica.close()
})

test('[SDK1] an app whose listeners and log throw still writes, and syncs to the end', async () => {
  const errors = laterErrors()
  const { authority, open } = createWorld()
  const fail = (): void => {
    throw new Error('app')
  }
  const replica = await open({ onLog: fail })
  let isBad = false
  for (const watched of [replica.status$, replica.revision$, replica.refusals$])
    watched.subscribe(() => {
      if (isBad) fail()
    })
  isBad = true
  const { mutationId } = await replica.collection(COLLECTION).put(null, { title: 'a' })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, problem: null })
  expect(authority.effects.get(mutationId)).toBe(1)
  await flush(1)
  expect(errors.length).toBeGreaterThan(0)
  await replica.close()
})

test('[SDK1] a clock that tells no time any more stands still: what is written then is kept and synced', async () => {
  const { open, clock, authority } = createWorld()
  const logged: string[] = []
  let isBroken = false
  const replica = await open({
    clock: { ...clock, now: () => (isBroken ? Number.NaN : clock.now()) },
    onLog: ({ event }) => logged.push(event),
  })
  const collection = replica.collection(COLLECTION)
  await collection.put(RECORD, { title: 'before' })
  isBroken = true
  await collection.patch(RECORD, { set: { title: 'while' } })
  const other = await collection.put(null, { title: 'made while' })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  await collection.patch(other.recordId, { set: { title: 'later' } })
  expect((await replica.diagnostics()).clock.hlc).toMatch(/^[0-9a-f]{12}-[0-9a-f]{4}-/)
  isBroken = false
  clock.jump(1_000)
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  const titles = [...authority.records.values()].map(({ data }) => data?.['title'])
  expect(titles).toEqual(['while', 'later'])
  expect(logged.filter((event) => event === 'clock_stopped')).toHaveLength(1)
  await replica.close()
})

test('[SM2][SM6] a lock that is lost right after the session began leaves the device at rest', async () => {
  const { disk, open } = createWorld()
  let isTaken = false
  const refused: unknown[] = []
  const replica = await open({
    onLog: ({ event, detail }) => {
      if (event === 'transition_refused') refused.push(detail)
      if (!isTaken && detail['state'] === 'scanning')
        disk.tables.meta.set('lock', JSON.stringify({ owner: 'memory-99', expiresAtMs: 0 }))
      isTaken ||= detail['state'] === 'scanning'
    },
  })
  expect(await replica.sync()).toMatchObject({ state: 'idle' })
  expect(isTaken).toBe(true)
  expect(await replica.sync()).toMatchObject({ state: 'idle', problem: null })
  expect(refused).toEqual([])
  await replica.close()
})

test('[SM6] a write that falls between the last look at the queue and the plan for the next session is sent soon', async () => {
  const { authority, clock, disk, open } = createWorld()
  const memory = openMemoryStore(disk)
  let write: (() => Promise<unknown>) | null = null
  const store: ReplicaStore = {
    ...memory,
    // Let go of when the round has looked for what is due.
    hold: async () => () => void write?.(),
  }
  const replica = await open({ store, sync: { events: false } })
  await clock.advance(1_000)
  write = () => {
    write = null
    return replica.collection(COLLECTION).put(null, { title: 'just now' })
  }
  await replica.sync()
  await flush()
  expect(replica.status$.get().pending).toBe(1)
  await clock.advance(600)
  expect(authority.pushes()).toHaveLength(1)
  await replica.close()
})

test('[SDK2] a sibling that never synced does not take away when this one did', async () => {
  const { authority, open } = createWorld()
  const one = await open()
  await one.sync()
  const { lastSyncedAt } = one.status$.get()
  expect(lastSyncedAt).not.toBeNull()
  const two = await open()
  authority.script.fault = () => problem(500, 'internal')
  await two.sync()
  await flush()
  expect(one.status$.get()).toMatchObject({ problem: 'internal', lastSyncedAt })
  await Promise.all([one.close(), two.close()])
})

test('[SDK2][SM6] a halted opening goes on when a sibling was given what it lacked', async () => {
  const { authority, open } = createWorld()
  const one = await open({ enrollmentKey: undefined })
  expect(await one.sync()).toMatchObject({ state: 'halted', problem: 'no_credential' })
  const two = await open()
  await two.sync()
  await flush()
  expect(one.status$.get()).toMatchObject({ state: 'idle', problem: null })
  await one.collection(COLLECTION).put(null, { title: 'a' })
  expect(await one.sync()).toMatchObject({ state: 'idle', pending: 0 })
  expect(authority.pushes()).toHaveLength(1)
  await Promise.all([one.close(), two.close()])
})

/** A device whose un-sent change grew by another one after a copy of its store, which sends it first under `under`. */
async function sentInPart(
  write: (replica: Replica) => Promise<unknown>,
  more: (replica: Replica) => Promise<unknown>,
  stampOf: (hlc: string) => string = (hlc) => hlc,
) {
  const world = createWorld()
  const { authority, disk, open } = world
  authority.config = {
    ...authority.config,
    collections: authority.config.collections.map((one) => ({
      ...one,
      fieldStrategies: { '/hits': 'crdt' },
    })),
  }
  const replica = await open()
  await replica.sync()
  await write(replica)
  const [copied] = [...disk.tables.outbox.values()].map((text) => JSON.parse(text) as OutboxEntry)
  if (!copied) throw new Error('a change waits')
  await more(replica)
  expect(disk.tables.outbox.size).toBe(1)
  const { id, hlc } = copied.mutation
  const original = { id, status: 'applied', version: 1 } as const
  authority.script.result = (mutation) =>
    mutation.id === id
      ? { id, status: 'duplicate', original, under: OTHER_DEVICE, hlc: stampOf(hlc) }
      : undefined
  return { ...world, replica, copied }
}

test('[FK1] what was joined to a change after the store was copied goes out on top of what the copy sent', async () => {
  const { authority, replica, copied } = await sentInPart(
    (one) => one.collection(COLLECTION).put(RECORD, { title: 'first' }),
    (one) => one.collection(COLLECTION).patch(RECORD, { set: { more: 1 } }),
  )
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
  const [, again] = authority.pushes().map(({ json }) => (json['mutations'] as Mutation[])[0])
  expect(again).toMatchObject({ after: copied.mutation.id, op: { data: { title: 'first', more: 1 } } })
  expect(again?.id).not.toBe(copied.mutation.id)
  expect(authority.records.get(RECORD)?.data).toEqual({ title: 'first', more: 1 })
  await replica.close()
})

test('[FK1] where that would count twice, the person is told', async () => {
  const count = (one: Replica): Promise<unknown> =>
    one.collection(COLLECTION).counter(RECORD, 'hits').increment()
  const { authority, replica } = await sentInPart(async (one) => {
    await one.collection(COLLECTION).put(RECORD, { title: 'counted' })
    await one.sync()
    await count(one)
  }, count)
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 1 })
  expect(replica.refusals$.get()).toMatchObject([
    { code: 'sent_in_part', mutation: { op: { type: 'crdt' } } },
  ])
  expect(authority.pushes().at(-1)?.json['mutations']).toHaveLength(1)
  await replica.close()
})

test('[FK1] what the copy sent with more joined to it than there is here doesn’t go out again over that', async () => {
  const { authority, replica } = await sentInPart(
    (one) => one.collection(COLLECTION).put(RECORD, { title: 'first' }),
    (one) => one.collection(COLLECTION).patch(RECORD, { set: { title: 'second' } }),
    (hlc) => `ffffffffffff${hlc.slice(12)}`,
  )
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
  expect(authority.pushes()).toHaveLength(1)
  await replica.close()
})

test.each(['rotate', 'send_diagnostics'])(
  '[CM2] %s is acknowledged when it is done, and not before, however often it is told or fails',
  async (type) => {
    const { authority, clock, open } = createWorld()
    const id = '01900000-0000-7000-8000-00000000c0de'
    const path = type === 'rotate' ? '/api/v1/token/rotate' : '/api/v1/diagnostics'
    authority.script.commands = [{ id, type }]
    let isAway = true
    let done = 0
    const acknowledged = () =>
      authority.requests.filter(({ report }) => report?.ackCommands?.includes(id)).length
    const send = (async (input: string, init: RequestInit) => {
      if (!input.endsWith(path)) return authority.fetch(input, init)
      if (isAway) return problem(503, 'shed', { 'retry-after': '1' })
      done += 1
      return Response.json({ token: `tmd_${FLEET}_rotated_y` })
    }) as typeof fetch
    const replica = await open({ fetch: send })
    for (let n = 0; n < 3; n++) {
      await replica.collection(COLLECTION).put(null, { title: `${n}` })
      await replica.sync()
      await clock.advance(5_000)
    }
    expect([done, acknowledged()]).toEqual([0, 0])
    isAway = false
    await replica.sync()
    await replica.sync()
    expect(done).toBe(1)
    expect(acknowledged()).toBeGreaterThan(0)
    await replica.close()
  },
)
