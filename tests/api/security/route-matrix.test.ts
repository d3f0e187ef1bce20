import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { DEVICE_ROUTES } from '#lib/http/device-api.ts'
import { INGEST_ROUTES } from '#lib/http/ingest/ingest-api.ts'
import type { DoorWorld } from '#tests/support/door-world.ts'
import { addressOf, doorWorld } from '#tests/support/door-world.ts'
import type { Caller } from '../../routes.matrix.ts'
import { CALLERS, OPERATOR_API, SERVER_API, statusFor, statusOf } from '../../routes.matrix.ts'

let world: DoorWorld
beforeAll(async () => {
  world = await doorWorld()
})
afterAll(() => world.close())

const PROBES = ['GET /livez', 'GET /readyz', 'GET /metrics']
const UNKNOWN_FIELD = JSON.stringify({ nobodyKnowsThis: 1 })

async function statusAt(method: string, path: string, caller: Caller, body: string | null): Promise<number> {
  const headers = { ...world.headersOf[caller], ...(body !== null && { 'content-type': 'application/json' }) }
  const answer = await fetch(world.http.url + path, { method, headers, body })
  await answer.body?.cancel()
  return answer.status
}

const byCaller = async (status: (caller: Caller) => number | Promise<number>) =>
  Object.fromEntries(
    await Promise.all(CALLERS.map(async (caller) => [caller, await status(caller)] as const)),
  )

describe('the route × role matrix of the operator API', () => {
  it('[check 1] has a row for every route, and none for a route that is gone', () => {
    const routes = ADMIN_ROUTES.map(({ method, pattern }) => `${method} ${pattern}`)
    expect(Object.keys(OPERATOR_API).toSorted()).toEqual(routes.toSorted())
  })

  it.each(Object.entries(OPERATOR_API))('[check 1] %s', async (key, row) => {
    const [method = ''] = key.split(' ', 1)
    const path = addressOf(world, key, row)
    const body = method === 'GET' ? null : UNKNOWN_FIELD
    expect(await byCaller((caller) => statusAt(method, path, caller, body))).toEqual(
      await byCaller((caller) => statusFor(caller, row)),
    )
  })

  it('[check 5] [check 7] the writes above, each with a field that nobody knows, have changed nothing', async () => {
    const before = await world.digest()
    for (const [key, row] of Object.entries(OPERATOR_API)) {
      const [method = ''] = key.split(' ', 1)
      if (method === 'GET') continue
      for (const body of [
        UNKNOWN_FIELD,
        JSON.stringify({ role: 'admin', fleetId: world.otherFleetId, roles: {} }),
      ])
        expect([key, await statusAt(method, addressOf(world, key, row), 'root key', body)]).toEqual([
          key,
          400,
        ])
    }
    expect(await world.digest()).toEqual(before)
  })
})

describe('what the server answers ahead of Next', () => {
  it('[check 1] has a row for every route, and none for a route that is gone', () => {
    const devices = [...DEVICE_ROUTES].map(([path, { method }]) => `${method} ${path}`)
    const receivers = [...INGEST_ROUTES.keys()].map((path) => `POST ${path}`)
    expect(Object.keys(SERVER_API).toSorted()).toEqual([...devices, ...receivers, ...PROBES].toSorted())
  })

  it.each(Object.entries(SERVER_API))('[check 1] [check 24] %s', async (key, row) => {
    const [method = '', path = ''] = key.split(' ')
    // One after the other: the device's own token is changed by one of them.
    const body = method === 'GET' ? null : '{}'
    const seen: Record<string, number> = {}
    for (const caller of CALLERS) seen[caller] = await statusAt(method, path, caller, body)
    expect(seen).toEqual(await byCaller((caller) => statusOf(caller, row)))
  })
})

describe('reading', () => {
  it('[check 7] no GET changes a row of any table', async () => {
    // The first use of a key or session is noted; that is no change of what anybody manages. Nor is the note of a refusal,
    // which is why each asks for what it may see.
    const before = await world.digest()
    expect(Object.keys(before).length).toBeGreaterThan(50)
    for (const [key, row] of Object.entries(OPERATOR_API)) {
      if (!key.startsWith('GET ')) continue
      for (const caller of (['root', 'viewer key', 'admin'] as const).filter(
        (one) => statusFor(one, row) < 400,
      ))
        await statusAt('GET', addressOf(world, key, row), caller, null)
    }
    const after = await world.digest()
    expect(after).toEqual(before)
  })
})
