import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createOidc } from '#lib/application/access/oidc.ts'
import { answerAuth } from '#lib/http/admin/auth-route.ts'
import { err } from '#lib/kernel/result.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { fleetScope } from '#lib/application/breakers/scopes.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { COMMANDS_PENDING_MAX } from '#lib/protocol/command.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { Collection, Storage } from '#lib/storage/ports.ts'
import type { TestApp, TestDevice, TestFleet } from '#tests/support/device-world.ts'
import { bodyOf, NOTES_SCHEMA, newUuid, send } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import { conflictOf } from '#tests/support/conflict-of.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { cookiesFrom, form, jsonBody, SETTINGS } from '#tests/support/operator-world.ts'

import { HEADER_BYTES_MAX, refuse } from '../../../scripts/launch/refused-by-node.mjs'
import { resolvedIncident } from '#tests/support/alert-world.ts'

/**
 * Each error code of the contract, provoked over a socket and PostgreSQL. The table is typed by the list of codes: one
 * without a way to provoke it does not compile.
 */
let world: DeviceHttp
let device: TestDevice
beforeAll(async () => {
  world = await deviceHttp()
  await collection({ name: 'manual', strategy: 'manual' })
  device = await world.device()
})
afterAll(() => world.close())

const collection = (body: object, { fleetId }: TestFleet = world.fleet) =>
  createCollection(world.app.ctx, {
    actor: SYSTEM,
    fleetId,
    body: { schema: NOTES_SCHEMA, ...body },
  })
const put = (data: object) => ({ type: 'put', data }) as never
const inFleet = (path: string, fleet = world.fleet) => `${path}?fleet=${fleet.fleetId}`
const post = (path: string, body: unknown) => world.admin('POST', inFleet(path), body, 'admin')
const only = async (mutation: object, by = device): Promise<MutationResult> =>
  (await by.pushed([mutation])).results[0] as MutationResult
const commanded = async (type: string): Promise<TestDevice> => {
  const made = await world.device()
  await post(`/devices/${made.id}/commands`, { type, reason: 'a test' })
  return made
}
const deadLetter = async (): Promise<string> => {
  const result = await only(device.mutation({ op: put({ title: 7 }) }))
  return (result as { deadLetterId: string }).deadLetterId
}
const conflict = (strategy: string) => conflictOf(world, device, strategy)
/** A device whose fleet's breaker is open. */
async function behindBreaker(): Promise<TestDevice> {
  const fleet = await world.fleetWith({})
  const made = await world.device(fleet)
  const failing = () => Promise.reject(new Error('away'))
  const { breakers } = world.app.ctx
  for (let n = 0; n < 20; n++) await breakers.call(fleetScope(fleet.fleetId), failing).catch(() => undefined)
  return made
}
/** A process of its own that falls ill: its breakers are no one else's. */
async function atSickProcess(): Promise<{ one: TestDevice; sick: TestApp & { readonly storage: Storage } }> {
  const sick = await world.another()
  return { one: (await world.device()).at(sick), sick }
}
/** Connections are cut while a push waits for a table. */
async function pushWithoutDatabase(): Promise<Response> {
  const { one } = await atSickProcess()
  const holder = new pg.Client({ connectionString: world.databaseUrl })
  const killer = new pg.Client({ connectionString: world.databaseUrl })
  await Promise.all([holder.connect(), killer.connect()])
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE record IN ACCESS EXCLUSIVE MODE')
  let answered = false
  const push = one.push(one.pushBody([one.mutation()])).finally(() => (answered = true))
  while (!answered) {
    await killer.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`,
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await holder.query('ROLLBACK')
  await Promise.all([holder.end(), killer.end()])
  return push
}

/** A write of somebody who signed in at a browser, `minutes` ago. */
async function asPerson(path: string, body: object, minutes = 0): Promise<Response> {
  const { ctx } = world.app
  const [email, origin] = [`${newUuid()}@example.org`, SETTINGS.origin]
  await addUser(ctx, email, { '*': 'admin' })
  const signIn = await fetch(`${world.url}/api/auth/callback/credentials`, {
    ...form({ email, password: PASSWORD }),
    redirect: 'manual',
  })
  world.clock.aheadMs = minutes * 60_000
  const headers = { cookie: cookiesFrom(signIn), origin }
  return fetch(`${world.url}/api/admin/v1${path}`, jsonBody('POST', body, headers)).finally(
    () => (world.clock.aheadMs = 0),
  )
}

/** What Node refuses before anybody sees it, from a server with the production server's listener and shorter times. */
async function raw(text: string): Promise<Response> {
  const times = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 }
  const server = createServer({ ...times, maxHeaderSize: HEADER_BYTES_MAX }, (_, answer) => answer.end())
  server.on('clientError', (error, socket) => refuse(error, socket, false))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(text)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  server.close()
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const headers = fields.map((field) => field.split(': ', 2) as [string, string])
  return new Response(body, { status: Number(line.split(' ')[1]), headers })
}

const PROVOKE: Record<ErrorCode, () => Promise<Response>> = {
  bad_request: () => device.push({}),
  malformed_request: () => raw('GET / HTTP/1.1\r\nno header\r\n\r\n'),
  malformed_json: () => device.push('{'),
  too_deep: () => device.push('['.repeat(40)),
  too_many_mutations: () =>
    device.push(device.pushBody(Array.from({ length: 501 }, () => device.mutation()))),
  token_invalid: () => device.send('GET', '/api/v1/pull?token=none'),
  unauthorized: () => send(world.app, 'GET', '/api/v1/config'),
  device_revoked: async () => (await commanded('revoke')).send('GET', '/api/v1/config'),
  forbidden: () =>
    world.admin('POST', inFleet(`/devices/${device.id}/commands`), { type: 'resync' }, 'viewer'),
  sign_in_again: () => asPerson('/api-keys', { name: 'ci', role: 'viewer' }, 30),
  wrong_password: () => asPerson('/account/step-up', { password: 'not the password at all' }),
  bad_origin: () =>
    fetch(`${world.url}/api/auth/callback/credentials`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
      body: '{}',
    }),
  device_paused: async () => (await commanded('pause')).send('GET', '/api/v1/config'),
  collection_forbidden: async () => {
    const body = { name: 'reads only', access: { notes: 'read' } }
    const { key } = await createEnrollmentKey(world.app.ctx, { actor: SYSTEM, ...world.fleet, body })
    const reader = await world.device({ ...world.fleet, key })
    return reader.push(reader.pushBody([reader.mutation()]))
  },
  not_found: () => device.send('GET', '/api/v1/nothing'),
  method_not_allowed: () => device.send('DELETE', '/api/v1/push'),
  request_timeout: () => raw('GET / HTTP/1.1\r\nHost: x\r\n'),
  headers_too_large: () => raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`),
  atomic_aborted: () =>
    device.push(device.pushBody([device.mutation({ op: put({ title: 7 }) })], { atomic: true })),
  device_forked: async () => {
    const report = device.report()
    await device.push(device.pushBody([], { report }))
    return device.push(device.pushBody([], { report: { ...report, nonce: 'of the twin' } }))
  },
  epoch_changed: () => device.push(device.pushBody([], { epoch: 9 })),
  device_id_taken: () =>
    send(world.app, 'POST', '/api/v1/enroll', {
      token: world.fleet.key,
      body: {
        requestId: newUuid(),
        deviceId: device.id,
        device: { name: 'n', platform: 'ios', appVersion: '1.2.0' },
      },
    }),
  stale_version: async () => {
    const { id } = await collection({ name: 'stale', strategy: 'lww' })
    return world.admin('PATCH', inFleet(`/collections/${id}`), { version: 7, tieRule: 'fww' }, 'admin')
  },
  already_exists: () => post('/collections', { name: 'notes', strategy: 'lww', schema: true }),
  conflicts_open: async () => {
    await conflict('manual')
    const all = await world.storage.collections.list(world.fleet.fleetId)
    const { id, version } = all.find(({ name }) => name === 'manual') as Collection
    const body = { name: 'manual', version, reason: 'a test' }
    return world.admin('DELETE', inFleet(`/collections/${id}`), body, 'admin')
  },
  devices_enrolled: async () => {
    const fleet = await world.fleetWith({})
    await world.device(fleet)
    const { name = '' } = (await world.storage.fleets.get(fleet.fleetId)) ?? {}
    return world.admin('DELETE', `/fleets/${fleet.fleetId}`, { name, reason: 'a test' }, 'admin')
  },
  too_many_commands: async () => {
    const told = await world.device()
    const path = `/devices/${told.id}/commands`
    for (let n = 0; n < COMMANDS_PENDING_MAX; n++) await post(path, { type: 'resync' })
    return post(path, { type: 'resync' })
  },
  not_replayable: async () => {
    const id = await deadLetter()
    await post(`/dead-letters/${id}/discard`, { reason: 'a test' })
    return post(`/dead-letters/${id}/replay`, {})
  },
  filter_required: () => post('/operations', { kind: 'replay', reason: 'a test' }),
  count_changed: async () => {
    await deadLetter()
    return post('/operations', { kind: 'replay', q: 'code:schema_mismatch', count: 99_999, reason: 'a test' })
  },
  operation_state: async () => {
    await deadLetter()
    const asked = { kind: 'replay', q: 'code:schema_mismatch', reason: 'a test' }
    const made = await bodyOf(await post('/operations', asked))
    return post(`/operations/${made['id'] as string}/resume`, {})
  },
  incident_resolved: async () => {
    const { ctx } = world.app
    const { fleetId } = world.fleet
    const incident = resolvedIncident(fleetId, ctx.ids())
    const next = { revision: 1, evaluatedAtMs: 0, states: [] }
    const { revision } = await ctx.storage.alerts.input(fleetId, 0)
    await ctx.storage.alerts.commit(fleetId, {
      next: { ...next, revision: revision + 1 },
      incidents: [incident],
      entries: [],
      notices: [],
    })
    return world.admin('POST', inFleet(`/alerts/incidents/${incident.id}/ack`), {})
  },
  silence_over: async () => {
    const matchers = [{ label: 'rule', comparison: 'is', values: ['no-requests'] }]
    const endsAt = new Date(Date.now() + 3_600_000).toISOString()
    const made = await world.admin('POST', inFleet('/alerts/silences'), { matchers, comment: 'over', endsAt })
    const { id } = (await made.json()) as { id: string }
    await world.admin('DELETE', inFleet(`/alerts/silences/${id}`), { version: 1 })
    return world.admin('DELETE', inFleet(`/alerts/silences/${id}`), { version: 2 })
  },
  override_state: () =>
    world.admin(
      'DELETE',
      inFleet(`/breakers/fleet:${world.fleet.fleetId}/override`),
      { reason: 'nothing holds it', version: 0 },
      'admin',
    ),
  second_person_needed: async () => {
    const scope = `/breakers/fleet:${world.fleet.fleetId}/override`
    const asked = { kind: 'forced_closed', reason: 'a drill of the crew', version: 0 }
    const made = await bodyOf(await post(scope, asked))
    const [waiting] = made['overrides'] as readonly { readonly id: string }[]
    return post(`${scope}/approve`, { id: waiting?.id, version: 1 })
  },
  not_restorable: async () => post(`/dead-letters/${await deadLetter()}/restore`, { reason: 'a test' }),
  not_purgeable: async () =>
    world.admin('POST', inFleet(`/dead-letters/${await deadLetter()}/purge`), { reason: 'a test' }, 'admin'),
  device_is_revoked: async () =>
    post(`/devices/${(await commanded('revoke')).id}/commands`, { type: 'resync' }),
  gone: () =>
    fetch(`${world.url}/api/auth/set-up`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'used', email: 'a@example.org', password: 'correct horse battery' }),
    }),
  token_expired: async () => {
    const { token } = await device.pulled()
    world.clock.aheadMs = 31 * 86_400_000
    return device
      .send('GET', `/api/v1/pull?${new URLSearchParams({ token })}`)
      .finally(() => (world.clock.aheadMs = 0))
  },
  body_too_large: () => device.push({ filler: 'x'.repeat(1024 * 1024) }),
  atomic_too_large: async () => {
    const made = device.mutation({ op: { type: 'put', data: { title: 'x'.repeat(200_000) } } })
    await device.pushed([made])
    const mutations = Array.from({ length: 60 }, (_, count) =>
      device.mutation({ recordId: made.recordId, op: { type: 'patch', set: { count } } }),
    )
    const chain = mutations.map((one, n) => ({ ...one, after: (mutations[n - 1] ?? made).id }))
    const before = (await device.pulled()).token
    const refused = await device.push(device.pushBody(chain, { atomic: true }))
    expect((await device.pulled(before)).changes).toEqual([])
    return refused
  },
  unsupported_media_type: () =>
    device.send('POST', '/api/v1/push', { body: {}, headers: { 'content-type': 'text/plain' } }),
  request_id_reused: async () => {
    const body = device.pushBody([device.mutation()])
    await device.push(body)
    return device.push({ ...body, mutations: [] })
  },
  resolution_refused: async () => {
    const { conflictId, record } = (await conflict('manual')) as {
      conflictId: string
      record: { version: number }
    }
    const merged = { choice: 'merged', version: record.version, data: { title: 7 } }
    return post(`/conflicts/${conflictId}/resolve`, merged)
  },
  schema_refused: () => post('/collections', { name: 'c1', strategy: 'lww', schema: { pattern: '(a+)+' } }),
  rules_refused: () => {
    const rules = [{ id: 'r', cel: 'new.(', message: 'no' }]
    return post('/collections', { name: 'c2', strategy: 'lww', schema: true, rules })
  },
  app_version_refused: async () => {
    const old = await world.device(await world.fleetWith({ minAppVersion: '9.0' }))
    return old.send('GET', '/api/v1/config')
  },
  rate_limited: async () => {
    const rateLimits = { devicePerMinute: 1, fleetPerMinute: 10 }
    const busy = await world.device(await world.fleetWith({ rateLimits }))
    await busy.send('GET', '/api/v1/config')
    return busy.send('GET', '/api/v1/config')
  },
  internal: async () => {
    const { one, sick } = await atSickProcess()
    vi.spyOn(sick.storage.devices, 'addDiagnostics').mockRejectedValue(new Error('a secret'))
    vi.spyOn(sick.ctx.log, 'error').mockReturnValue(undefined)
    return one.send('POST', '/api/v1/diagnostics', { body: {} })
  },
  breaker_open: async () => (await behindBreaker()).send('GET', '/api/v1/config'),
  shed: () => {
    vi.spyOn(world.app.ctx.load, 'enter').mockReturnValueOnce(false)
    return device.push(device.pushBody([]))
  },
  database_unavailable: pushWithoutDatabase,
  provider_unavailable: () => {
    const client = {
      clientId: 'tidemark',
      clientSecret: 'of the tests',
      scopes: 'openid email',
      name: 'Away',
    }
    const egress = { refusal: () => null, get: () => Promise.resolve(err('a secret of the network')) }
    const oidc = createOidc({ ...client, issuer: 'https://away.example' }, egress, world.app.ctx.clock)
    const request = new Request(`${SETTINGS.origin}/api/auth/signin/oidc`, form({}))
    return answerAuth(world.app.ctx, { ...SETTINGS, oidc }, request)
  },
}

/** Codes that say when to come back. */
const WAITS: readonly ErrorCode[] = [
  'device_paused',
  'rate_limited',
  'breaker_open',
  'shed',
  'database_unavailable',
  'provider_unavailable',
]

describe('every error code', () => {
  it.each(Object.keys(PROVOKE) as ErrorCode[])('%s', async (code) => {
    const answer = await PROVOKE[code]()
    const { status, title, help } = ERROR_CODES[code]
    expect(await answer.clone().json()).toMatchObject({
      code,
      status,
      title,
      help,
      type: `/docs/errors#${code}`,
    })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
    expect(await answer.text()).not.toContain('a secret')
    expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
    const wait = answer.headers.get('retry-after')
    expect(wait === null ? null : /^[1-9]\d*$/.test(wait)).toBe(WAITS.includes(code) ? true : null)
  })
})
