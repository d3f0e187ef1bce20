import { expect, test } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { DEAD_LETTER_NOTICES_MAX, noteDeadLetter } from '#lib/client/note-dead-letter.ts'
import { listNotices } from '#lib/client/notices.ts'
import { ACKNOWLEDGED_KEPT_MS } from '#lib/client/outbox.ts'
import { storeRecord } from '#lib/client/records.ts'
import { SESSION_REPORTS_MAX, fileReport, startReport } from '#lib/client/reports.ts'
import { getRecord } from '#lib/client/tables.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import { COLLECTION, OTHER_DEVICE, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'
const waits = { status: 'retry', code: 'contention', retryAfterMs: 60_000 } as const
const id = (n: number): string => `01900000-0000-7000-8000-${n.toString().padStart(12, '0')}`

test('[SM5] a device reads its own applied change although the pull behind it failed', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const { recordId } = await replica.collection(COLLECTION).put(null, { title: 'mine' })
  authority.script.fault = ({ path }) => (path === '/api/v1/pull' ? 'refuse_connection' : undefined)
  expect(await replica.sync()).toMatchObject({ state: 'backoff', pending: 0 })
  expect(await replica.collection(COLLECTION).get(recordId)).toMatchObject({
    data: { title: 'mine' },
    version: 1,
    pending: 0,
  })
  await replica.close()
})

test('[SM5] a record that another device deleted is gone from the view, though a patch of it is pending', async () => {
  const { authority, open } = createWorld()
  authority.write(RECORD, { title: 'a' })
  const replica = await open()
  await replica.sync()
  await replica.collection(COLLECTION).patch(RECORD, { set: { note: 'b' } })
  authority.script.result = (mutation) =>
    mutation.recordId === RECORD ? { id: mutation.id, ...waits } : undefined
  await replica.collection(COLLECTION).put(null, { title: 'flows' })
  authority.write(RECORD, null)
  await replica.sync()
  expect(await replica.collection(COLLECTION).get(RECORD)).toBeNull()
  expect(replica.status$.get().pending).toBe(1)
  await replica.close()
})

test('[SM6] a change that waits holds back the later ones of its record, and no other', async () => {
  const { authority, open, clock } = createWorld()
  authority.write(RECORD, { title: 'a' })
  const replica = await open()
  await replica.sync()
  const reports = replica.collection(COLLECTION)
  const first = await reports.patch(RECORD, { set: { note: 'first' } })
  authority.script.result = (mutation) =>
    mutation.id === first.mutationId ? { id: mutation.id, ...waits } : undefined
  await reports.put(null, { title: 'flows' })
  await replica.sync()
  const second = await reports.patch(RECORD, { set: { note: 'second' } })
  const other = await reports.put(null, { title: 'flows too' })
  await replica.sync()
  expect(authority.effects.has(second.mutationId)).toBe(false)
  expect(authority.effects.has(other.mutationId)).toBe(true)
  authority.script.result = () => undefined
  await clock.advance(60_000)
  await replica.sync()
  expect(authority.records.get(RECORD)?.data).toEqual({ title: 'a', note: 'second' })
  await replica.close()
})

test('[TK4] a record that a full sync did not show stays while a change of it is pending, and goes with it', async () => {
  const { authority, open, clock } = createWorld()
  authority.write(RECORD, { title: 'a' })
  const replica = await open()
  await replica.sync()
  const reports = replica.collection(COLLECTION)
  const { mutationId } = await reports.patch(RECORD, { set: { note: 'mine' } })
  authority.script.result = (mutation) =>
    mutation.id === mutationId ? { id: mutation.id, ...waits } : undefined
  await reports.put(null, { title: 'flows' })
  authority.records.delete(RECORD)
  authority.script.commands = [{ id: id(90), type: 'resync' }]
  await replica.sync()
  authority.script.commands = []
  expect(await reports.get(RECORD)).toMatchObject({ data: { title: 'a', note: 'mine' }, pending: 1 })

  authority.script.result = (mutation) => ({
    id: mutation.id,
    status: 'dead_lettered',
    deadLetterId: id(91),
    code: 'rule_violation',
    detail: '',
  })
  await clock.advance(60_000)
  await replica.sync()
  expect(await reports.get(RECORD)).toBeNull()
  await replica.close()
})

test('[TK4] a full sync that is cut off goes on from its last page, and is told with its reason', async () => {
  const { authority, open } = createWorld(2)
  for (let n = 1; n <= 5; n++) authority.write(id(n), { title: `n${n}` })
  const replica = await open()
  let pages = 0
  authority.script.fault = ({ path }) =>
    path === '/api/v1/pull' && ++pages === 2 ? 'refuse_connection' : undefined
  expect(await replica.sync()).toMatchObject({ state: 'backoff' })
  await replica.close()
  const reopened = await open()
  expect(await reopened.sync()).toMatchObject({ state: 'idle' })
  expect(await reopened.collection(COLLECTION).query()).toHaveLength(5)
  expect(
    authority.requests.filter(({ path, query }) => path.endsWith('/pull') && !query.has('token')),
  ).toHaveLength(1)
  expect(authority.sessions.map(({ mode, fullReason, pulled }) => [mode, fullReason, pulled])).toEqual([
    ['full', 'first', 2],
    ['full', 'first', 3],
  ])
  const steps = authority.sessions[1]?.transitions.map(({ event }) => event)
  expect(steps).toEqual([
    'start',
    'nothing_to_push',
    'resync_needed',
    'resynced',
    'more_to_resync',
    'resynced',
    'committed',
  ])
  await reopened.close()
})

test('[TK6] a full sync after a restore comes before any push, also when it is cut off at first', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await replica.sync()
  authority.restore()
  authority.script.fault = ({ path }) => (path === '/api/v1/pull' ? 'refuse_connection' : undefined)
  await replica.collection(COLLECTION).put(null, { title: 'b' })
  await replica.sync()
  authority.script.fault = () => undefined
  const before = authority.requests.length
  await replica.sync()
  const asked = authority.requests.slice(before).map(({ path }) => path.split('/').at(-1))
  expect(asked.slice(0, 2)).toEqual(['pull', 'push'])
  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0 })
  expect(authority.records.size).toBe(2)
  await replica.close()
})

test('[TK6] only a week of acknowledged changes is kept for a restore', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open()
  const old = await replica.collection(COLLECTION).put(null, { title: 'old' })
  await replica.sync()
  await clock.advance(ACKNOWLEDGED_KEPT_MS + 1)
  const young = await replica.collection(COLLECTION).put(null, { title: 'young' })
  await replica.sync()
  authority.restore()
  await replica.sync()
  expect(authority.effects.get(young.mutationId)).toBe(2)
  expect(authority.effects.get(old.mutationId)).toBe(1)
  await replica.close()
})

test('[SM6] results in another order than the mutations are not believed', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const first = await replica.collection(COLLECTION).put(null, { title: 'a' })
  const second = await replica.collection(COLLECTION).put(null, { title: 'b' })
  const results = [second, first].map(({ mutationId }) => ({ id: mutationId, status: 'applied', version: 1 }))
  const body = JSON.stringify({ requestId: 'r', epoch: 1, serverHlc: '', head: {}, results })
  authority.script.fault = ({ path }) => (path === '/api/v1/push' ? new Response(body) : undefined)
  expect(await replica.sync()).toMatchObject({ state: 'backoff', problem: 'bad_answer', pending: 2 })
  await replica.close()
})

test('[TK4] a token that is refused again and again ends in backoff, not in a loop', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  authority.script.fault = ({ path }) => (path === '/api/v1/pull' ? problem(400, 'token_invalid') : undefined)
  expect(await replica.sync()).toMatchObject({ state: 'backoff', problem: 'resync_restarts' })
  expect(authority.requests.filter(({ path }) => path.endsWith('/pull')).length).toBeLessThanOrEqual(3)
  await replica.close()
})

test('[TK3] an older version never replaces a newer one, but for the first sight in a snapshot', async () => {
  const store = openMemoryStore(createMemoryDisk())
  const at = (version: number): WireRecord => ({
    collection: COLLECTION,
    recordId: RECORD,
    version,
    deleted: false,
    data: { version },
    versionVector: { [OTHER_DEVICE]: version },
    hlc: '',
    schemaVersion: 1,
  })
  await store.transact(async (tx) => {
    const versionAfter = async (version: number, mark: string | null): Promise<number | undefined> => {
      await storeRecord(tx, at(version), mark)
      return (await getRecord(tx, COLLECTION, RECORD))?.version
    }
    expect(await versionAfter(5, null)).toBe(5)
    expect(await versionAfter(4, null)).toBe(5)
    expect(await versionAfter(3, 'snapshot')).toBe(3)
    expect(await versionAfter(2, 'snapshot')).toBe(3)
  })
})

test('[SM6] what is kept for reports and notices is bounded, newest kept', async () => {
  const store = openMemoryStore(createMemoryDisk())
  await store.transact(async (tx) => {
    for (let n = 0; n < SESSION_REPORTS_MAX + 5; n++) await fileReport(tx, await startReport(tx, id(n), n))
    const reports = await tx.scan('session_reports', { limit: 1_000 })
    expect(reports).toHaveLength(SESSION_REPORTS_MAX)
    expect(reports.at(-1)?.value).toMatchObject({ sessionId: id(SESSION_REPORTS_MAX + 4) })
    for (let n = 0; n < DEAD_LETTER_NOTICES_MAX + 5; n++) {
      const mutation = { id: id(n), op: { type: 'delete' } } as Mutation
      const letter = { id: id(n), status: 'dead_lettered', deadLetterId: id(n), detail: '' } as const
      await noteDeadLetter(tx, { ...letter, code: 'rule_violation' }, mutation, n)
    }
    const letters = (await listNotices(tx)).dead_letter
    expect(letters).toHaveLength(DEAD_LETTER_NOTICES_MAX)
    expect(letters.at(-1)?.deadLetterId).toBe(id(DEAD_LETTER_NOTICES_MAX + 4))
  })
})

test('[FK2] an answer that was given under another id does not bring back what was deleted since', async () => {
  const { authority, open, clock } = createWorld()
  const old = authority.write(RECORD, { title: 'theirs' })
  const replica = await open()
  await replica.sync()
  await replica.collection(COLLECTION).patch(RECORD, { set: { title: 'mine' } })
  authority.script.result = ({ id: own }) => ({ ...waits, id: own })
  await replica.sync()
  authority.write(RECORD, null)
  await replica.sync()
  const resolution = { strategy: 'field-merge', outcome: 'merge', fields: [] } as const
  const original = { status: 'merged', version: 1, record: old, conflictId: id(9), resolution } as const
  authority.script.result = ({ id: own }) => ({
    id: own,
    status: 'duplicate',
    original: { id: own, ...original },
    under: OTHER_DEVICE,
  })
  await clock.advance(60_000)
  expect(await replica.sync()).toMatchObject({ pending: 0 })
  expect(await replica.collection(COLLECTION).get(RECORD)).toBeNull()
  await replica.close()
})

test.each([
  [undefined, 1],
  [true, 0],
] as const)(
  '[DL1] an old dead letter, told of again: closed there %s, %i notices',
  async (letterClosed, notices) => {
    const { authority, open } = createWorld()
    const replica = await open()
    await replica.collection(COLLECTION).put(null, { title: 'a' })
    authority.script.result = ({ id: own }) => ({
      id: own,
      status: 'duplicate',
      original: { id: own, status: 'dead_lettered', deadLetterId: id(8), code: 'too_large', detail: '' },
      letterClosed,
    })
    expect(await replica.sync()).toMatchObject({ pending: 0 })
    expect(replica.deadLetters$.get()).toHaveLength(notices)
    await replica.close()
  },
)
