import { beforeAll, describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { makeFleetCredential } from '#lib/application/access/credentials.ts'
import { changeUser } from '#lib/application/access/users.ts'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import type { AdminRoute } from '#lib/http/admin/table.ts'
import type { Role } from '#lib/storage/ports.ts'
import { addUser } from '#tests/support/access-world.ts'
import { jsonBody, operatorWorld, ORIGIN, type OperatorWorld } from '#tests/support/operator-world.ts'

const SOME_ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']
const rank = (role: Role): number => ROLES.indexOf(role)
const rows = ADMIN_ROUTES.map((route) => [`${route.method} ${route.pattern}`, route] as const)

let world: OperatorWorld
let keys: Record<Role, { authorization: string }>

beforeAll(async () => {
  world = await operatorWorld()
  await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
  keys = {
    viewer: await world.keyFor('viewer'),
    operator: await world.keyFor('operator'),
    admin: await world.keyFor('admin'),
  }
})

/** Calls a row as it would be called, with a body that no verb accepts. */
async function call(
  route: AdminRoute,
  headers: Record<string, string>,
  fleet = world.fleet,
): Promise<Response> {
  const query = route.scope === 'fleet' ? `?fleet=${fleet}` : ''
  const init = route.method === 'GET' ? { headers } : jsonBody(route.method, {}, headers)
  const response = await world.admin(route.pattern.replaceAll(/:\w+/g, SOME_ID) + query, init)
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) await response.body?.cancel()
  return response
}

const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { code: string }).code

describe('route × role', () => {
  test('there are rows for reading and for writing', () => {
    expect(rows.length).toBeGreaterThanOrEqual(25)
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length)
  })

  describe.each(rows)('%s', (_name, route) => {
    test('is 401 without a credential, or with another kind', async () => {
      const token = makeFleetCredential('device', world.fleet).text
      for (const headers of [
        {},
        { authorization: `Bearer ${token}` },
        { authorization: 'Bearer tmk_x_y' },
        { cookie: 'tidemark.session=x' },
      ]) {
        const response = await call(route, headers as Record<string, string>)
        expect([response.status, await codeOf(response)]).toEqual([401, 'unauthorized'])
      }
    })

    test('is 403 for a lower role, and open for its own and more', async () => {
      for (const role of ROLES) {
        const response = await call(route, keys[role])
        const needsEverywhere = route.scope === 'everywhere'
        if (rank(role) < rank(route.role) || needsEverywhere)
          expect([role, response.status]).toEqual([role, 403])
        else
          expect([200, 201, 400, 404, 403].includes(response.status), `${role} ${response.status}`).toBe(true)
        const isOpen = rank(role) >= rank(route.role) && route.scope === 'fleet'
        if (isOpen) expect(response.status).not.toBe(403)
      }
    })

    if (route.scope === 'fleet') {
      test('is 404 in a fleet that the caller cannot see, as in one that is not there', async () => {
        const bodies = await Promise.all(
          [world.foreignFleet, SOME_ID].map(async (fleet) => {
            const response = await call(route, keys.admin, fleet)
            return [response.status, await response.text()]
          }),
        )
        expect(bodies[0]).toEqual(bodies[1])
        expect(bodies[0]?.[0]).toBe(404)
      })
    }

    if (route.method !== 'GET') {
      test('[check 5] refuses a field that it does not know', async () => {
        const query = route.scope === 'fleet' ? `?fleet=${world.fleet}` : ''
        const scope = encodeURIComponent(`fleet:${world.fleet}`)
        const path = route.pattern.replace(':id', SOME_ID).replace(':scope', scope) + query
        const { key } = { key: await world.keyFor('admin') }
        const response = await world.admin(path, jsonBody(route.method as 'POST', { role2: 'admin' }, key))
        expect([400, 403]).toContain(response.status)
      })
    }
  })

  test('an unknown path is 401 for strangers, 404 for others; a wrong method 405', async () => {
    expect((await world.admin('/nothing')).status).toBe(401)
    expect((await world.admin('/nothing', { headers: keys.admin })).status).toBe(404)
    expect((await world.admin('/sessions/', { headers: keys.admin })).status).toBe(404)
    const wrong = await world.admin('/fleets', { method: 'DELETE', headers: keys.admin })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST'])
  })
})

describe('Origin of writes by cookie', () => {
  const create = (headers: Record<string, string>) =>
    world.admin('/enrollment-keys', jsonBody('POST', { fleet: world.fleet, name: 'tablets' }, headers))

  test.each([
    ['the own one', { origin: ORIGIN }, 201],
    ['the same machine by name', { origin: 'http://localhost:3000' }, 201],
    ['absent', {}, 403],
    ['null', { origin: 'null' }, 403],
    ['evil', { origin: 'https://evil.example' }, 403],
    ['another port', { origin: 'http://127.0.0.1:3001' }, 403],
    ['another scheme', { origin: 'https://127.0.0.1:3000' }, 403],
    ['a look-alike', { origin: 'http://127.0.0.1:3000.evil.example' }, 403],
    [
      'evil, with forged forwarding',
      { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example', host: 'evil.example' },
      403,
    ],
  ])('%s', async (_name, headers, status) => {
    const cookie = await world.signIn('root@example.org')
    const response = await create({ ...cookie, ...headers } as Record<string, string>)
    expect(response.status).toBe(status)
    if (status === 403) expect(await codeOf(response)).toBe('bad_origin')
  })

  test('does not matter for a key', async () => {
    expect((await create({ ...keys.admin, origin: 'https://evil.example' })).status).toBe(201)
  })

  test('a refusal is audited with who and where', async () => {
    const cookie = await world.signIn('root@example.org')
    await create({ ...cookie, origin: 'https://evil.example', 'x-forwarded-for': '203.0.113.9, 192.0.2.4' })
    const { items } = await world.ctx.storage.audit.list(
      { fleetId: null, action: 'POST /api/admin/v1/enrollment-keys' },
      { limit: 100, cursor: null },
    )
    const mine = items.find(({ address }) => address === '192.0.2.4')
    expect(mine).toMatchObject({
      outcome: 'denied',
      target: 'bad_origin',
      actor: { name: 'root@example.org' },
    })
  })
})

describe('what the routes do', () => {
  test('make a fleet, a collection, a key and a user: 201 with the whole object, secrets once', async () => {
    const root = { ...(await world.signIn('root@example.org')), origin: ORIGIN }
    const post = async (path: string, body: unknown) => {
      const response = await world.admin(path, jsonBody('POST', body, root))
      return [response.status, await response.json(), response.headers.get('cache-control')] as [
        number,
        Record<string, unknown>,
        string,
      ]
    }
    const [status, fleet, cacheControl] = await post('/fleets', { name: 'Harbour' })
    expect([status, fleet['name'], cacheControl]).toEqual([201, 'Harbour', 'no-store'])
    const id = fleet['id'] as string
    for (const collection of DEMO_COLLECTIONS) {
      const [made, body] = await post('/collections', { fleet: id, ...collection })
      expect([made, body]).toMatchObject([201, { ...collection, fleet: id, schemaVersion: 1 }])
      const changed = { schema: { ...collection.schema, title: 'Another' }, version: body['version'] }
      const patched = await world.admin(
        `/collections/${String(body['id'])}`,
        jsonBody('PATCH', changed, root),
      )
      expect(await patched.json()).toMatchObject({ schemaVersion: 2 })
    }
    const [, enrollment] = await post('/enrollment-keys', { fleet: id, name: 'tablets' })
    expect(enrollment['key']).toMatch(/^tme_/)
    const [, key] = await post('/api-keys', { name: 'grafana', role: 'viewer', scopes: ['metrics'] })
    expect(key['key']).toMatch(/^tmk_/)
    const [, user] = await post('/users', { email: 'Bo@Example.org', role: 'viewer', fleet: id, link: true })
    expect(user).toMatchObject({ email: 'bo@example.org', roles: { [id]: 'viewer' }, hasPassword: false })
    expect(user['signInLink']).toMatch(/^\/link\?token=/)
    for (const path of [
      `/enrollment-keys?fleet=${id}`,
      '/api-keys',
      '/users',
      `/audit?fleet=${id}`,
      '/audit',
    ]) {
      const text = await (await world.admin(path, { headers: root })).text()
      expect(text).not.toMatch(/tm[ek]_[0-9a-f]|scrypt|"hash"|token=/)
    }
  })

  test('a fleet administrator makes nobody an administrator of other fleets', async () => {
    const own = { name: 'k', role: 'viewer', fleet: world.fleet }
    expect((await world.admin('/api-keys', jsonBody('POST', own, keys.admin))).status).toBe(201)
    expect(
      (await world.admin('/api-keys', jsonBody('POST', { ...own, fleet: world.foreignFleet }, keys.admin)))
        .status,
    ).toBe(404)
    expect(
      (await world.admin('/api-keys', jsonBody('POST', { name: 'k', role: 'viewer' }, keys.admin))).status,
    ).toBe(403)
    expect(
      (await world.admin('/users', jsonBody('POST', { email: 'x@example.org', role: 'admin' }, keys.admin)))
        .status,
    ).toBe(403)
    const fleets = (await (await world.admin('/fleets', { headers: keys.admin })).json()) as {
      items: { id: string }[]
    }
    expect(fleets.items.map(({ id }) => id)).toEqual([world.fleet])
    const users = (await (await world.admin('/users', { headers: keys.admin })).json()) as {
      items: { email: string }[]
    }
    expect(users.items.map(({ email }) => email)).not.toContain('root@example.org')
  })

  test('[check 6] the next request of a demoted user is 403', async () => {
    const user = await addUser(world.ctx, 'cleo@example.org', { [world.fleet]: 'operator' })
    const cookie = { ...(await world.signIn('cleo@example.org')), origin: ORIGIN }
    const replay = () =>
      world.admin(`/dead-letters/${SOME_ID}/replay?fleet=${world.fleet}`, jsonBody('POST', {}, cookie))
    expect((await replay()).status).toBe(404)
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { role: 'viewer', fleet: world.fleet } })
    expect((await replay()).status).toBe(403)
  })

  test('a device list takes who has changes waiting', async () => {
    const get = (query: string) =>
      world.admin(`/devices?fleet=${world.fleet}${query}`, { headers: keys.viewer })
    const none = { items: [], nextCursor: null }
    const q = (text: string) => get(`&q=${encodeURIComponent(text)}`)
    expect(await (await q('has:waiting state:idle,offline pending:>1h')).json()).toEqual(none)
    expect((await get('&sort=pending')).status).toBe(200)
    expect((await get('&sort=colour')).status).toBe(400)
    const refused = await q('state:asleep')
    expect(refused.status).toBe(400)
    expect(JSON.stringify(await refused.json())).toContain(
      '“state:asleep” is not understood: state: takes one of idle,',
    )
  })

  test('lists take ranges and pages, and refuse what they do not know', async () => {
    const get = (query: string) =>
      world.admin(`/sessions?fleet=${world.fleet}${query}`, { headers: keys.viewer })
    expect(
      await (await get('&limit=10&from=2026-01-01T00:00:00Z&q=has:conflict%20took:%3E30s')).json(),
    ).toEqual({
      items: [],
      nextCursor: null,
    })
    for (const query of [
      '&limit=0',
      '&limit=1000',
      '&cursor=x',
      '&from=never',
      '&from=-1',
      '&from=5&to=5',
      '&colour=red',
      '&limit=1&limit=2',
      "&q=result:'--",
      '&q=colour:red',
      '&result=failed',
    ]) {
      expect([query, (await get(query)).status]).toEqual([query, 400])
    }
  })

  test('settings that contradict themselves are refused with their places', async () => {
    const root = { ...(await world.signIn('root@example.org')), origin: ORIGIN }
    const placesOf = async (path: string, body: object) => {
      const response = await world.admin(path, jsonBody('POST', body, root))
      const { errors } = (await response.json()) as { errors?: { path: string }[] }
      return [response.status, errors?.map((error) => error.path)]
    }
    const backoff = { baseMs: 2_000, capMs: 1_000 }
    expect(await placesOf('/fleets', { name: '  ' })).toEqual([400, ['/name']])
    expect(await placesOf('/fleets', { name: 'A', settings: { backoff } })).toEqual([
      400,
      ['/settings/backoff'],
    ])
    const schema = { type: 'object' }
    const collection = {
      name: 'late',
      strategy: 'lww',
      schema,
      thresholds: { queueWarn: 5_000, lagWarnMs: 1_000 },
    }
    expect(await placesOf('/collections', { fleet: world.fleet, ...collection })).toEqual([
      400,
      ['/thresholds/queueWarn'],
    ])
  })

  test('without a fleet, the only visible one is meant; with several a list must name one', async () => {
    expect((await world.admin('/overview', { headers: keys.viewer })).status).toBe(200)
    const root = await world.signIn('root@example.org')
    expect((await world.admin('/overview', { headers: root })).status).toBe(400)
    expect((await world.admin(`/devices/${SOME_ID}`, { headers: root })).status).toBe(404)
  })

  test('[check 26] bodies: too large, not JSON, not an object', async () => {
    const post = (body: string, type = 'application/json') =>
      world.admin('/fleets', { method: 'POST', headers: { ...keys.admin, 'content-type': type }, body })
    expect((await post('x'.repeat(1_100_000))).status).toBe(413)
    expect((await post('{"name":')).status).toBe(400)
    expect((await post('name=x', 'text/plain')).status).toBe(415)
  })

  test('an error of our own tells no words of it', async () => {
    const broken = await operatorWorld()
    const key = await broken.keyFor('viewer')
    broken.ctx.storage.fleets.list = () => Promise.reject(new Error('SELECT secret FROM nowhere'))
    const response = await broken.admin('/fleets', { headers: key })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('SELECT')
  })
})
