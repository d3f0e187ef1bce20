import { expect, test } from 'vitest'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { COLLECTION, problem } from './support/authority.ts'
import { createWorld, dyingStore } from './support/device.ts'

const ELSEWHERE = '01900000-0000-7000-8000-00000000e15e'

test('[SM3][ID1] a lost answer is asked for again with the same bytes, and has one effect', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const { mutationId, recordId } = await replica.collection(COLLECTION).put(null, { title: 'once' })
  authority.script.fault = ({ path }) => (path === '/api/v1/push' ? 'lose_answer' : undefined)
  expect(await replica.sync()).toMatchObject({ state: 'backoff', problem: 'ECONNRESET', pending: 1 })
  // Made while the first is in flight: a mutation of its own, that names the first (SM4).
  const later = await replica.collection(COLLECTION).patch(recordId, { set: { title: 'twice' } })
  expect(later.mutationId).not.toBe(mutationId)
  authority.script.fault = () => undefined
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  const [lost, again, next] = authority.pushes()
  expect(again?.body).toBe(lost?.body)
  expect(next?.json['mutations']).toMatchObject([{ id: later.mutationId, after: mutationId, baseVersion: 0 }])
  expect([...authority.effects.values()]).toEqual([1, 1])
  await replica.close()
})

test('[SM3] a lost enrollment is repeated under the same request and device id', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  authority.script.fault = () => 'lose_answer'
  await replica.sync()
  await replica.close()
  authority.script.fault = () => undefined
  const reopened = await open()
  expect(await reopened.sync()).toMatchObject({ state: 'idle', deviceId: replica.deviceId })
  const enrolls = authority.requests.filter(({ path }) => path.endsWith('/enroll'))
  expect(enrolls).toHaveLength(2)
  expect(enrolls[1]?.body).toBe(enrolls[0]?.body)
  await reopened.close()
})

/** A crash in every transaction of two writes and a session, before and after it takes hold. */
const crashes = Array.from({ length: 60 }, (_, step) => step).flatMap(
  (step) =>
    [
      [step, 'before'],
      [step, 'after'],
    ] as const,
)
test.each(crashes)(
  '[SM3] a crash in transaction %i, %s it commits, loses nothing and doubles nothing',
  async (step, moment) => {
    const { authority, disk, open, clock } = createWorld()
    const first = await open()
    const kept = await first.collection(COLLECTION).put(null, { title: 'kept' })
    await first.sync()
    await first.close()

    const raw = openMemoryStore(disk)
    const dying = dyingStore(raw, step, moment)
    const written: string[] = []
    try {
      const device = await open({ store: dying })
      const reports = device.collection(COLLECTION)
      written.push((await reports.patch(kept.recordId, { set: { note: 'amended' } })).recordId)
      written.push((await reports.put(null, { title: 'new' })).recordId)
      await device.sync()
    } catch {
      // The process died under the app's own call: what that call did not return from may or may not have happened.
    }
    await raw.close()

    await clock.advance(1_000)
    const reopened = await open()
    expect(await reopened.sync()).toMatchObject({ state: 'idle', pending: 0 })
    const views = await reopened.collection(COLLECTION).query()
    for (const id of written) expect(views.map((view) => view.id)).toContain(id)
    expect(views.map(({ id, data }) => [id, data])).toEqual(
      [...authority.records.values()]
        .map(({ recordId, data }) => [recordId, data])
        .sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
    )
    expect([...authority.effects.values()].every((count) => count === 1)).toBe(true)
    expect(authority.records.get(kept.recordId)?.data).toEqual(
      written.length > 0 ? { title: 'kept', note: 'amended' } : expect.anything(),
    )
    await reopened.close()
  },
)

test('[SM3] the crashes above reach past the end of a session', async () => {
  const { disk, open } = createWorld()
  const store = openMemoryStore(disk)
  let count = 0
  const counting = {
    ...store,
    transact: <T>(work: (tx: never) => Promise<T>) => (count++, store.transact(work as never)) as Promise<T>,
  }
  const device = await open({ store: counting as typeof store })
  await device.collection(COLLECTION).put(null, { title: 'a' })
  await device.sync()
  await device.close()
  expect(count).toBeGreaterThan(20)
  expect(count).toBeLessThan(crashes.length / 2)
})

test('[SM3] a session that a crash cut off is told as abandoned', async () => {
  const { authority, disk, open } = createWorld()
  const raw = openMemoryStore(disk)
  const dying = dyingStore(raw, 14, 'after')
  const device = await open({ store: dying })
  await device.collection(COLLECTION).put(null, { title: 'a' })
  await device.sync()
  expect(dying.isDead()).toBe(true)
  await raw.close()
  const reopened = await open()
  await reopened.sync()
  expect(authority.sessions.map(({ result }) => result)).toEqual(['abandoned', 'ok'])
  expect(authority.sessions[0]?.transitions.at(-1)).toMatchObject({ event: 'restarted', to: 'idle' })
  await reopened.close()
})

test('[SM6] changes made without a connection are kept, and drain when it is back; failed sessions are told then', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  authority.script.fault = () => 'refuse_connection'
  for (let n = 0; n < 3; n++) {
    await replica.collection(COLLECTION).put(null, { title: `n${n}` })
    expect(await replica.sync()).toMatchObject({ state: 'backoff', problem: 'ECONNREFUSED', pending: n + 1 })
  }
  authority.script.fault = () => undefined
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  expect(authority.sessions.map(({ result }) => result)).toEqual(['ok', 'failed', 'failed', 'failed', 'ok'])
  expect(authority.sessions[1]?.attempts).toMatchObject([{ kind: 'push', status: 0, code: 'ECONNREFUSED' }])
  expect(authority.records.size).toBe(3)
  await replica.close()
})

test('[CS1] a clock an hour ahead: the refused change gets a new stamp under its id, and is applied', async () => {
  const { authority, open } = createWorld(500, 3_600_000)
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const { mutationId, recordId } = await reports.put(null, { title: 'from the future' })
  const removal = await reports.remove(recordId)
  authority.script.result = ({ id, hlc }) =>
    id === removal.mutationId && Number.parseInt(hlc.slice(0, 12), 16) > Date.UTC(2026, 0, 5, 8, 30)
      ? { id, status: 'refused', code: 'parent_refused', detail: '', serverHlc: '' }
      : undefined
  expect(await replica.sync()).toMatchObject({
    state: 'idle',
    pending: 0,
    refused: 0,
    clockOffsetMs: -3_600_000,
  })
  expect(authority.effects.get(mutationId)).toBe(1)
  expect(authority.effects.get(removal.mutationId)).toBe(1)
  const [refused, stamped] = authority
    .pushes()
    .map(({ json }) => (json['mutations'] as { hlc: string; madeAt: string }[])[0])
  expect(stamped).toMatchObject({ id: mutationId, madeAt: refused?.madeAt, madeOffsetMs: -3_600_000 })
  expect(stamped && refused && stamped.hlc < refused.hlc).toBe(true)
  await replica.close()
})

const HOURS_MS = 3_600_000

test('[SM6][DL4] a change that is told to wait three hours does, and holds up neither pulls nor others though it was alone', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open()
  await replica.sync()
  const { recordId, mutationId } = await replica.collection(COLLECTION).put(null, { title: 'a' })
  authority.script.result = ({ id }) =>
    id === mutationId ? { id, status: 'retry', code: 'contention', retryAfterMs: 3 * HOURS_MS } : undefined
  authority.write(ELSEWHERE, { title: 'by another device' })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 1 })
  expect(await replica.collection(COLLECTION).get(ELSEWHERE)).not.toBeNull()
  await replica.collection(COLLECTION).put(null, { title: 'b' })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 1 })
  authority.script.result = () => undefined
  await clock.advance(3 * HOURS_MS - 1_000)
  expect(await replica.sync()).toMatchObject({ pending: 1 })
  await clock.advance(1_000)
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  const [first, , again] = authority.pushes()
  expect(again?.json['requestId']).not.toBe(first?.json['requestId'])
  expect(authority.records.has(recordId)).toBe(true)
  await replica.close()
})

test('[SM6] an answer that hangs is given up after the time limit', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: { auto: false, requestTimeoutMs: 3_000 } })
  authority.script.fault = () => 'hang'
  const syncing = replica.sync()
  await clock.advance(3_000)
  expect(await syncing).toMatchObject({ state: 'backoff', problem: 'timed_out' })
  expect(clock.timers()).toBe(0)
  await replica.close()
})

test('[SM6] close() cuts off a request that hangs; the next opening goes on with the same push', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open()
  await replica.sync()
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  authority.script.fault = ({ path }) => (path === '/api/v1/push' ? 'hang' : undefined)
  const syncing = replica.sync()
  await clock.advance(10)
  await replica.close()
  await syncing
  expect(clock.timers()).toBe(0)
  await expect(replica.collection(COLLECTION).get('x')).rejects.toMatchObject({ code: 'closed' })
  authority.script.fault = () => undefined
  const reopened = await open()
  expect(await reopened.sync()).toMatchObject({ state: 'idle', pending: 0 })
  expect(authority.pushes()[1]?.body).toBe(authority.pushes()[0]?.body)
  expect(authority.sessions.map(({ result }) => result)).toEqual(['ok', 'abandoned', 'ok'])
  await reopened.close()
})

test('[SM6] damaged answers are not believed', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  for (const body of [
    '',
    '{',
    '[]',
    '{"results":[]}',
    '{"requestId":"x","epoch":1,"serverHlc":"","results":[{"id":"y","status":"applied"}]}',
  ]) {
    authority.script.fault = ({ path }) => (path === '/api/v1/push' ? new Response(body) : undefined)
    expect(await replica.sync()).toMatchObject({ state: 'backoff', problem: 'bad_answer', pending: 1 })
  }
  authority.script.fault = ({ path }) =>
    path === '/api/v1/push' ? problem(400, 'malformed_json') : undefined
  expect(await replica.sync()).toMatchObject({
    state: 'backoff',
    problem: 'malformed_json',
    pending: 1,
    refused: 0,
  })
  authority.script.fault = () => undefined
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  await replica.close()
})

test('[ID1] an id that is taken before anything was pushed is replaced, and the pending changes take the new one', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  const { deviceId } = replica
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  authority.script.fault = () => problem(409, 'device_id_taken')
  await replica.sync()
  authority.script.fault = () => undefined
  const status = await replica.sync()
  expect(status).toMatchObject({ state: 'idle', pending: 0 })
  expect(status.deviceId).not.toBe(deviceId)
  expect(replica.deviceId).toBe(status.deviceId)
  const [pushed] = (authority.pushes()[0]?.json['mutations'] ?? []) as { hlc: string }[]
  expect(pushed?.hlc.endsWith(status.deviceId)).toBe(true)
  await replica.close()
})
