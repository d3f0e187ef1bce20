import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaOptions } from '#lib/client/open-replica.ts'
import { systemClock } from '#lib/client/clock.ts'
import { FAILED_TRIES_MAX } from '#lib/engine/failed-tries.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { DEAD_LETTER_CODES, type DeadLetterCode } from '#lib/protocol/error-codes.ts'
import { MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import { AuthorityServer } from '#tests/support/authority-server.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const HOUR_MS = 3_600_000
const QUIET = { auto: false }

let world: DeviceHttp
let authority: AuthorityServer
let replicas: Replica[] = []
beforeAll(async () => {
  ;[world, authority] = await Promise.all([deviceHttp(), AuthorityServer.open()])
  const make = (body: JsonObject) =>
    createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
  await make({
    name: 'ruled',
    strategy: 'lww',
    schema: true,
    rules: [{ id: 'calm', cel: 'new.speed < 90', message: 'nobody notes a storm' }],
  })
  await make({ name: 'owned', strategy: 'lww', schema: true, authority: { url: authority.url } })
  await make({ name: 'counted', strategy: 'crdt', schema: true })
})
afterEach(async () => {
  authority.accept()
  for (const replica of replicas) await replica.close()
  replicas = []
})
afterAll(async () => {
  await world.close()
  await authority.close()
})

async function open(options: Partial<ReplicaOptions> = {}): Promise<Replica> {
  const replica = await world.replica(options)
  replicas.push(replica)
  await replica.sync()
  return replica
}
const letterOf = (replica: Replica, mutationId: string) =>
  replica.deadLetters$.get().find(({ mutation }) => mutation.id === mutationId)
const inFleet = (path: string): string => `${path}?fleet=${world.fleet.fleetId}`
const act = (id: string, verb: string, body: JsonObject): Promise<Response> =>
  world.admin('POST', inFleet(`/dead-letters/${id}/${verb}`), body)
const UNCHECKED = { validate: false }
async function until(look: () => unknown): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  while (!(await look())) {
    if (performance.now() > deadlineMs) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A change that the schema refuses, and one on top of it that is made while the first is under way; both are letters then. */
async function chain(): Promise<{ replica: Replica; parent: string; child: string }> {
  let whileSent: (() => Promise<unknown>) | null = null
  const replica = await open({
    fetch: async (input, init) => {
      const run = String(input).endsWith('/push') ? whileSent : null
      if (run) whileSent = null
      await run?.()
      return fetch(input, init)
    },
  })
  const notes = replica.collection('notes')
  const { recordId, mutationId: parent } = await notes.put(null, { title: 7 }, UNCHECKED)
  let child = ''
  whileSent = async () => {
    child = (await notes.patch(recordId, { set: { count: 2 } }, UNCHECKED)).mutationId
  }
  await replica.sync()
  await replica.sync()
  return { replica, parent, child }
}

/** Each makes one dead letter with a device of its own; what the device was told of it. */
const WAYS: Readonly<
  Record<string, { readonly code: DeadLetterCode; readonly run: () => Promise<[Replica, string]> }>
> = {
  'a schema mismatch': {
    code: 'schema_mismatch',
    run: async () => {
      const replica = await open()
      const { mutationId } = await replica.collection('notes').put(null, { title: 7 }, UNCHECKED)
      await replica.sync()
      return [replica, mutationId]
    },
  },
  'a rule that is violated': {
    code: 'rule_violation',
    run: async () => {
      const replica = await open()
      const { mutationId } = await replica.collection('ruled').put(null, { speed: 95 })
      await replica.sync()
      return [replica, mutationId]
    },
  },
  'an authority that refuses': {
    code: 'authority_refused',
    run: async () => {
      authority.refuse('the account is closed')
      const replica = await open()
      const { mutationId } = await replica.collection('owned').put(null, { total: 1 })
      await replica.sync()
      return [replica, mutationId]
    },
  },
  'an authority that never answers, tried for a day': {
    code: 'exhausted',
    run: async () => {
      authority.answer = () => ({ status: 503 })
      const replica = await open()
      const { mutationId } = await replica.collection('owned').put(null, { total: 2 })
      for (let n = 0; n < FAILED_TRIES_MAX; n++) {
        expect([n, letterOf(replica, mutationId)]).toEqual([n, undefined])
        await replica.sync()
        world.clock.aheadMs += 3.1 * HOUR_MS
      }
      return [replica, mutationId]
    },
  },
  'a parent that is a dead letter': {
    code: 'parent_dead_lettered',
    run: async () => {
      const { replica, child } = await chain()
      return [replica, child]
    },
  },
  'a change that is too large': {
    code: 'too_large',
    run: async () => {
      const replica = await open()
      const { mutationId } = await replica
        .collection('notes')
        .put(null, { title: 'x'.repeat(MUTATION_BYTES_MAX) })
      await replica.sync()
      return [replica, mutationId]
    },
  },
  'a clock out of bounds that no new stamp mends': {
    code: 'exhausted',
    run: async () => {
      // Each look at it is ten hours on: whatever was measured is wrong already. The server's own goes on between two tries.
      let looks = 0
      const now = (): number => Date.now() + world.clock.aheadMs + (looks += 1) * 10 * HOUR_MS
      const replica = await open({
        clock: { ...systemClock, now },
        fetch: (input, init) => {
          if (String(input).endsWith('/push')) world.clock.aheadMs += 3.1 * HOUR_MS
          return fetch(input, init)
        },
      })
      const { mutationId } = await replica.collection('notes').put(null, { title: 'from a broken clock' })
      await replica.sync()
      return [replica, mutationId]
    },
  },
  'a collection that was removed meanwhile': {
    code: 'unknown_collection',
    run: async () => {
      const { fleetId } = world.fleet
      const body = { name: 'brief', strategy: 'lww', schema: true }
      const { id, version } = await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
      const replica = await open()
      const { mutationId } = await replica.collection('brief').put(null, { a: 1 })
      const removal = { name: 'brief', version, reason: 'a test' }
      expect((await world.admin('DELETE', inFleet(`/collections/${id}`), removal, 'admin')).status).toBe(200)
      await replica.sync()
      return [replica, mutationId]
    },
  },
}

describe('ways in, by a real device over HTTP and PostgreSQL', () => {
  it.each(Object.entries(WAYS))(
    '[DL1] [DL4] %s is a letter here and a notice there, and no queue waits for it',
    async (_, { code, run }) => {
      const [replica, mutationId] = await run()
      const notice = letterOf(replica, mutationId)
      expect(notice).toMatchObject({ code, mutation: { id: mutationId } })
      const shown = (await (
        await world.admin('GET', inFleet(`/dead-letters/${notice?.deadLetterId}`))
      ).json()) as {
        letter: JsonObject
      }
      expect(shown.letter).toMatchObject({
        code,
        status: 'open',
        deviceId: replica.deviceId,
        mutation: { id: mutationId },
      })
      authority.accept()
      await replica.collection('owned').put(null, { total: 3 })
      expect(await replica.sync()).toMatchObject({ pending: 0 })
    },
  )

  it('[DL4] what died of a clock replays with a stamp of then, by its own device', async () => {
    const [replica, mutationId] = await (
      WAYS['a clock out of bounds that no new stamp mends'] as (typeof WAYS)[string]
    ).run()
    const notice = letterOf(replica, mutationId)
    expect(notice?.detail).toMatch(/^tried 20 times: stamped \d+ ms ahead of the server$/)
    const answer = (await (
      await act(notice?.deadLetterId ?? '', 'replay', { reason: 'the clock is set' })
    ).json()) as {
      result: JsonObject
    }
    expect(answer.result).toMatchObject({ id: mutationId, status: 'applied' })
    const { fleetId } = world.fleet
    const record = await world.storage.sync.getRecord(fleetId, 'notes', notice?.mutation.recordId ?? '')
    expect(record).toMatchObject({ data: { title: 'from a broken clock' }, deviceId: replica.deviceId })
    expect(Number.parseInt(record?.hlc.slice(0, 12) ?? '', 16)).toBeLessThan(
      Date.now() + world.clock.aheadMs + 60_000,
    )
  })

  it('every code of a dead letter has a way in that a device takes, here or in the tests named beside', () => {
    const here = new Set(Object.values(WAYS).map(({ code }) => code))
    // app-schema.test.ts and evolution-sdk.test.ts; crdt-sdk.test.ts.
    const elsewhere: readonly DeadLetterCode[] = ['schema_ahead', 'underivable']
    expect(DEAD_LETTER_CODES.filter((code) => !here.has(code) && !elsewhere.includes(code))).toEqual([])
  })
})

describe('what became of a letter reaches its device, over HTTP and PostgreSQL', () => {
  const dead = async (replica: Replica, title: unknown) => {
    const made = await replica.collection('notes').put(null, { title } as JsonObject, UNCHECKED)
    await replica.sync()
    const notice = letterOf(replica, made.mutationId)
    if (!notice) throw new Error('it is a dead letter')
    return { id: notice.deadLetterId, recordId: made.recordId }
  }
  const titleOf = async (replica: Replica, recordId: string) =>
    (await replica.collection('notes').get(recordId))?.data?.['title']
  const edited = { op: { type: 'put', data: { title: 'seven' } }, reason: 'spelled out' }

  it('[CM1] by the next pull: an edited replay, with the record as it is then, and a discard', async () => {
    const replica = await open({ sync: QUIET })
    const [one, two] = [await dead(replica, 7), await dead(replica, 8)]
    const told: number[] = []
    const stop = replica.deadLetters$.subscribe((letters) => void told.push(letters.length))
    expect((await act(one.id, 'edit', edited)).status).toBe(200)
    await replica.sync()
    expect(replica.deadLetters$.get().map(({ deadLetterId }) => deadLetterId)).toEqual([two.id])
    expect(await titleOf(replica, one.recordId)).toBe('seven')
    expect((await act(two.id, 'discard', { reason: 'a test' })).status).toBe(200)
    await replica.sync()
    expect([replica.deadLetters$.get(), await titleOf(replica, two.recordId)]).toEqual([[], undefined])
    expect(told.at(-1)).toBe(0)
    stop()
  })

  it('[EV1] by the stream, long before the interval is over', async () => {
    let streams = 0
    const replica = await open({
      sync: { intervalMs: 600_000, changeDelayMs: 20, backoffBaseMs: 20, backoffCapMs: 100 },
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (String(input).endsWith('/events') && response.status === 200) streams += 1
        return response
      },
    })
    const [one, two] = [await dead(replica, 7), await dead(replica, 8)]
    await until(() => streams > 0)
    expect((await act(one.id, 'edit', edited)).status).toBe(200)
    expect((await act(two.id, 'discard', { reason: 'a test' })).status).toBe(200)
    await until(() => replica.deadLetters$.get().length === 0)
    await until(async () => (await titleOf(replica, one.recordId)) === 'seven')
  })

  it('[ID3] an edit of what was settled meanwhile is a 409, and nothing of it applies', async () => {
    const replica = await open({ sync: QUIET })
    const { id, recordId } = await dead(replica, 7)
    const [first, second] = await Promise.all([
      act(id, 'edit', edited),
      act(id, 'edit', { ...edited, op: { type: 'put', data: { title: 'VII' } } }),
    ])
    const statuses = [first.status, second.status].toSorted((a, b) => a - b)
    expect(statuses).toEqual([200, 409])
    const late = await act(id, 'edit', { ...edited, op: { type: 'put', data: { title: 'late' } } })
    expect([late.status, ((await late.json()) as JsonObject)['code']]).toEqual([409, 'not_replayable'])
    await replica.sync()
    expect(await titleOf(replica, recordId)).toBe(first.status === 200 ? 'seven' : 'VII')
  })

  it('[DL23] the history tells who replayed, edited, discarded and restored it, why and with what result', async () => {
    const { replica, parent, child } = await chain()
    const [id, childId] = [parent, child].map((one) => letterOf(replica, one)?.deadLetterId ?? '')
    await act(id ?? '', 'replay', { reason: 'a try' })
    await act(id ?? '', 'discard', { reason: 'a double' })
    await act(id ?? '', 'restore', { reason: 'none' })
    const answer = (await (await act(id ?? '', 'edit', edited)).json()) as { mutationId: string }
    const historyOf = async (one = '') =>
      (
        (await (await world.admin('GET', inFleet(`/dead-letters/${one}`))).json()) as {
          history: JsonObject[]
        }
      ).history
    const by = { kind: 'key', name: 'operator' }
    expect(await historyOf(id)).toMatchObject([
      {
        deed: 'edit',
        by,
        reason: 'spelled out',
        result: 'applied',
        changes: [{ pointer: '/data/title', before: '7', after: '"seven"' }],
      },
      { deed: 'restore', by, reason: 'none', result: null },
      { deed: 'discard', by, reason: 'a double', result: null },
      { deed: 'replay', by, reason: 'a try', result: 'dead_lettered', code: 'schema_mismatch' },
    ])
    expect(await historyOf(childId)).toMatchObject([
      { deed: 'replay', reason: `held behind ${id}`, result: 'applied' },
      { deed: 'restore', with: id },
      { deed: 'discard', reason: 'a double', with: id },
    ])
    const [entry] = await world.storage.audit.ofTarget(world.fleet.fleetId, id ?? '', 1)
    expect(entry?.after).toMatchObject({ mutationId: answer.mutationId, from: parent })
  })

  it('[DL22] the leader deletes closed letters 30 days on, tells the log how many, and no open one', async () => {
    const { Leader } = await import('#lib/application/leader.ts')
    const replica = await open({ sync: QUIET })
    const [gone, kept, applied] = [await dead(replica, 7), await dead(replica, 8), await dead(replica, 9)]
    await act(gone.id, 'discard', { reason: 'a test' })
    await act(applied.id, 'edit', edited)
    const { fleetId } = world.fleet
    const run = async (): Promise<readonly (string | undefined)[]> => {
      const leader = new Leader(world.app.ctx)
      await leader.turn()
      await leader.idle()
      const rows = [gone, kept, applied].map(({ id }) => world.storage.deadLetters.get(fleetId, id))
      return (await Promise.all(rows)).map((row) => row?.status)
    }
    expect(await run()).toEqual(['discarded', 'open', 'replayed'])
    world.clock.aheadMs += 31 * 24 * HOUR_MS
    expect(await run()).toEqual([undefined, 'open', undefined])
    const log = await world.storage.audit.list(
      { fleetId, action: 'dead-letter.expire' },
      { limit: 9, cursor: null },
    )
    expect(log.items[0]).toMatchObject({ actor: { kind: 'system' }, target: fleetId })
    const counts = log.items.map(({ after }) => after as unknown as { discarded: number; replayed: number })
    expect(counts.reduce((sum, one) => sum + one.discarded, 0)).toBeGreaterThan(0)
    const restored = await act(gone.id, 'restore', { reason: 'too late' })
    expect(restored.status).toBe(404)
  })
})
