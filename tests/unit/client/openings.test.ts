import { describe, expect, test } from 'vitest'
import { DIAGNOSTICS_ROWS_MAX } from '#lib/client/diagnostics.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { SESSIONS_SUMMED_MAX } from '#lib/client/reports.ts'
import { RENEWED_AFTER_MS, keepLock, takeLock } from '#lib/client/session-lock.ts'
import { serverHlcAt } from '#lib/engine/clock-offset.ts'
import { COLLECTION, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'
import { flush } from './support/virtual-clock.ts'

describe('two openings of one store', () => {
  test('[SDK2] what a session sets aside is shown no more, and revision$ moves in all of them', async () => {
    const { open, authority, clock } = createWorld()
    const [one, two] = [await open(), await open()]
    await one.sync()
    for (const refuse of [
      () =>
        (authority.script.result = ({ id }) => ({
          id,
          status: 'refused',
          code: 'unknown_field',
          detail: '',
          serverHlc: serverHlcAt(clock.now()),
        })),
      () =>
        (authority.script.fault = ({ path }) =>
          path === '/api/v1/push' ? problem(422, 'bad_request') : undefined),
    ]) {
      refuse()
      const { recordId } = await one.collection(COLLECTION).put(null, { title: 'mine' })
      await flush()
      const before = [one.revision$.get(), two.revision$.get()]
      await one.sync()
      await flush()
      expect(await two.collection(COLLECTION).get(recordId)).toBeNull()
      expect([one.revision$.get(), two.revision$.get()]).toEqual(before.map((revision) => revision + 1))
    }
    for (const replica of [one, two]) await replica.close()
  })

  test('[SDK2] a write here is told there: revision and pending move without a session', async () => {
    const { open } = createWorld()
    const [one, two] = [await open(), await open()]
    await flush()
    const before = two.revision$.get()
    const { recordId } = await one.collection(COLLECTION).put(null, { title: 'from one' })
    await flush()
    expect(two.revision$.get()).toBe(before + 1)
    expect(two.status$.get().pending).toBe(1)
    expect(await two.collection(COLLECTION).get(recordId)).toMatchObject({ data: { title: 'from one' } })
    await Promise.all([one.close(), two.close()])
  })

  test('[SDK2] a session here is told there: what it brought, when it was, and how it went', async () => {
    const { open, authority } = createWorld()
    const [one, two] = [await open(), await open()]
    authority.write('01900000-0000-7000-8000-00000000aaaa', { title: 'from afar' })
    await one.sync()
    await flush()
    expect(two.status$.get()).toMatchObject({
      lastSyncedAt: one.status$.get().lastSyncedAt,
      problem: null,
      fleetId: one.status$.get().fleetId,
    })
    expect(two.revision$.get()).toBe(1)
    authority.script.result = ({ id }) => ({
      id,
      status: 'dead_lettered',
      deadLetterId: '01900000-0000-7000-8000-00000000dddd',
      code: 'schema_mismatch',
      detail: '',
    })
    await one.collection(COLLECTION).put(null, { title: 'x' })
    await one.sync()
    await flush()
    expect(two.deadLetters$.get()).toHaveLength(1)
    authority.script.fault = () => problem(500, 'internal')
    await one.sync()
    await flush()
    expect(two.status$.get().problem).toBe('internal')
    await Promise.all([one.close(), two.close()])
  })

  test('[SM2] a session writes its lock again only when the lease has aged, or the clock was set back', async () => {
    const store = openMemoryStore()
    const [sinceMs, leaseMs] = [50_000, 25_000]
    await store.transact((tx) => takeLock(tx, store, sinceMs, leaseMs))
    const writesAt = (nowMs: number): Promise<number> =>
      store.transact(async (tx) => {
        let writes = 0
        const put: typeof tx.put = (...row) => ((writes += 1), tx.put(...row))
        await keepLock({ ...tx, put }, store, nowMs, leaseMs)
        return writes
      })
    expect(await writesAt(sinceMs)).toBe(0)
    expect(await writesAt(sinceMs + RENEWED_AFTER_MS - 1)).toBe(0)
    expect(await writesAt(sinceMs + RENEWED_AFTER_MS)).toBe(1)
    expect(await writesAt(sinceMs + RENEWED_AFTER_MS)).toBe(0)
    expect(await writesAt(sinceMs)).toBe(1)
    expect(await writesAt(sinceMs + 10 * leaseMs)).toBe(1)
  })

  test('[SDK2] together they sync about as often as one does', async () => {
    const { open, authority, clock } = createWorld()
    const [one, two] = [await open({ sync: {} }), await open({ sync: {} })]
    await clock.advance(60_000)
    const before = authority.requests.filter(({ path }) => path === '/api/v1/pull').length
    await clock.advance(20 * 30_000)
    const pulls = authority.requests.filter(({ path }) => path === '/api/v1/pull').length - before
    expect(pulls).toBeGreaterThan(12)
    // Each by itself would make it about 40.
    expect(pulls).toBeLessThan(30)
    await Promise.all([one.close(), two.close()])
  })
})

describe('diagnostics', () => {
  test('[SDK5] tells names, codes and counts, never a document or a credential', async () => {
    const { open, authority } = createWorld()
    const replica = await open()
    await replica.sync()
    authority.script.result = ({ id, op }) =>
      JSON.stringify(op).includes('bad')
        ? { id, status: 'refused', code: 'mutation_id_reused', detail: 'SECRET', serverHlc: '' }
        : undefined
    await replica.collection(COLLECTION).put(null, { title: 'SECRET bad' })
    await replica.collection(COLLECTION).put(null, { title: 'SECRET good' })
    await replica.sync()
    await replica.collection(COLLECTION).put(null, { title: 'SECRET waits' })
    const account = await replica.diagnostics()
    expect(JSON.stringify(account)).not.toMatch(/SECRET|_secret_|tme_/)
    expect(account).toMatchObject({
      formatVersion: 1,
      device: { name: 'Tablet 7' },
      epoch: 1,
      status: { deviceId: replica.deviceId, pending: 1, refused: 1 },
      position: { hasToken: true, fullReason: null },
      config: { version: 1, collections: [{ name: COLLECTION, strategy: 'lww' }] },
      queue: { byCollection: { [COLLECTION]: 1 }, oldest: [{ op: 'put', sends: 0 }], inFlight: null },
      refusals: [{ code: 'mutation_id_reused', collection: COLLECTION }],
      store: { kind: 'memory', rows: { records: 1, outbox: 1, acknowledged: 1 } },
    })
    expect(account.sessions).toHaveLength(2)
    expect(account.sessions[0]).toMatchObject({
      mode: 'full',
      fullReason: 'first',
      result: 'ok',
      endedIn: 'idle',
    })
    await replica.close()
  })

  test('[SDK5] is bounded, however much waits and however long the device runs', async () => {
    const { open } = createWorld()
    const replica = await open({ store: openMemoryStore() })
    for (let n = 0; n < 2 * DIAGNOSTICS_ROWS_MAX; n++)
      await replica.collection(COLLECTION).put(null, { title: 'x'.repeat(10_000) })
    for (let n = 0; n < SESSIONS_SUMMED_MAX + 5; n++) await replica.sync()
    for (let n = 0; n < 2 * DIAGNOSTICS_ROWS_MAX; n++)
      await replica.collection(COLLECTION).put(null, { title: 'x'.repeat(10_000) })
    const account = await replica.diagnostics()
    expect(account.queue.oldest).toHaveLength(DIAGNOSTICS_ROWS_MAX)
    expect(account.sessions).toHaveLength(SESSIONS_SUMMED_MAX)
    expect(JSON.stringify(account).length).toBeLessThan(256 * 1024)
    await replica.close()
  })
})
