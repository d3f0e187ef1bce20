import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { LogFields } from '#lib/application/context.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DoorWorld } from '#tests/support/door-world.ts'
import { addressOf, doorWorld } from '#tests/support/door-world.ts'
import { form, SETTINGS } from '#tests/support/operator-world.ts'
import { OPERATOR_API } from '../../routes.matrix.ts'

let world: DoorWorld
let owner: pg.Client
const logged: string[] = []
/** Every kind of secret that there is, by what it is. */
const canaries = new Map<string, string>()

/** What people give the server for others' doors; each in a word of its own, so that a part of it would be found too. */
const GIVEN = {
  routingKey: 'zqcanaryroutingkey4711',
  authorization: 'Bearer zqcanaryalertmanager4712',
  slack: 'https://hooks.example.org/services/zqcanaryslack4713',
  password: 'zqcanarymailpassword4714',
  person: 'zqcanary of a person 4715',
}

beforeAll(async () => {
  world = await doorWorld()
  const { log } = world.http.app.ctx
  const keep = (message: string, fields?: LogFields): void => {
    logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
  }
  Object.assign(log, { info: keep, warn: keep, error: keep })
  owner = new pg.Client({ connectionString: world.http.databaseUrl })
  await owner.connect()
  await makeSecrets()
})
afterAll(async () => {
  await owner.end()
  await world.close()
})

const post = async (path: string, body: JsonObject): Promise<JsonObject> => {
  const answer = await world.http.admin('POST', path, body, 'admin')
  const made = await bodyOf(answer)
  if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(made)}`)
  return made
}

async function makeSecrets(): Promise<void> {
  const { http, fleetId, headersOf } = world
  const fleet = `?fleet=${fleetId}`
  for (const [caller, { authorization, cookie }] of Object.entries(headersOf)) {
    if (authorization !== undefined) canaries.set(caller, authorization.replace('Bearer ', ''))
    if (cookie !== undefined && caller !== 'forged cookie')
      canaries.set(
        `cookie of ${caller}`,
        cookie
          .split('; ')
          .map((pair) => pair.slice(pair.indexOf('=') + 1))
          .toSorted((a, b) => b.length - a.length)[0] ?? '',
      )
  }
  canaries.delete('unknown key')
  for (const path of ['/enrollment-keys', '/ingest-keys'])
    canaries.set(
      path,
      String(
        (
          await post(`${path}${fleet}`, {
            name: 'canary',
            ...(path === '/ingest-keys' && { source: 'other' }),
          })
        )['key'],
      ),
    )
  const channel = (kind: string, settings: JsonObject) =>
    post('/alerts/channels', { fleet: fleetId, name: kind, kind, enabled: false, settings })
  const made = await channel('webhook', { url: 'https://example.org/hook' })
  canaries.set('signing key', String(made['signingKey']))
  await channel('pagerduty', { routingKey: GIVEN.routingKey })
  await channel('alertmanager', { url: 'https://example.org/', authorization: GIVEN.authorization })
  await channel('slack', { url: GIVEN.slack })
  await channel('mail', {
    host: 'mail.example.org',
    from: 'a@example.org',
    to: ['b@example.org'],
    user: 'a',
    password: GIVEN.password,
  })
  for (const [name, value] of Object.entries(GIVEN)) canaries.set(name, value.replace(/^.*(zqcanary)/, '$1'))
  const authority = { url: 'http://127.0.0.1:1/authority', timeoutMs: 100 }
  const collection = await post(`/collections${fleet}`, {
    name: 'vouched',
    strategy: 'lww',
    schema: { type: 'object' },
    authority,
  })
  canaries.set('authority secret', String(collection['authoritySecret']))
  const person = await post('/users', {
    email: 'canary@example.org',
    role: 'viewer',
    fleet: fleetId,
    password: GIVEN.person,
  })
  const linked = await addUser(http.app.ctx, 'linked@example.org', { [fleetId]: 'viewer' })
  canaries.set('link', (await makeSignInLink(http.app.ctx, SYSTEM, linked)).split('token=')[1] ?? '')
  canaries.set('password', PASSWORD)
  canaries.set('cookie secret', SETTINGS.secret)
  canaries.set('server secret', Buffer.alloc(32, 7).toString('latin1'))
  expect(person['id']).toBeDefined()
}

/** Uses them rightly and wrongly: where they don't belong, beside what is malformed, and while the storage fails. */
async function useSecrets(): Promise<void> {
  const { http, headersOf } = world
  for (const [key, row] of Object.entries(OPERATOR_API)) {
    const [method = ''] = key.split(' ', 1)
    const path = addressOf(world, key, row)
    for (const caller of ['viewer', 'root key', 'other admin', 'device token', 'enrollment key'] as const) {
      const headers = { ...headersOf[caller], 'content-type': 'application/json' }
      const body = method === 'GET' ? null : '{"nobodyKnowsThis":1}'
      const answer = await fetch(http.url + path, { method, headers, body })
      await answer.body?.cancel()
    }
  }
  for (const secret of canaries.values()) {
    const authorization = `Bearer ${secret.replaceAll(/[^\x21-\x7e]/g, '')}`
    for (const path of [
      '/api/v1/config',
      '/api/v1/enroll',
      '/api/admin/v1/fleets',
      '/metrics',
      '/api/otlp/v1/traces',
    ]) {
      const isRead = path.endsWith('config') || path.endsWith('fleets') || path.endsWith('metrics')
      const body = isRead ? null : `{"broken ${secret}`
      const sent = { authorization, 'content-type': 'application/json' }
      await (await fetch(http.url + path, { method: isRead ? 'GET' : 'POST', headers: sent, body })).text()
    }
    await (
      await fetch(`${http.url}/api/auth/callback/credentials`, {
        ...form({ email: 'canary@example.org', password: secret }),
        redirect: 'manual',
      })
    ).text()
    await (
      await fetch(`${http.url}/api/auth/callback/link`, {
        ...form({ token: `x${secret}` }),
        redirect: 'manual',
      })
    ).text()
  }
  const { fleets } = http.app.ctx.storage
  const { list } = fleets
  fleets.list = () => Promise.reject(new Error('the storage fails'))
  for (const caller of ['root', 'root key'] as const)
    expect((await fetch(`${http.url}/api/admin/v1/fleets`, { headers: headersOf[caller] })).status).toBe(500)
  fleets.list = list
}

const found = (text: string): string[] =>
  [...canaries].flatMap(([name, secret]) => (secret.length >= 12 && text.includes(secret) ? [name] : []))

describe('canary secrets', () => {
  it('[check 39] of every kind are told in no log, figure, entry of the audit log, or answer', async () => {
    expect(canaries.size).toBeGreaterThan(25)
    expect([...canaries].filter(([, secret]) => secret.length < 12 || secret === 'undefined')).toEqual([])
    await useSecrets()
    const { http, headersOf } = world
    const fresh = await fetch(`${http.url}/metrics`, { headers: headersOf['metrics key'] })
    expect(fresh.status).toBe(200)
    expect(found(await fresh.text())).toEqual([])
    expect(logged.length).toBeGreaterThan(0)
    expect(found(logged.join('\n'))).toEqual([])
    for (const [key, row] of Object.entries(OPERATOR_API)) {
      if (!key.startsWith('GET ') || key === 'GET /stream') continue
      const answer = await fetch(http.url + addressOf(world, key, row), { headers: headersOf['root key'] })
      expect([key, found(await answer.text())]).toEqual([key, []])
    }
    const { rows } = await owner.query<{ text: string }>('SELECT a::text AS text FROM audit a')
    expect(rows.length).toBeGreaterThan(100)
    expect(found(rows.map(({ text }) => text).join('\n'))).toEqual([])
  })

  it('[check 39] nor in any row of the database: what opens our doors is hashed, what opens others’ is sealed', async () => {
    const { rows: tables } = await owner.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
    )
    expect(tables.length).toBeGreaterThan(50)
    for (const { name } of tables) {
      const { rows } = await owner.query<{ text: string }>(`SELECT t::text AS text FROM "${name}" t`)
      expect([name, found(rows.map(({ text }) => text).join('\n'))]).toEqual([name, []])
    }
  })

  it('[check 39] would be found: what is looked through holds what is no secret', async () => {
    const { rows } = await owner.query<{ text: string }>('SELECT a::text AS text FROM audit a')
    expect(rows.some(({ text }) => text.includes('canary@example.org') || text.includes('user.create'))).toBe(
      true,
    )
    expect(logged.some((line) => line.includes('the storage fails'))).toBe(true)
  })
})
