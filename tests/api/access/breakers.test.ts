import { beforeAll, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { BREAKER_SETTINGS } from '#lib/engine/breaker/breaker.ts'
import { backendScope, collectionScope, fleetScope } from '#lib/application/breakers/scopes.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { type OperatorWorld, operatorWorld } from '#tests/support/operator-world.ts'

let world: OperatorWorld
let headers: { authorization: string }

beforeAll(async () => {
  world = await operatorWorld()
  headers = await world.keyFor('viewer')
  const body = { name: 'notes', strategy: 'lww', schema: { type: 'object' } }
  await createCollection(world.ctx, { actor: SYSTEM, fleetId: world.fleet, body })
})

const get = async (path: string, more = ''): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await world.admin(`${path}?fleet=${world.fleet}${more}`, { headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('shows the breakers that a fleet’s devices meet, of this process, and no other fleet’s', async () => {
  const { breakers } = world.ctx
  const failing = async (): Promise<never> => Promise.reject(new Error('away'))
  const backend = backendScope(world.fleet, 'notes')
  for (let n = 0; n < 20; n++) await breakers.call(backend, failing).catch(() => undefined)
  await breakers.call(fleetScope(world.foreignFleet), failing).catch(() => undefined)

  const { status, body } = await get('/breakers')
  expect([status, body['nextCursor']]).toEqual([200, null])
  const nobody = { version: 0, overrides: [], overruledBy: null, settings: BREAKER_SETTINGS }
  const processes = { live: 0, applied: 0, notClosed: 0 }
  const closed = {
    process: 'test',
    state: 'closed',
    retryAfterMs: 0,
    window: [],
    trips: [],
    ...nobody,
    processes,
    minute: { calls: 0, failures: 0, shed: 0, isPart: false },
  }
  const minute = { calls: 20, failures: 20, shed: 0, isPart: false }
  const second = { second: Math.floor(world.clock.now() / 1_000), calls: 20, failures: 20, slow: 0 }
  const trip = { atMs: world.clock.now(), openMs: 30_000, calls: 20, failures: 20, slow: 0 }
  expect(body['items']).toEqual([
    { ...closed, scope: 'engine' },
    { ...closed, scope: fleetScope(world.fleet) },
    { ...closed, scope: collectionScope(world.fleet, 'notes') },
    {
      ...closed,
      scope: backend,
      state: 'open',
      retryAfterMs: 30_000,
      window: [second],
      trips: [trip],
      minute,
    },
  ])
})

test('lists them in pages; what the list does not know is refused', async () => {
  const all = ((await get('/breakers')).body['items'] as { scope: string }[]).map(({ scope }) => scope)
  const first = (await get('/breakers', '&limit=2&from=1')).body
  expect(first).toMatchObject({ nextCursor: all[1], total: all.length })
  const rest = (await get('/breakers', `&cursor=${all[1]}`)).body
  expect((rest['items'] as { scope: string }[]).map(({ scope }) => scope)).toEqual(all.slice(2))
  for (const bad of ['&cursor=x', '&limit=0', '&colour=red'])
    expect((await get('/breakers', bad)).status).toBe(400)
})

test('shows one by its scope, which may be escaped; another fleet’s or none is 404', async () => {
  const scope = collectionScope(world.fleet, 'notes')
  expect((await get(`/breakers/${scope}`)).body).toMatchObject({ scope, state: 'closed' })
  expect((await get(`/breakers/${encodeURIComponent(scope)}`)).body).toMatchObject({ scope })
  expect((await get('/breakers/engine')).body).toMatchObject({ scope: 'engine' })
  for (const other of [fleetScope(world.foreignFleet), collectionScope(world.fleet, 'none'), 'x', '%E0%A4%A'])
    expect((await get(`/breakers/${other}`)).status).toBe(404)
})
