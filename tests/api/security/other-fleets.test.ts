import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { DEFAULT_WEIGHTS } from '#lib/engine/lab/lab-report.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import type { AdminRoute } from '#lib/http/admin/table.ts'
import { NO_ANSWERS } from '#lib/telemetry/review/review.ts'
import { addUser } from '#tests/support/access-world.ts'
import { shippedRule } from '#tests/support/alert-series.ts'
import { resolvedIncident } from '#tests/support/alert-world.ts'
import { conflictOf } from '#tests/support/conflict-of.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { bodyOf, NOTES_SCHEMA, newUuid } from '#tests/support/device-world.ts'
import { audit, sessionOf } from '../../contract/storage/world.ts'

let world: DeviceHttp
/** The fleet that the caller administers, and one that it has nothing to do with. */
let own: TestFleet
let foreign: TestFleet
let key: string
/** By the pattern's parts before its parameter: what there is of it in the foreign fleet. */
let ids: Record<string, string>

beforeAll(async () => {
  world = await deviceHttp()
  own = world.fleet
  foreign = await world.fleetWith({})
  const body = { name: 'own', role: 'admin', fleet: own.fleetId }
  key = (await createApiKey(world.app.ctx, { actor: SYSTEM, body })).key
  ids = await everythingOf(foreign)
})
afterAll(() => world.close())

async function made(path: string, body: object): Promise<string> {
  const answer = await world.admin('POST', path, body, 'admin')
  expect([path, answer.status, answer.ok ? '' : await answer.clone().text()]).toEqual([path, 201, ''])
  return String((await bodyOf(answer))['id'])
}

async function entryOf(fleetId: string): Promise<string> {
  const filter = { fleetId, action: null }
  const { items } = await world.storage.audit.list(filter, { limit: 1, cursor: null })
  return items[0]?.id ?? ''
}

/** One thing of each kind that a route is about, in this fleet. */
async function everythingOf({ fleetId }: TestFleet): Promise<Record<string, string>> {
  const { ctx } = world.app
  const device = await world.device(foreign)
  const inFleet = (path: string): string => `${path}?fleet=${fleetId}`
  const storage = world.storage
  await createCollection(ctx, {
    actor: SYSTEM,
    fleetId,
    body: { name: 'manual', strategy: 'manual', schema: NOTES_SCHEMA },
  })
  const [letter] = (
    await device.pushed([device.mutation({ op: { type: 'put', data: { title: 7 } } as never })])
  ).results as unknown as { deadLetterId: string }[]
  const incident = resolvedIncident(fleetId, newUuid(), { state: 'open', resolvedAtMs: null })
  const { revision } = await storage.alerts.input(fleetId, 0)
  await storage.alerts.commit(fleetId, {
    next: { revision: revision + 1, evaluatedAtMs: 0, states: [] },
    incidents: [incident],
    entries: [],
    notices: [],
  })
  const rule = { ...shippedRule('queue-deep'), name: 'own-rule-of-theirs' }
  const by = { id: 'ada', name: 'Ada' }
  const saved = { fleetId, rule, version: 1, changedAtMs: 1, changedBy: by }
  await storage.alerts.saveRule(saved, 9, audit())
  const session = sessionOf(fleetId, device.id)
  await storage.sessions.store(fleetId, [session], [])
  const diagnostics = { id: newUuid(), deviceId: device.id, commandId: null, appVersion: '1', bytes: 2 }
  await storage.devices.addDiagnostics(fleetId, { ...diagnostics, receivedAtMs: Date.now() }, '{}', 5)
  const groups = await bodyOf(await world.admin('GET', inFleet('/dead-letters/groups'), undefined, 'admin'))
  const [group] = groups['items'] as { id: string }[]
  const hour = new Date(Date.now() + 3_600_000).toISOString()
  const matchers = [{ label: 'rule', comparison: 'is', values: ['no-requests'] }]
  const conflict = (await conflictOf(world, device, 'manual', foreign)) as { conflictId: string }
  const collections = await storage.collections.list(fleetId)
  const user = await addUser(ctx, `theirs-${newUuid()}@example.org`, { [fleetId]: 'viewer' })
  return {
    '/fleets': fleetId,
    '/collections': collections[0]?.id ?? '',
    '/enrollment-keys': await made('/enrollment-keys', { fleet: fleetId, name: 'k' }),
    '/ingest-keys': await made('/ingest-keys', { fleet: fleetId, name: 'k', source: 'couchdb' }),
    '/releases': await made('/releases', { fleet: fleetId, version: '9.9' }),
    '/views': await made('/views', { fleet: fleetId, page: 'devices', name: 'v', params: {}, shared: true }),
    '/scrape-targets': await made('/scrape-targets', {
      fleet: fleetId,
      source: 'couchdb',
      url: 'http://127.0.0.1:9/x',
      reason: 'a test',
    }),
    '/users': user.id,
    '/invitations': await made('/invitations', {
      email: `${newUuid()}@example.org`,
      roles: { [fleetId]: 'viewer' },
    }),
    '/api-keys': await made('/api-keys', { fleet: fleetId, name: 'k', role: 'viewer' }),
    '/account/sessions': newUuid(),
    '/audit': await entryOf(fleetId),
    '/sessions': session.sessionId,
    '/devices': device.id,
    '/devices/diagnostics': diagnostics.id,
    '/conflicts': conflict.conflictId,
    '/lab/runs': await made('/lab/runs', {
      fleet: fleetId,
      collection: collections[0]?.id ?? '',
      from: 0,
      to: 1,
    }),
    '/dead-letters': letter?.deadLetterId ?? '',
    '/dead-letters/groups': group?.id ?? '',
    '/operations': await made('/operations', {
      fleet: fleetId,
      kind: 'replay',
      q: 'code:schema_mismatch',
      reason: 'a test',
    }),
    '/breakers': `fleet:${fleetId}`,
    '/alerts/rules': 'own-rule-of-theirs',
    '/alerts/incidents': incident.id,
    '/alerts/silences': await made('/alerts/silences', {
      fleet: fleetId,
      matchers,
      comment: 'a test',
      endsAt: hour,
    }),
    '/alerts/channels': await made('/alerts/channels', {
      fleet: fleetId,
      name: 'c',
      kind: 'webhook',
      settings: { url: 'http://127.0.0.1:9/' },
    }),
  }
}

const withId = ADMIN_ROUTES.filter(({ pattern }) => pattern.includes('/:'))
const nounOf = ({ pattern }: AdminRoute): string => pattern.slice(0, pattern.indexOf('/:'))

function pathOf({ pattern }: AdminRoute, id: string, second: string): string {
  const [path = '', ...rest] = pattern.replace(/:\w+/, encodeURIComponent(id)).split(/\/:\w+/)
  return rest.length === 0 ? path : `${path}/${second}${rest.join('')}`
}

async function answerTo(route: AdminRoute, id: string, second: string, fleet: string | null) {
  const full = pathOf(route, id, second)
  const named = nounOf(route) === '/users' || fleet === null ? '' : `?fleet=${fleet}`
  const body = route.method === 'GET' ? {} : { body: JSON.stringify(bodies()[nameOf(route)] ?? {}) }
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(`${world.url}/api/admin/v1${full}${named}`, {
    method: route.method,
    headers,
    ...body,
  })
  const { requestId: _, ...told } = await bodyOf(answer)
  // What was asked for may be named in the words of a refusal.
  return { status: answer.status, told: JSON.stringify(told).replaceAll(id, 'ID').replaceAll(second, 'ID') }
}

const nameOf = ({ method, pattern }: AdminRoute): string => `${method} ${pattern}`
/** What a verb has to be given before it looks for the thing. */
const bodies = (): Readonly<Record<string, object>> => ({
  'PATCH /collections/:id': { version: 1, tieRule: 'fww' },
  'DELETE /collections/:id': { version: 1, name: 'notes', reason: 'a test' },
  'POST /collections/:id/reviews': { version: 0, answers: NO_ANSWERS, reason: 'a test' },
  'DELETE /scrape-targets/:id': { reason: 'a test' },
  'PATCH /users/:id': { role: 'viewer', fleet: own.fleetId },
  'POST /devices/:id/commands': { type: 'resync' },
  'PATCH /collections/:id/lab-weights': { weights: DEFAULT_WEIGHTS, version: 0 },
  'PATCH /conflicts/:id': { note: 'x', version: 0 },
  'POST /conflicts/:id/resolve': { choice: 'mine', version: 1 },
  'PATCH /dead-letters/groups/:id': { version: 0, title: 'x' },
  'POST /dead-letters/groups/:id/merge': { groups: [newUuid()] },
  'POST /dead-letters/:id/edit': { op: { type: 'put', data: { title: 'x' } }, reason: 'a test' },
  'POST /dead-letters/:id/reveal': { reason: 'a test' },
  'POST /dead-letters/:id/purge': { reason: 'a test' },
  'POST /dead-letters/:id/discard': { reason: 'a test' },
  'POST /dead-letters/:id/restore': { reason: 'a test' },
  'POST /operations/:id/rate': { rate: 1, version: 1 },
  'PATCH /alerts/rules/:rule': { version: 1, title: 'x' },
  'DELETE /alerts/rules/:rule': { version: 1 },
  'POST /alerts/incidents/:id/owner': { owner: null },
  'POST /alerts/incidents/:id/notes': { text: 'x' },
  'PATCH /alerts/silences/:id': { version: 1, comment: 'a test' },
  'DELETE /alerts/silences/:id': { version: 1 },
})
/** Refused to whoever does not administer every fleet, before anything is looked for. */
const EVERYWHERE: ReadonlySet<string> = new Set([
  'DELETE /fleets/:id',
  'DELETE /users/:id',
  'DELETE /account/sessions/:id',
  'POST /users/:id/end-sessions',
  'POST /users/:id/link',
])

describe('[check 3] ids of another fleet', () => {
  test('there is one of each kind', () => {
    const nouns = new Set(withId.map(nounOf))
    expect([...nouns].filter((noun) => ids[noun] === undefined)).toEqual([])
    for (const [noun, id] of Object.entries(ids)) expect([noun, id]).not.toEqual([noun, ''])
  })

  test.each(withId.filter(({ method }) => method === 'GET').map((route) => [nameOf(route), route] as const))(
    '%s shows it to who may see it',
    async (_name, route) => {
      const path = pathOf(route, ids[nounOf(route)] ?? '', ids['/devices/diagnostics'] ?? '')
      const format = path.endsWith('/export') ? '&format=csv' : ''
      const answer = await world.admin('GET', `${path}?fleet=${foreign.fleetId}${format}`, undefined, 'admin')
      expect(answer.status).not.toBe(404)
      await answer.body?.cancel()
    },
  )

  test.each(withId.map((route) => [nameOf(route), route] as const))(
    '%s answers as for an id that there is not: 404',
    async (_name, route) => {
      const noun = nounOf(route)
      const id = ids[noun] ?? ''
      const unknown =
        noun === '/breakers' ? `fleet:${newUuid()}` : noun === '/alerts/rules' ? 'nobody-s-rule' : newUuid()
      for (const fleet of [null, own.fleetId]) {
        const theirs = await answerTo(route, id, ids['/devices/diagnostics'] ?? '', fleet)
        expect(theirs).toEqual(await answerTo(route, unknown, newUuid(), fleet))
        const refused = EVERYWHERE.has(nameOf(route)) ? 403 : 404
        expect([fleet, theirs.status, theirs.told]).toEqual([fleet, refused, theirs.told])
      }
    },
  )
})
