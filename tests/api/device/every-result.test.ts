import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { collectionScope } from '#lib/application/breakers/scopes.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { FAILED_TRIES_MAX } from '#lib/engine/failed-tries.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { DeadLetterCode, RefusedCode, RetryCode } from '#lib/protocol/error-codes.ts'
import { MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { MutationResult, ResultStatus } from '#lib/protocol/push.ts'
import { AuthorityServer } from '#tests/support/authority-server.ts'
import type { TestDevice } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, bodyOf, newUuid } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { conflictOf } from '#tests/support/conflict-of.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

/**
 * Each status and code of a mutation, provoked over a socket and PostgreSQL. The tables are typed by the lists of the
 * contract: one without a way to provoke it does not compile.
 */
let world: DeviceHttp
let device: TestDevice
let authority: AuthorityServer
beforeAll(async () => {
  authority = await AuthorityServer.open()
  world = await deviceHttp()
  const { fleetId } = world.fleet
  for (const strategy of ['lww', 'manual', 'crdt'] as const) await collection({ name: strategy, strategy })
  const rules = [{ id: 'small', cel: 'new.count < 10', message: 'too many' }]
  await collection({ name: 'ruled', strategy: 'lww', rules })
  const behind = { url: authority.url, timeoutMs: 1_000 }
  await collection({ name: 'orders', strategy: 'lww', authority: behind })
  device = await world.device({ ...world.fleet, fleetId })
})
afterEach(() => authority.accept())
afterAll(async () => {
  await world.close()
  await authority.close()
})

const collection = (body: object, { fleetId } = world.fleet) =>
  createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body: { schema: NOTES_SCHEMA, ...body } })
const put = (data: object) => ({ type: 'put', data }) as never
const only = async (mutation: object, by = device): Promise<MutationResult> =>
  (await by.pushed([mutation])).results[0] as MutationResult
const conflict = (strategy: string) => conflictOf(world, device, strategy)
const ordered = (changes = {}) => device.mutation({ collection: 'orders', ...changes })
const silent = (): void => {
  authority.answer = () => ({ status: 500 })
}

const PROVOKE_RESULT: Record<DeadLetterCode | RefusedCode | RetryCode, () => Promise<MutationResult>> = {
  schema_mismatch: () => only(device.mutation({ op: put({ title: 7 }) })),
  schema_ahead: () => only(device.mutation({ schemaVersion: 2 })),
  rule_violation: () => only(device.mutation({ collection: 'ruled', op: put({ title: 'x', count: 11 }) })),
  authority_refused: () => {
    authority.refuse('not in stock')
    return only(ordered())
  },
  unknown_collection: () => only(device.mutation({ collection: 'nowhere' })),
  too_large: () => only(device.mutation({ op: put({ title: 'x'.repeat(MUTATION_BYTES_MAX) }) })),
  parent_dead_lettered: async () => {
    const parent = device.mutation({ op: put({ title: 7 }) })
    await device.pushed([parent])
    return only(device.mutation({ recordId: parent.recordId, after: parent.id }))
  },
  underivable: async () => {
    const made = device.mutation({
      collection: 'crdt',
      op: {
        type: 'crdt',
        changes: [
          { path: '/title', kind: 'lww-register', value: 'x', hlc: device.mutation().hlc },
          { path: '/count', kind: 'g-counter', state: { [device.id]: 1 } },
        ],
      },
    })
    expect((await only(made)).status).toBe('applied')
    const base = { collection: 'crdt', recordId: made.recordId, baseVersion: 9_999 }
    return only(device.mutation({ ...base, op: put({ title: 'x', count: 5 }) }))
  },
  exhausted: async () => {
    silent()
    const own = await world.device()
    const failing = own.mutation({ collection: 'orders' })
    // Twenty failures at one process would open its breaker of the authority.
    const elsewhere = own.at(await world.another())
    for (let n = 1; n < FAILED_TRIES_MAX; n++) expect((await only(failing, elsewhere)).status).toBe('retry')
    return only(failing, elsewhere.at(world.app))
  },
  clock_out_of_bounds: () => {
    const hlc = formatHlc({ wallMs: Date.now() + 6 * 60_000, counter: 0, deviceId: device.id })
    return only(device.mutation({ hlc }))
  },
  mutation_id_reused: async () => {
    const made = device.mutation()
    await device.pushed([made])
    return only({ ...made, op: put({ title: 'another' }) })
  },
  foreign_actor: async () => only({ ...device.mutation(), hlc: (await world.device()).mutation().hlc }),
  unknown_field: () => only({ ...device.mutation(), colour: 'red' }),
  parent_refused: async () => {
    const parent = { ...device.mutation(), colour: 'red' }
    const child = device.mutation({ recordId: parent.recordId, after: parent.id })
    return (await device.pushed([parent, child])).results[1] as MutationResult
  },
  unknown_conflict: () => only(device.mutation({ resolves: newUuid() })),
  authority_unavailable: () => {
    silent()
    return only(ordered())
  },
  contention: async () => {
    const made = ordered()
    const { head } = await device.pushed([made])
    const other = await world.device()
    let version = head['orders'] as number
    // Each time that it is asked about the device's change, the record has moved before it answers.
    authority.answer = async ({ body }) => {
      const decisions = body.mutations.map(({ id }) => ({ id, decision: 'accept' }))
      if ((body.device as { id: string }).id === other.id) return { body: { decisions } }
      const { recordId } = made
      const moved = other.mutation({ collection: 'orders', recordId, baseVersion: version })
      version = (await other.pushed([moved])).head['orders'] as number
      return { body: { decisions } }
    }
    const hlc = formatHlc({ wallMs: Date.now() + 60_000, counter: 0, deviceId: device.id })
    const { recordId } = made
    return only(ordered({ recordId, baseVersion: version, hlc, op: put({ title: 'late' }) }))
  },
  parent_retry: async () => {
    silent()
    const parent = ordered()
    const child = ordered({ recordId: parent.recordId, after: parent.id })
    return (await device.pushed([parent, child])).results[1] as MutationResult
  },
  push_full: async () => {
    const made = device.mutation({ op: put({ title: 'x'.repeat(200_000) }) })
    await device.pushed([made])
    const { recordId } = made
    const patches = Array.from({ length: 60 }, (_, n) =>
      device.mutation({ recordId, op: { type: 'patch', set: { note: n } } }),
    )
    const chain = patches.map((patch, n) => ({ ...patch, after: (patches[n - 1] ?? made).id }))
    return (await device.pushed(chain)).results.at(-1) as MutationResult
  },
}

describe('every code of a mutation', () => {
  it.each(Object.keys(PROVOKE_RESULT) as (keyof typeof PROVOKE_RESULT)[])('%s', async (code) => {
    expect(await PROVOKE_RESULT[code]()).toMatchObject({ code })
  })
})

const PROVOKE_STATUS: Record<ResultStatus, () => Promise<MutationResult>> = {
  applied: () => only(device.mutation()),
  merged: () => conflict('notes'),
  superseded: async () => {
    const made = device.mutation({ collection: 'lww' })
    await device.pushed([made])
    const other = await world.device()
    const hlc = formatHlc({ wallMs: Date.now() - 60_000, counter: 0, deviceId: other.id })
    const late = { recordId: made.recordId, hlc, op: put({ title: 'late' }) }
    return only(other.mutation({ collection: 'lww', ...late }), other)
  },
  conflict: () => conflict('manual'),
  dead_lettered: PROVOKE_RESULT.schema_mismatch,
  refused: PROVOKE_RESULT.unknown_field,
  retry: PROVOKE_RESULT.authority_unavailable,
  shed: async () => {
    const fleet = await world.fleetWith({})
    await collection({ name: 'jobs', strategy: 'lww' }, fleet)
    const one = await world.device(fleet)
    await one.pushed([one.mutation()])
    const failing = () => Promise.reject(new Error('away'))
    const scope = collectionScope(fleet.fleetId, 'notes')
    for (let n = 0; n < 20; n++) await world.app.ctx.breakers.call(scope, failing).catch(() => undefined)
    const { results } = await one.pushed([one.mutation(), one.mutation({ collection: 'jobs' })])
    expect(results[1]?.status).toBe('applied')
    return results[0] as MutationResult
  },
  not_applied: async () => {
    const body = [device.mutation(), device.mutation({ op: put({ title: 7 }) })]
    const answer = await bodyOf(await device.push(device.pushBody(body, { atomic: true })))
    return (answer['results'] as unknown as readonly MutationResult[])[0] as MutationResult
  },
  duplicate: async () => {
    const made = device.mutation()
    const first = await only(made)
    const again = await only(made)
    expect(again).toMatchObject({ original: first })
    return again
  },
}

describe('every status of a mutation', () => {
  it.each(Object.keys(PROVOKE_STATUS) as ResultStatus[])('%s', async (status) => {
    expect(await PROVOKE_STATUS[status]()).toMatchObject({ status })
  })
})
