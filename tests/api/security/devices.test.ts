import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeFleetCredential } from '#lib/application/access/credentials.ts'
import { DEAD_TOKENS_SOUGHT_PER_MINUTE_MAX } from '#lib/application/devices/dead-tokens.ts'
import { DIRECTORY_FRESH_MS } from '#lib/application/devices/directory.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { TOKEN_OVERLAP_MS } from '#lib/application/enrollment/rotate-token.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { TOKENS_PER_DEVICE_MAX } from '#lib/protocol/limits.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bodyOf, newUuid, send, TestDevice, testFleet } from '#tests/support/device-world.ts'
import { cookiesFrom, form } from '#tests/support/operator-world.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())
afterEach(() => {
  world.clock.aheadMs = 0
})

const SOME_ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const codeOf = async (answer: Response) => [answer.status, (await bodyOf(answer))['code']]
const DEVICE_ROUTES = [
  ['GET', '/api/v1/config'],
  ['GET', '/api/v1/pull'],
  ['GET', '/api/v1/events'],
  ['POST', '/api/v1/push'],
  ['POST', '/api/v1/heartbeat'],
  ['POST', '/api/v1/sessions'],
  ['POST', '/api/v1/token/rotate'],
  ['POST', '/api/v1/diagnostics'],
  ['POST', '/api/v1/enroll'],
] as const
const bodyFor = (method: string) => (method === 'POST' ? { body: {} } : {})

describe('device tokens', () => {
  test('[check 22] a revoked one is 401 on every process with the next push, and with anything within a second', async () => {
    const device = await world.device()
    const elsewhere = device.at(await world.another())
    const here = device
    for (const one of [here, elsewhere]) expect((await one.send('GET', '/api/v1/config')).status).toBe(200)
    const revoked = await world.admin('POST', `/devices/${device.id}/commands?fleet=${device.fleetId}`, {
      type: 'revoke',
      reason: 'lost in a taxi',
    })
    expect(revoked.status).toBe(201)
    for (const one of [here, elsewhere])
      expect(await codeOf(await one.push(one.pushBody([one.mutation()])))).toEqual([401, 'device_revoked'])
    expect(DIRECTORY_FRESH_MS).toBeLessThanOrEqual(1_000)
    world.clock.aheadMs = DIRECTORY_FRESH_MS
    for (const one of [here, elsewhere])
      for (const [method, path] of DEVICE_ROUTES.filter(([, route]) => !route.endsWith('/enroll')))
        expect([path, ...(await codeOf(await one.send(method, path, bodyFor(method))))]).toEqual([
          path,
          401,
          'device_revoked',
        ])
  })

  test('[check 23] a rotated one works for 24 h beside its successor, and no longer; a device has a bounded number', async () => {
    const device = await world.device()
    const { token } = await bodyOf(await device.send('POST', '/api/v1/token/rotate'))
    const statusOf = async (text: string) =>
      (await send(world.app, 'GET', '/api/v1/config', { token: text })).status
    expect(TOKEN_OVERLAP_MS).toBe(86_400_000)
    world.clock.aheadMs = TOKEN_OVERLAP_MS - 60_000
    expect([await statusOf(device.token), await statusOf(token as string)]).toEqual([200, 200])
    world.clock.aheadMs = TOKEN_OVERLAP_MS + 60_000
    expect([await statusOf(device.token), await statusOf(token as string)]).toEqual([401, 200])
    world.clock.aheadMs = 0
    const many = await world.device()
    for (let n = 0; n < TOKENS_PER_DEVICE_MAX; n += 1) await many.send('POST', '/api/v1/token/rotate')
    world.clock.aheadMs = DIRECTORY_FRESH_MS
    expect((await many.send('GET', '/api/v1/config')).status).toBe(401)
  })
})

describe('a dead token', () => {
  test('[check 23] that is shown again opens nothing, is audited once, counted by the minute, and alerts', async () => {
    const { ctx } = world.app
    const fleet = await world.fleetWith({})
    const device = await world.device(fleet)
    const { token } = await bodyOf(await device.send('POST', '/api/v1/token/rotate'))
    const config = async (text: string) =>
      (await send(world.app, 'GET', '/api/v1/config', { token: text })).status
    const useNow = () => ctx.storage.deadTokens.of(fleet.fleetId, device.id)
    const alertsNow = async () => {
      const { items } = await bodyOf(
        await world.admin('GET', `/alerts/incidents?fleet=${fleet.fleetId}`, undefined, 'admin'),
      )
      return (items as { title: string; state: string }[]).filter(({ title }) => /after its end/.test(title))
    }
    world.clock.aheadMs = TOKEN_OVERLAP_MS + 60_000
    expect(await config(token as string)).toBe(200)
    expect(await useNow()).toBeNull()
    await ctx.alertRounds.run()
    expect(await alertsNow()).toEqual([])

    for (let n = 0; n < 5; n += 1) expect(await config(device.token)).toBe(401)
    expect(await useNow()).toMatchObject({ uses: 1 })
    world.clock.aheadMs += 61_000
    expect(await config(device.token)).toBe(401)
    expect(await useNow()).toMatchObject({ uses: 2 })
    const path = `/audit?fleet=${fleet.fleetId}&action=device.dead-token`
    const { items } = await bodyOf(await world.admin('GET', path, undefined, 'admin'))
    expect(items).toMatchObject([{ target: device.id, outcome: 'denied' }])
    await ctx.alertRounds.run()
    expect(await alertsNow()).toMatchObject([{ state: 'open' }])
  })

  test('[check 23] whoever makes tokens up makes the database look for a bounded number a minute', async () => {
    const { ctx } = world.app
    let sought = 0
    const { note } = ctx.storage.deadTokens
    ctx.storage.deadTokens.note = async (...args) => {
      sought += 1
      return note(...args)
    }
    world.clock.aheadMs = 10 * 60_000
    for (let n = 0; n < DEAD_TOKENS_SOUGHT_PER_MINUTE_MAX + 20; n += 1) {
      const { text } = makeFleetCredential('device', world.fleet.fleetId)
      expect((await send(world.app, 'GET', '/api/v1/config', { token: text })).status).toBe(401)
    }
    ctx.storage.deadTokens.note = note
    expect(sought).toBe(DEAD_TOKENS_SOUGHT_PER_MINUTE_MAX)
  })
})

describe('one kind of credential opens one API', () => {
  test('[check 24] a device token, an enrollment key and an ingest key open no operator route', async () => {
    const device = await world.device()
    const { fleetId, key } = world.fleet
    const body = { fleet: fleetId, name: 'engine', source: 'couchdb' }
    const ingest = await bodyOf(await world.admin('POST', '/ingest-keys', body, 'admin'))
    for (const { method, pattern } of ADMIN_ROUTES)
      for (const token of [device.token, key, ingest['key'] as string]) {
        const path = `/api/admin/v1${pattern.replaceAll(/:\w+/g, SOME_ID)}?fleet=${fleetId}`
        const init = { method, headers: { authorization: `Bearer ${token}` } }
        const answer = await fetch(world.url + path, init)
        expect([method, pattern, ...(await codeOf(answer))]).toEqual([method, pattern, 401, 'unauthorized'])
      }
  })

  test('[check 24] a session cookie, an operator key and an ingest key open no device route', async () => {
    const user = await addUser(world.app.ctx, `ada-${newUuid()}@example.org`, { '*': 'admin' })
    const signedIn = await fetch(`${world.url}/api/auth/callback/credentials`, {
      ...form({ email: user.email, password: PASSWORD }),
      redirect: 'manual',
    })
    const cookie = cookiesFrom(signedIn)
    const seen = await fetch(`${world.url}/api/admin/v1/fleets`, { headers: { cookie } })
    expect(seen.status).toBe(200)
    const key = await bodyOf(await world.admin('POST', '/api-keys', { name: 'k', role: 'admin' }, 'admin'))
    const ingest = await bodyOf(
      await world.admin(
        'POST',
        '/ingest-keys',
        { fleet: world.fleet.fleetId, name: 'e', source: 'couchdb' },
        'admin',
      ),
    )
    for (const [method, path] of DEVICE_ROUTES) {
      const tries = [
        send(world.app, method, path, { ...bodyFor(method), headers: { cookie } }),
        send(world.app, method, path, { ...bodyFor(method), token: key['key'] as string }),
        send(world.app, method, path, {
          ...bodyFor(method),
          token: ingest['key'] as string,
          headers: { cookie },
        }),
      ]
      for (const answer of await Promise.all(tries))
        expect([path, ...(await codeOf(answer))]).toEqual([path, 401, 'unauthorized'])
    }
  })

  test('[check 24] a device reads and writes what its key covers: push and pull by collection', async () => {
    const { ctx } = world.app
    const { fleetId } = world.fleet
    const keyed = async (access: Record<string, 'read' | 'write'>) => {
      const { key } = await createEnrollmentKey(ctx, { actor: SYSTEM, fleetId, body: { name: 'k', access } })
      return TestDevice.enroll(world.app, { fleetId, key })
    }
    const [reader, nothing] = [await keyed({ notes: 'read' }), await keyed({})]
    expect((await reader.send('GET', '/api/v1/pull')).status).toBe(200)
    for (const device of [reader, nothing])
      expect(await codeOf(await device.push(device.pushBody([device.mutation()])))).toEqual([
        403,
        'collection_forbidden',
      ])
    const pull = await nothing.send('GET', '/api/v1/pull?collections=notes')
    expect(await codeOf(pull)).toEqual([403, 'collection_forbidden'])
  })
})

describe('sync tokens', () => {
  test('[check 25] any flipped byte, another device’s, another fleet’s and another scope’s are refused', async () => {
    const device = await world.device()
    await device.pushed([device.mutation()])
    const { token } = await device.pulled()
    const path = (text: string) => `/api/v1/pull?${new URLSearchParams({ token: text })}`
    const bytes = Buffer.from(token, 'base64url')
    expect(bytes.toString('base64url')).toBe(token)
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      const answer = await device.send('GET', path(flipped.toString('base64url')))
      expect([at, ...(await codeOf(answer))]).toEqual([at, 400, 'token_invalid'])
    }
    const { ctx } = world.app
    const { fleetId } = world.fleet
    const body = { name: 'k', access: { notes: 'read' } }
    const { key } = await createEnrollmentKey(ctx, { actor: SYSTEM, fleetId, body })
    const others = [
      await world.device(),
      await TestDevice.enroll(world.app, await testFleet(world.app)),
      await TestDevice.enroll(world.app, { fleetId, key }),
    ]
    for (const other of others)
      expect(await codeOf(await other.send('GET', path(token)))).toEqual([400, 'token_invalid'])
    const ends = Buffer.from(bytes.subarray(0, -1)).toString('base64url')
    for (const cut of [ends, `${token}AA`, ''])
      if (cut !== '')
        expect(await codeOf(await device.send('GET', path(cut)))).toEqual([400, 'token_invalid'])
    expect((await device.send('GET', path(token))).status).toBe(200)
  })
})

describe('who writes as whom', () => {
  test('[check 25a] a device stamps under no other’s id', async () => {
    const [device, other] = [await world.device(), await world.device()]
    const { results } = await device.pushed([
      { ...device.mutation(), hlc: other.mutation().hlc },
      device.mutation(),
    ])
    expect(results).toMatchObject([{ status: 'refused', code: 'foreign_actor' }, { status: 'applied' }])
  })

  test('[check 25a] of two that show one token, the one behind is found and told: device_forked', async () => {
    const device = await world.device()
    await device.pushed([device.mutation()])
    await device.pushed([device.mutation()])
    // A copy from before: it counts its reports from where the store was copied.
    const copy = new TestDevice(world.app, {
      deviceId: device.id,
      fleetId: device.fleetId,
      token: device.token,
    } as never)
    expect(await codeOf(await copy.push(copy.pushBody([copy.mutation()])))).toEqual([409, 'device_forked'])
  })
})

describe('pages of other origins', () => {
  const ALLOWED = 'https://app.example.org'
  const grantOf = ({ headers }: Response) => [
    headers.get('access-control-allow-origin'),
    headers.get('access-control-allow-credentials'),
  ]

  test('[check 25b] read the device API where the fleet allows theirs, never with credentials', async () => {
    const fleet = await world.fleetWith({ allowedOrigins: [ALLOWED] })
    const device = await world.device(fleet)
    const stranger = await world.device()
    const get = async (one: TestDevice, origin: string) =>
      grantOf(await one.send('GET', '/api/v1/config', { headers: { origin } }))
    expect(await get(device, ALLOWED)).toEqual([ALLOWED, null])
    for (const origin of [
      'https://evil.example',
      'null',
      `${ALLOWED}.evil.example`,
      'http://app.example.org',
    ])
      expect([origin, await get(device, origin)]).toEqual([origin, [null, null]])
    expect(await get(stranger, ALLOWED)).toEqual([null, null])
  })

  test('[check 25b] read nothing of the operator API, not even where a fleet allows theirs', async () => {
    await world.fleetWith({ allowedOrigins: [ALLOWED] })
    for (const path of ['/api/admin/v1/fleets', '/api/auth/session', '/api/auth/csrf'])
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        const headers = { origin: ALLOWED, 'access-control-request-method': 'POST' }
        const answer = await fetch(world.url + path, { method, headers })
        expect([path, method, ...grantOf(answer)]).toEqual([path, method, null, null])
        await answer.arrayBuffer()
      }
  })
})
