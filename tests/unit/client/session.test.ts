import { expect, test } from 'vitest'
import { SERVER_ACTOR_ID, serverHlcAt } from '#lib/engine/clock-offset.ts'
import { isLegal } from '#lib/engine/session-machine.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { COLLECTION, OTHER_DEVICE, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'
const conflictId = '01900000-0000-7000-8000-0000000000cf'

/** A record of another one's that this device changed as well: it waits for a person. */
async function inConflict() {
  const { authority, open } = createWorld()
  const theirs = authority.write(RECORD, { title: 'theirs' })
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  await replica.sync()
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record: theirs, conflictId })
  await reports.patch(RECORD, { set: { title: 'mine' } })
  await replica.sync()
  return { authority, theirs, replica, reports }
}

test('[SM5] a first session enrolls, pushes before it pulls, and ends idle with an empty queue', async () => {
  const { authority, open } = createWorld()
  authority.write(RECORD, { title: 'from elsewhere' })
  const replica = await open()
  const { recordId } = await replica.collection(COLLECTION).put(null, { title: 'mine' })
  expect(replica.status$.get()).toMatchObject({ state: 'idle', fleetId: null })

  const status = await replica.sync()

  expect(status).toMatchObject({ state: 'idle', pending: 0, problem: null })
  expect(authority.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
    'enroll',
    'push',
    'pull',
    'sessions',
    'heartbeat',
  ])
  expect(await replica.collection(COLLECTION).get(RECORD)).toMatchObject({
    data: { title: 'from elsewhere' },
    version: 1,
  })
  expect(await replica.collection(COLLECTION).get(recordId)).toMatchObject({
    data: { title: 'mine' },
    version: 2,
    pending: 0,
  })
  await replica.close()
})

test('[SM7] the report of a session tells every transition by the table, every request, and the queue', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await replica.sync()
  const report = authority.sessions[0]
  expect(report).toMatchObject({
    mode: 'full',
    fullReason: 'first',
    result: 'ok',
    pushed: 1,
    queueDepthBefore: 1,
    queueDepthAfter: 0,
  })
  expect(report?.attempts.map(({ kind, status }) => [kind, status])).toEqual([
    ['enroll', 201],
    ['push', 200],
    ['pull', 200],
  ])
  expect(report?.transitions.every(isLegal)).toBe(true)
  expect(report?.transitions.map(({ to }) => to)).toEqual([
    'scanning',
    'pushing',
    'pulling',
    'resyncing',
    'committing',
    'idle',
  ])
  expect(report?.oldestPendingAt).toBe('2026-01-05T08:00:00.000Z')
  await replica.close()
})

test('[SM7] a heartbeat after the session says that the device rests, with a seq that only grows', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  await replica.sync()
  const reports = authority.requests.flatMap(({ report }) => (report ? [report] : []))
  expect(reports.map(({ state }) => state)).toEqual(['resyncing', 'idle', 'pulling', 'idle'])
  expect(reports.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
  expect(new Set(reports.map(({ nonce }) => nonce)).size).toBe(4)
  await replica.close()
})

test('[SM6] a push of more than 500 changes goes in several requests, in order', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  for (let n = 0; n < 1_101; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
  await replica.sync()
  const batches = authority
    .pushes()
    .map(({ json }) => json['mutations'] as { op: { data: { title: string } } }[])
  expect(batches.map((batch) => batch.length)).toEqual([500, 500, 101])
  expect(batches.flat().map(({ op }) => op.data.title)).toEqual(
    Array.from({ length: 1_101 }, (_, n) => `n${n}`),
  )
  expect(replica.status$.get().pending).toBe(0)
  await replica.close()
})

test('[SM6] a push stays within 1 MiB', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  for (let n = 0; n < 6; n++) await replica.collection(COLLECTION).put(null, { title: 'é'.repeat(100_000) })
  await replica.sync()
  expect(authority.pushes()).toHaveLength(2)
  for (const { body } of authority.pushes()) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1024 * 1024)
  await replica.close()
})

test('[TK2] pages are read until there are no more, each committed with its token', async () => {
  const { authority, open, clock } = createWorld(2)
  const ids = Array.from({ length: 7 }, (_, n) => `01900000-0000-7000-8000-00000000000${n}`)
  for (const id of ids) authority.write(id, { title: id })
  const replica = await open()
  await replica.sync()
  const records = await replica.collection(COLLECTION).query()
  expect(records.map(({ id }) => id)).toEqual(ids)
  authority.write(ids[3] as string, null)
  await clock.advance(1)
  await replica.sync()
  expect(await replica.collection(COLLECTION).get(ids[3] as string)).toBeNull()
  await replica.close()
})

test('[TK4] an expired token leads to a full sync that keeps the outbox and drops what is gone', async () => {
  const { authority, open } = createWorld()
  const gone = authority.write('01900000-0000-7000-8000-00000000000a', { title: 'gone' }).recordId
  authority.write(RECORD, { title: 'kept' })
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  await replica.sync()
  expect(await reports.get(gone)).not.toBeNull()

  authority.records.delete(gone)
  let expired = false
  authority.script.fault = ({ path, query }) => {
    if (path !== '/api/v1/pull' || expired) return undefined
    expired = true
    expect(query.get('token')).not.toBeNull()
    return problem(410, 'token_expired')
  }
  // Waits at the server, so that it is still pending when the full sync comes.
  authority.script.result = ({ id }) => ({ id, status: 'retry', code: 'contention', retryAfterMs: 60_000 })
  const mine = await reports.put(null, { title: 'mine' })
  authority.script.result = ({ id, recordId }) =>
    recordId === mine.recordId ? { id, status: 'retry', code: 'contention', retryAfterMs: 60_000 } : undefined
  const other = await reports.put(null, { title: 'flows' })
  await replica.sync()

  expect(await reports.get(gone)).toBeNull()
  expect(await reports.get(RECORD)).toMatchObject({ data: { title: 'kept' } })
  expect(await reports.get(mine.recordId)).toMatchObject({ data: { title: 'mine' }, pending: 1 })
  expect(await reports.get(other.recordId)).toMatchObject({ pending: 0 })
  expect(authority.sessions.at(-1)).toMatchObject({
    mode: 'full',
    fullReason: 'token_expired',
    result: 'ok',
    queueDepthAfter: 1,
  })
  await replica.close()
})

test("[TK4] an operator's resync is followed once, and acknowledged in a report", async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const id = '01900000-0000-7000-8000-0000000000c0'
  authority.script.commands = [{ id, type: 'resync' }]
  await replica.sync()
  await replica.sync()
  authority.script.commands = []
  expect(authority.sessions.slice(1).map(({ mode, fullReason }) => [mode, fullReason])).toEqual([
    ['full', 'command'],
    ['delta', undefined],
  ])
  expect(authority.requests.some(({ report }) => report?.ackCommands?.includes(id))).toBe(true)
  await replica.sync()
  expect(authority.requests.at(-1)?.report?.ackCommands).toBeUndefined()
  await replica.close()
})

test('[TK6] after a restore the device reads everything anew, then pushes again what the server forgot', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const first = await reports.put(null, { title: 'first' })
  await replica.sync()
  authority.restore()
  const second = await reports.patch(first.recordId, { set: { title: 'second' } })

  await replica.sync()

  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0 })
  expect(authority.records.get(first.recordId)?.data).toEqual({ title: 'second' })
  expect(authority.effects.get(first.mutationId)).toBe(2)
  expect(authority.effects.get(second.mutationId)).toBe(1)
  const last = authority.sessions.at(-1)
  expect(last).toMatchObject({ fullReason: 'epoch_changed', result: 'ok' })
  const steps = last?.transitions.map(({ to }) => to) ?? []
  expect(steps.indexOf('resyncing')).toBeLessThan(steps.lastIndexOf('pushing'))
  const resent = authority.pushes().at(-1)?.json['mutations'] as { id: string; baseEpoch: number }[]
  expect(resent.map(({ id }) => id)).toEqual([first.mutationId, second.mutationId])
  expect(resent.map(({ baseEpoch }) => baseEpoch)).toEqual([undefined, 1])
  await replica.close()
})

test('[SM6] a whole push that is refused is halved until the culprit stands alone; the rest goes on', async () => {
  const { authority, clock, open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const ids: string[] = []
  for (let n = 0; n < 9; n++)
    ids.push((await reports.put(null, { title: n === 5 ? 'poison' : `n${n}` })).recordId)
  authority.script.fault = ({ path, body }) =>
    path === '/api/v1/push' && body.includes('poison') ? problem(400, 'bad_request') : undefined
  await clock.advance(1)
  const dependent = await reports.remove(ids[5] as string)

  await replica.sync()

  expect(authority.records.size).toBe(8)
  expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 2, state: 'idle' })
  const told = replica.refusals$
    .get()
    .map(({ code, mutation }) => [code, mutation.id === dependent.mutationId])
  expect(told).toEqual([
    ['bad_request', false],
    ['parent_refused', true],
  ])
  expect(authority.sessions.at(-1)?.localRefusals?.map(({ code }) => code)).toEqual([
    'bad_request',
    'parent_refused',
  ])
  await replica.close()
})

test('[SM6] several culprits of one batch are all found in one session; no session sets more than some aside', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  for (let n = 0; n < 64; n++)
    await reports.put(null, { title: [3, 20, 21, 40, 63].includes(n) ? 'poison' : `n${n}` })
  authority.script.fault = ({ path, body }) =>
    path === '/api/v1/push' && body.includes('poison') ? problem(422, 'bad_request') : undefined
  expect(await replica.sync()).toMatchObject({ pending: 0, refused: 5, state: 'idle', problem: null })
  expect(authority.records.size).toBe(59)
  for (let n = 0; n < 16; n++) await reports.put(null, { title: `poison ${n}` })
  expect(await replica.sync()).toMatchObject({ pending: 6, refused: 15, problem: 'push_refused' })
  await replica.close()
})

test.each([
  [401, 'device_revoked'],
  [426, 'app_version_refused'],
])('[SM6] %i %s halts the device until a person resumes it', async (status, code) => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  authority.script.fault = () => problem(status, code)
  expect(await replica.sync()).toMatchObject({ state: 'halted', problem: code })
  const count = authority.requests.length
  await replica.sync()
  expect(authority.requests).toHaveLength(count)
  authority.script.fault = () => undefined
  replica.resume()
  expect(await replica.sync()).toMatchObject({ state: 'idle', problem: null })
  await replica.close()
})

test('[FK1] a forked device without a key to enroll anew halts until a person helps', async () => {
  const { authority, open } = createWorld()
  const first = await open()
  await first.sync()
  await first.close()
  const replica = await open({ enrollmentKey: undefined })
  authority.script.fault = ({ path }) => (path === '/api/v1/pull' ? problem(409, 'device_forked') : undefined)
  expect(await replica.sync()).toMatchObject({ state: 'halted', problem: 'device_forked' })
  await replica.close()
})

test('[CS6] a conflict leaves the queue; this device shows its own side, and later edits of that record wait alone', async () => {
  const { authority, open } = createWorld()
  const theirs = authority.write(RECORD, { title: 'theirs' })
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  await replica.sync()
  authority.script.result = ({ id, recordId, resolves }) =>
    recordId === RECORD && resolves === undefined
      ? { id, status: 'conflict', record: theirs, conflictId }
      : undefined
  await reports.patch(RECORD, { set: { title: 'mine' } })
  await replica.sync()
  expect(await reports.get(RECORD)).toMatchObject({ data: { title: 'mine' }, pending: 0, inConflict: true })
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId, record: { data: { title: 'theirs' } } }])

  await reports.patch(RECORD, { set: { title: 'mine again' } })
  await reports.put(null, { title: 'other work' })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 1 })

  await reports.put(RECORD, { title: 'decided' }, { resolves: conflictId })
  authority.script.result = () => undefined
  await replica.sync()
  expect(replica.conflicts$.get()).toEqual([])
  expect(replica.status$.get().pending).toBe(0)
  await replica.close()
})

test('[CS6] a conflict is shown, and shown no more, once the push is answered, however long the reports behind it take', async () => {
  const { authority, open } = createWorld()
  const record = authority.write(RECORD, { title: 'theirs' })
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  await replica.sync()
  const shown: number[] = []
  authority.script.fault = ({ path }) => {
    if (path === '/api/v1/sessions') shown.push(replica.conflicts$.get().length)
    return undefined
  }
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record, conflictId })
  await reports.patch(RECORD, { set: { title: 'mine' } })
  await replica.sync()
  authority.script.result = () => undefined
  await reports.put(RECORD, { title: 'decided' }, { resolves: conflictId })
  await replica.sync()
  expect(shown).toEqual([1, 0])
  await replica.close()
})

test('[CS12] a notice tells what a pull brought, and a decision is made on what it told: at the call, or as it was drawn', async () => {
  const { authority, theirs, replica, reports } = await inConflict()
  const sent: Mutation[] = []
  authority.script.result = (mutation) => {
    sent.push(mutation)
    return undefined
  }
  const [drawn] = replica.conflicts$.get()
  if (!drawn) throw new Error('nothing waits for a person')
  const told: unknown[] = []
  const leave = replica.conflicts$.subscribe(() =>
    told.push(replica.conflicts$.get().map(({ record }) => record?.data ?? null)),
  )
  const later = authority.write(RECORD, { title: 'theirs too' })
  await replica.sync()
  const gone = authority.write(RECORD, null)
  await replica.sync()
  leave()
  expect(told).toEqual([[{ title: 'theirs' }], [{ title: 'theirs too' }], [null]])
  await reports.put(RECORD, { title: 'a' }, { resolves: drawn })
  await reports.put(RECORD, { title: 'b' }, { resolves: { ...drawn, record: later } })
  await reports.put(RECORD, { title: 'c' }, { resolves: conflictId })
  // Of a time before a restore: the server has no such version.
  await reports.put(RECORD, { title: 'd' }, { resolves: { ...drawn, record: { ...gone, version: 900 } } })
  await reports.put(RECORD, { title: 'e' }, { resolves: { ...drawn, record: null } })
  await replica.sync()
  const versions = [theirs, later, gone, gone].map(({ version }) => version)
  expect(sent.map(({ baseVersion }) => baseVersion)).toEqual([...versions, 0])
  expect(sent.some((each) => 'after' in each)).toBe(false)
  await replica.close()
})

test('[CS12] an answer that is told once more, of a time before, makes no notice older than what was pulled since', async () => {
  const { authority, open } = createWorld()
  const theirs = authority.write(RECORD, { title: 'theirs' })
  const replica = await open()
  await replica.sync()
  const later = authority.write(RECORD, { title: 'theirs too' })
  await replica.sync()
  authority.script.result = ({ id }) => {
    const original = { id, status: 'conflict', record: theirs, conflictId } as const
    return { id, status: 'duplicate', original }
  }
  await replica.collection(COLLECTION).patch(RECORD, { set: { title: 'mine' } })
  await replica.sync()
  expect(replica.conflicts$.get()).toMatchObject([{ record: { version: later.version, data: later.data } }])
  await replica.close()
})

test('[CS6] what another removed is let be by a delete that decides; a patch of nothing decides nothing', async () => {
  const { authority, open } = createWorld()
  authority.write(RECORD, { title: 'theirs' })
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  await replica.sync()
  const gone = authority.write(RECORD, null)
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record: gone, conflictId })
  await reports.patch(RECORD, { set: { title: 'mine' } })
  await replica.sync()
  const resolves = { resolves: conflictId }
  await expect(reports.patch(RECORD, { set: { title: 'x' } }, resolves)).rejects.toMatchObject({
    code: 'not_found',
  })
  const { mutationId } = await reports.remove(RECORD, resolves)
  const sent: unknown[] = []
  authority.script.result = (mutation) => {
    sent.push(mutation)
    return undefined
  }
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  expect(sent).toMatchObject([{ id: mutationId, op: { type: 'delete' }, resolves: conflictId }])
  expect(replica.conflicts$.get()).toEqual([])
  expect(await reports.get(RECORD)).toBeNull()
  await replica.close()
})

test('[CS6][TK6] a conflict that the server does not know is given up: both sides are kept here, and later edits flow', async () => {
  const { authority, replica, reports } = await inConflict()
  const decision = await reports.put(RECORD, { title: 'decided' }, { resolves: conflictId })
  const serverHlc = serverHlcAt(0)
  authority.script.result = ({ id, resolves }) =>
    resolves === undefined
      ? undefined
      : { id, status: 'refused', code: 'unknown_conflict', detail: 'no such conflict', serverHlc }
  expect(await replica.sync()).toMatchObject({ pending: 0, refused: 2 })
  expect(replica.conflicts$.get()).toEqual([])
  const kept = replica.refusals$.get().map(({ code, mutation }) => [code, mutation.op])
  expect(kept).toEqual([
    ['unknown_conflict', { type: 'patch', set: { title: 'mine' } }],
    ['unknown_conflict', { type: 'put', data: { title: 'decided' } }],
  ])
  expect(replica.refusals$.get()[1]?.mutation.id).toBe(decision.mutationId)
  await reports.patch(RECORD, { set: { title: 'later' } })
  expect(await replica.sync()).toMatchObject({ pending: 0 })
  expect(authority.records.get(RECORD)?.data).toEqual({ title: 'later' })
  await replica.close()
})

test('[CS6] a version by the desk makes the device ask whether its conflict was decided, also where others wrote after it', async () => {
  const { authority, replica } = await inConflict()
  authority.write(RECORD, { title: 'of another one' })
  await replica.sync()
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId }])

  const decided = authority.write(RECORD, { title: 'decided' }, SERVER_ACTOR_ID)
  const after = authority.write(RECORD, { title: 'after it' })
  const versionVector = { ...decided.versionVector, ...after.versionVector }
  authority.records.set(RECORD, { ...after, versionVector })
  const asked = () =>
    authority.requests.flatMap(({ path, json }) => (path === '/api/v1/heartbeat' ? [json['conflicts']] : []))
  expect(asked().filter(Boolean)).toEqual([])
  // The desk decided another device's conflict: this one is still open, and asked about once a version.
  for (let n = 0; n < 3; n++) await replica.sync()
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId }])
  expect(asked().filter(Boolean)).toEqual([[conflictId]])
  expect(await replica.collection(COLLECTION).get(RECORD)).toMatchObject({
    data: { title: 'mine' },
    inConflict: true,
  })

  authority.records.set(RECORD, { ...authority.write(RECORD, { title: 'after it' }), versionVector })
  authority.script.decided = [conflictId]
  for (let n = 0; n < 2; n++) await replica.sync()
  expect(replica.conflicts$.get()).toEqual([])
  expect(await replica.collection(COLLECTION).get(RECORD)).toMatchObject({ data: { title: 'after it' } })
  await replica.close()
})

test('[CS6] a conflict that was decided before the backup is no notice when a restored server tells of it again', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const theirs = authority.write(RECORD, { title: 'theirs' })
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record: theirs, conflictId })
  await replica.collection(COLLECTION).put(RECORD, { title: 'mine' })
  await replica.sync()
  authority.write(RECORD, { title: 'decided' }, SERVER_ACTOR_ID)
  authority.script.decided = [conflictId]
  for (let n = 0; n < 2; n++) await replica.sync()
  expect(replica.conflicts$.get()).toEqual([])

  authority.restore()
  authority.write(RECORD, { title: 'theirs' })
  authority.write(RECORD, { title: 'decided' }, SERVER_ACTOR_ID)
  authority.script.result = ({ id }) => ({
    id,
    status: 'duplicate',
    original: { id, status: 'conflict', record: theirs, conflictId },
  })
  for (let n = 0; n < 2; n++) await replica.sync()
  expect(replica.conflicts$.get()).toEqual([])
  expect(replica.status$.get().pending).toBe(0)
  expect(await replica.collection(COLLECTION).get(RECORD)).toMatchObject({ data: { title: 'decided' } })

  // One that is open still is a notice again.
  authority.restore()
  authority.script.decided = []
  authority.write(RECORD, { title: 'theirs' })
  await replica.sync()
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId }])
  await replica.close()
})

test('[CM1] told that its conflict was decided, a device closes it with the pull, and what waited behind it is sent', async () => {
  const { authority, replica, reports } = await inConflict()
  authority.script.result = () => undefined
  await reports.patch(RECORD, { set: { title: 'later' } })
  const news = { id: '01900000-0000-7000-8000-0000000000c0', type: 'resolved' }
  authority.script.commands = [{ ...news, conflictId: OTHER_DEVICE }]
  expect(await replica.sync()).toMatchObject({ pending: 1 })
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId }])

  authority.script.commands = [{ ...news, id: '01900000-0000-7000-8000-0000000000c1', conflictId }]
  authority.script.fault = ({ path }) => (path === '/api/v1/pull' ? 'refuse_connection' : undefined)
  await replica.sync()
  expect(await reports.get(RECORD)).toMatchObject({ data: { title: 'later' }, inConflict: true })
  authority.script.fault = () => undefined
  await replica.sync()
  expect(replica.conflicts$.get()).toEqual([])
  expect(await replica.sync()).toMatchObject({ pending: 0 })
  expect(authority.records.get(RECORD)?.data).toEqual({ title: 'later' })
  await replica.close()
})

test('[DL1] a dead letter leaves the queue and is shown; the rest of the batch goes on', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  await replica.sync()
  await expect(reports.put(null, { title: 7 })).rejects.toMatchObject({ code: 'invalid_data' })
  const bad = await reports.put(null, { title: 7 }, { validate: false })
  const good = await reports.put(null, { title: 'good' })
  authority.script.result = ({ id }) =>
    id === bad.mutationId
      ? { id, status: 'dead_lettered', deadLetterId: OTHER_DEVICE, code: 'schema_mismatch', detail: 'title' }
      : undefined
  expect(await replica.sync()).toMatchObject({ pending: 0, refused: 0 })
  expect(replica.deadLetters$.get()).toMatchObject([
    { code: 'schema_mismatch', mutation: { id: bad.mutationId } },
  ])
  expect(authority.effects.get(good.mutationId)).toBe(1)
  expect(await reports.get(bad.recordId)).toBeNull()
  await replica.close()
})

test('[DL1] the device is told which field of a letter is at fault, where the server knows it', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  for (const path of ['/title', undefined, 7]) {
    const { mutationId: id } = await replica
      .collection(COLLECTION)
      .put(null, { title: 7 }, { validate: false })
    const letter = {
      status: 'dead_lettered',
      deadLetterId: id,
      code: 'schema_mismatch',
      detail: 'no',
    } as const
    // Of an older server none; what is no text is none either.
    authority.script.result = (mutation) =>
      mutation.id === id ? { id, ...letter, path: path as string } : undefined
    expect((await replica.sync()).problem).toBeNull()
    const notice = replica.deadLetters$.get().find(({ deadLetterId }) => deadLetterId === id)
    expect(notice).toMatchObject({ code: 'schema_mismatch' })
    expect(notice?.path).toBe(path === 7 ? undefined : path)
  }
  await replica.close()
})
