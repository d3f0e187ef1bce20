import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { DEFAULT_WEIGHTS } from '#lib/engine/lab/lab-report.ts'
import { createRouter } from '#lib/http/router.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import { shippedRule } from '#tests/support/alert-series.ts'
import { resolvedIncident } from '#tests/support/alert-world.ts'
import { TestDevice, testFleet, type TestFleet } from '#tests/support/device-world.ts'
import { labRun } from '#tests/support/lab-run.ts'
import { jsonBody, operatorWorld, ORIGIN, type OperatorWorld } from '#tests/support/operator-world.ts'

/** Writes that leave no entry when they succeed, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  'POST /collections/:id/check': 'looks at what a publication would refuse, and changes nothing',
  'POST /dead-letters/:id/preview': 'looks at what a replay would do, and changes nothing',
  'POST /conflicts/by-rule/preview': 'counts what a rule would decide, and changes nothing',
  'POST /operations/preview': 'counts what an operation would have, and changes nothing',
  'POST /operations/:id/preview': 'runs over samples, and notes for the person who starts it what it found',
  'POST /alerts/rules/preview': 'looks at what a rule would have told, and changes nothing',
}
const REASON = 'because the test says so'
const FROM = '192.0.2.9'
const DATA = { title: 'a note' }
const NO_CHOICE = { choice: null, note: '' }
const UNANSWERED = {
  shape: NO_CHOICE,
  semantics: NO_CHOICE,
  connectivity: NO_CHOICE,
  volume: NO_CHOICE,
  ordering: NO_CHOICE,
  fields: {},
}

describe('[check 43] each write of the operator API leaves an entry', () => {
  let world: OperatorWorld
  let fleet: TestFleet
  let device: TestDevice
  let other: TestDevice
  let keys: { root: string; second: string }
  let cookie: string
  const covered = new Set<string>()
  const entries: (AuditEntry & { route: string })[] = []
  const secrets: string[] = []

  beforeAll(async () => {
    world = await operatorWorld()
    await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
    const app = {
      ctx: world.ctx,
      router: createRouter({
        ctx: world.ctx,
        metrics: async () => new Response(''),
        isDraining: () => false,
      }),
    }
    fleet = await testFleet(app)
    device = await TestDevice.enroll(app, fleet)
    other = await TestDevice.enroll(app, fleet)
    const key = async (name: string) =>
      (await createApiKey(world.ctx, { actor: SYSTEM, body: { name, role: 'admin' } })).key
    keys = { root: await key('root'), second: await key('second') }
    cookie = (await world.signIn('root@example.org')).cookie
    secrets.push(PASSWORD, keys.root, keys.second, fleet.key, device.token, other.token)
  })

  /** Calls a route, and keeps the entries that it left. */
  async function call(
    route: string,
    params: Readonly<Record<string, string>> = {},
    body: JsonObject | null = null,
    as: keyof typeof keys | 'person' = 'root',
  ): Promise<JsonObject> {
    const { method, pattern, scope } = ADMIN_ROUTES.find(
      (one) => `${one.method} ${one.pattern}` === route,
    ) ?? { method: 'GET', pattern: '', scope: 'fleet' }
    expect(pattern, route).not.toBe('')
    const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
    const who: Record<string, string> =
      as === 'person' ? { cookie, origin: ORIGIN } : { authorization: `Bearer ${keys[as]}` }
    const headers = { ...who, 'x-forwarded-for': FROM }
    const query = scope === 'fleet' ? `?fleet=${fleet.fleetId}` : ''
    const { audit } = world.ctx.storage
    const before = await audit.head()
    world.clock.advance(1)
    const init = body === null ? { method, headers } : jsonBody(method, body, headers)
    const answer = await world.admin(path + query, init)
    const text = await answer.text()
    expect([route, answer.status, answer.ok ? '' : text]).toEqual([route, answer.status, ''])
    const links = await audit.links(before, 100)
    covered.add(route)
    if (Object.hasOwn(WITHOUT, route)) expect([route, links.length]).toEqual([route, 0])
    else {
      expect(links.length, `${route} leaves an entry`).toBeGreaterThan(0)
      entries.push(...links.map(({ entry }) => ({ ...entry, route })))
    }
    return JSON.parse(text) as JsonObject
  }
  const idOf = (value: JsonObject): string => String(value['id'])
  const inFleet = (body: JsonObject): JsonObject => ({ fleet: fleet.fleetId, ...body })

  test('fleets, retention, collections', async () => {
    const made = await call('POST /fleets', {}, { name: 'Harbour' })
    await call('PATCH /fleets/:id', { id: idOf(made) }, { name: 'Harbour 2' })
    await call('DELETE /fleets/:id', { id: idOf(made) }, { name: 'Harbour 2', reason: REASON })
    await call('PATCH /retention', {}, { sessionsDays: 33, reason: REASON })
    const schema = { type: 'object' }
    const authority = { url: 'https://127.0.0.1/decide', timeoutMs: 1_000 }
    const collection = await call(
      'POST /collections',
      {},
      inFleet({ name: 'reports', strategy: 'lww', schema, authority }),
    )
    if (typeof collection['authoritySecret'] === 'string') secrets.push(collection['authoritySecret'])
    const id = { id: idOf(collection) }
    await call('POST /collections/:id/check', id, inFleet({ schema: { type: 'object', title: 'x' } }))
    await call('PATCH /collections/:id', id, inFleet({ version: 1, strategy: 'manual', reason: REASON }))
    await call(
      'POST /collections/:id/reviews',
      id,
      inFleet({ version: 0, answers: UNANSWERED, reason: REASON }),
    )
    await call('DELETE /collections/:id', id, inFleet({ version: 2, name: 'reports', reason: REASON }))
  })

  test('keys, people, releases, views, pages that are asked', async () => {
    for (const [kind, more] of [
      ['enrollment-keys', {}],
      ['ingest-keys', { source: 'powersync' }],
    ] as const) {
      const made = await call(`POST /${kind}`, {}, inFleet({ name: 'k', ...more }))
      secrets.push(String(made['key']))
      await call(`PATCH /${kind}/:id`, { id: idOf(made) }, inFleet({ name: 'k2' }))
      await call(`DELETE /${kind}/:id`, { id: idOf(made) }, inFleet({ reason: REASON }))
    }
    const key = await call('POST /api-keys', {}, { name: 'k', role: 'viewer' })
    secrets.push(String(key['key']))
    await call('PATCH /api-keys/:id', { id: idOf(key) }, { name: 'k2' })
    await call('DELETE /api-keys/:id', { id: idOf(key) }, { reason: REASON })
    const password = 'a long walk on some other beach'
    secrets.push(password)
    const user = await call(
      'POST /users',
      {},
      { email: 'ada@example.org', role: 'viewer', password, link: true },
    )
    secrets.push(String(user['signInLink']).split('token=')[1] ?? 'none')
    const link = await call('POST /users/:id/link', { id: idOf(user) }, { reason: REASON })
    secrets.push(String(link['link']).split('token=')[1] ?? 'none')
    await call('PATCH /users/:id', { id: idOf(user) }, { role: 'operator' })
    await call('DELETE /users/:id', { id: idOf(user) })
    await call('POST /users/:id/end-sessions', { id: idOf(user) }, { reason: REASON })
    const guest = await call(
      'POST /invitations',
      {},
      { email: 'guest@example.org', roles: { [fleet.fleetId]: 'viewer' } },
    )
    const again = await call('POST /invitations/:id/link', { id: idOf(guest) }, {})
    for (const { link } of [guest, again]) secrets.push(String(link).split('token=')[1] ?? 'none')
    await call('DELETE /invitations/:id', { id: idOf(guest) }, { reason: REASON })
    const release = await call('POST /releases', {}, inFleet({ version: '9.1' }))
    await call('DELETE /releases/:id', { id: idOf(release) }, inFleet({ reason: REASON }))
    const view = await call(
      'POST /views',
      {},
      inFleet({ page: 'devices', name: 'v', params: {}, shared: true }),
    )
    await call('PATCH /views/:id', { id: idOf(view) }, inFleet({ name: 'w' }))
    await call('DELETE /views/:id', { id: idOf(view) }, inFleet({}))
    const page = await call(
      'POST /scrape-targets',
      {},
      inFleet({ source: 'powersync', url: 'http://127.0.0.1:9/metrics', reason: REASON }),
    )
    await call('DELETE /scrape-targets/:id', { id: idOf(page) }, inFleet({ reason: REASON }))
  })

  test('devices and conflicts', async () => {
    await call('POST /devices/:id/commands', { id: device.id }, inFleet({ type: 'pause', reason: REASON }))
    await call('POST /devices/:id/commands', { id: device.id }, inFleet({ type: 'resume', reason: REASON }))
    await call(
      'POST /devices/commands',
      {},
      inFleet({ type: 'resync', count: 2, reason: REASON, id: randomUUID() }),
    )
    await call(
      'POST /collections',
      {},
      inFleet({ name: 'held', strategy: 'manual', schema: { type: 'object' } }),
    )
    const recordId = randomUUID()
    const change = (by: TestDevice, title: string, baseVersion: number) =>
      by.pushed([
        by.mutation({ collection: 'held', recordId, baseVersion, op: { type: 'put', data: { title } } }),
      ])
    await change(device, 'first', 0)
    await change(other, 'theirs', 1)
    const [result] = (await change(device, 'mine', 1)).results
    const conflictId = result?.status === 'conflict' ? result.conflictId : ''
    await call('PATCH /conflicts/:id', { id: conflictId }, inFleet({ note: 'seen', version: 0 }))
    await call('POST /conflicts/:id/resolve', { id: conflictId }, inFleet({ choice: 'theirs', version: 2 }))
    await change(other, 'theirs again', 3)
    await change(device, 'mine again', 3)
    const many = { rule: 'theirs', q: 'status:open', before: new Date(world.clock.now() + 1).toISOString() }
    await call('POST /conflicts/by-rule/preview', {}, inFleet(many))
    await call('POST /conflicts/by-rule', {}, inFleet({ ...many, reason: REASON, count: 1 }))
    const [held] = (await world.ctx.storage.collections.list(fleet.fleetId)).filter(
      ({ name }) => name === 'held',
    )
    const collection = held?.id ?? ''
    await call('POST /lab/runs', {}, inFleet({ collection, from: 0, to: world.clock.now() }))
    // One that no process is about to end.
    const run = labRun(fleet.fleetId, collection, world.clock.now())
    const bounds = { kept: 9, atOnce: 9, goneBeforeMs: 0, lost: '' }
    await world.ctx.storage.lab.begin(
      run,
      bounds,
      auditEntry(world.ctx, SYSTEM, { action: 'lab.run', target: collection }),
    )
    await call('POST /lab/runs/:id/stop', { id: run.id }, inFleet({}))
    const weights = { ...DEFAULT_WEIGHTS, lostUpdate: 20 }
    await call(
      'PATCH /collections/:id/lab-weights',
      { id: collection },
      inFleet({ weights, version: 0, reason: REASON }),
    )
  })

  test('one’s own account', async () => {
    await call('PATCH /account', {}, { name: 'Ana' }, 'person')
    await call('POST /account/step-up', {}, { password: PASSWORD }, 'person')
    const password = 'nine otters below the jetty'
    secrets.push(password)
    await call('POST /account/password', {}, { password, current: PASSWORD }, 'person')
    const { storage } = world.ctx
    const issuer = 'https://id.example.org'
    const user = await storage.access.findUserByEmail('root@example.org')
    await storage.access.linkIdentity(
      { issuer, subject: 'ana', userId: user?.id ?? '', createdAtMs: 1 },
      auditEntry(world.ctx, SYSTEM, { action: 'identity.link', target: 'user' }),
    )
    await call('POST /account/identities/unlink', {}, { issuer }, 'person')
    await call('POST /account/sessions/end', {}, { keepThis: true }, 'person')
    const { items } = (await (await world.admin('/account/sessions', { headers: { cookie } })).json()) as {
      items: { id: string }[]
    }
    await call('DELETE /account/sessions/:id', { id: items[0]?.id ?? '' }, null, 'person')
  })

  const notes = async (): Promise<{ id: string }> => {
    const collections = await world.ctx.storage.collections.list(fleet.fleetId)
    return { id: collections.find(({ name }) => name === 'notes')?.id ?? '' }
  }

  const letters = async (count: number): Promise<string[]> => {
    const bad = Array.from({ length: count }, () =>
      device.mutation({ op: { type: 'put', data: { title: 5 } } }),
    )
    await device.pushed(bad)
    const answer = await world.admin(`/dead-letters?fleet=${fleet.fleetId}&limit=500&q=status:open`, {
      headers: { authorization: `Bearer ${keys.root}` },
    })
    const { items } = (await answer.json()) as { items: { id: string; mutation: { id: string } }[] }
    return items.filter(({ mutation }) => bad.some(({ id }) => id === mutation.id)).map(({ id }) => id)
  }

  test('dead letters and their groups', async () => {
    const [a = '', b = '', c = '', d = ''] = await letters(4)
    const reason = { reason: REASON }
    await call('POST /dead-letters/:id/preview', { id: a }, inFleet({}))
    await call('POST /dead-letters/:id/replay', { id: a }, inFleet(reason))
    await call(
      'PATCH /collections/:id',
      await notes(),
      inFleet({ version: 1, masked: ['/title'], ...reason }),
    )
    await call('POST /dead-letters/:id/reveal', { id: a }, inFleet(reason))
    await call(
      'POST /dead-letters/:id/edit',
      { id: a },
      inFleet({ ...reason, op: { type: 'put', data: DATA } }),
    )
    await call('POST /dead-letters/:id/discard', { id: b }, inFleet(reason))
    await call('POST /dead-letters/:id/restore', { id: b }, inFleet(reason))
    await call('POST /dead-letters/:id/discard', { id: b }, inFleet(reason))
    await call('POST /dead-letters/:id/purge', { id: b }, inFleet(reason))
    const group = await call('POST /dead-letters/groups', {}, inFleet({ letters: [c], title: 'g' }))
    const second = await call('POST /dead-letters/groups', {}, inFleet({ letters: [d], title: 'h' }))
    const id = { id: idOf(group) }
    const changed = await call(
      'PATCH /dead-letters/groups/:id',
      id,
      inFleet({ owner: 'day ops', version: group['version'] ?? 0 }),
    )
    expect(changed['owner']).toBe('day ops')
    await call('POST /dead-letters/groups/:id/merge', id, inFleet({ groups: [idOf(second)], ...reason }))
    await call('POST /dead-letters/groups/:id/unmerge', { id: idOf(second) }, inFleet(reason))
    await call('DELETE /dead-letters/groups/:id', id, inFleet(reason))
  })

  test('operations', async () => {
    await letters(3)
    const asked = { kind: 'discard', q: 'code:schema_mismatch', reason: REASON, rate: 1 } as const
    await call('POST /operations/preview', {}, inFleet({ kind: 'discard', q: 'status:open' }))
    const made = await call('POST /operations', {}, inFleet(asked))
    const id = { id: idOf(made) }
    await call('POST /operations/:id/preview', id, inFleet({}))
    await call('POST /operations/:id/rate', id, inFleet({ rate: 2 }))
    await call('POST /operations/:id/start', id, inFleet({}))
    await call('POST /operations/:id/pause', id, inFleet({ reason: REASON }))
    await call('POST /operations/:id/resume', id, inFleet({}))
    await call('POST /operations/:id/cancel', id, inFleet({ reason: REASON }))
  })

  test('breakers', async () => {
    const scope = `fleet:${fleet.fleetId}`
    await call(
      'PATCH /breakers/:scope/config',
      { scope },
      inFleet({ settings: { callsMin: 50 }, reason: REASON, version: 0 }),
    )
    const forced = await call(
      'POST /breakers/:scope/override',
      { scope },
      inFleet({ kind: 'metrics_only', reason: REASON, version: 1 }),
    )
    const first = (forced['overrides'] as JsonObject[])[0]
    await call(
      'PATCH /breakers/:scope/override',
      { scope },
      inFleet({ id: String(first?.['id']), lastsMs: 7_200_000, reason: REASON, version: 2 }),
    )
    await call('DELETE /breakers/:scope/override', { scope }, inFleet({ reason: REASON, version: 3 }))
    await call('PATCH /fleets/:id', { id: fleet.fleetId }, { settings: { secondPersonAbove: 0 } })
    const asked = await call(
      'POST /breakers/:scope/override',
      { scope },
      inFleet({ kind: 'forced_open', reason: REASON, version: 4 }),
    )
    const waiting = (asked['overrides'] as JsonObject[]).find(({ approval }) => approval)
    await call(
      'POST /breakers/:scope/override/approve',
      { scope },
      inFleet({ id: String(waiting?.['id']), version: 5 }),
      'second',
    )
    await call('DELETE /breakers/:scope/override', { scope }, inFleet({ reason: REASON, version: 6 }))
  })

  test('alerts and channels', async () => {
    const { storage } = world.ctx
    const incident = {
      ...resolvedIncident(fleet.fleetId, randomUUID()),
      state: 'open',
      resolvedAtMs: null,
    } as const
    await storage.alerts.commit(fleet.fleetId, {
      next: { revision: 1, evaluatedAtMs: 1, states: [] },
      incidents: [incident as never],
      entries: [],
      notices: [],
    })
    const id = { id: incident.id }
    await call('POST /alerts/incidents/:id/ack', id, inFleet({}))
    await call('DELETE /alerts/incidents/:id/ack', id, inFleet({}))
    await call('POST /alerts/incidents/:id/owner', id, inFleet({ owner: 'day ops' }))
    await call('POST /alerts/incidents/:id/notes', id, inFleet({ text: 'seen' }))
    const rule = { ...(shippedRule('queue-deep') as unknown as JsonObject), name: 'own-rule' }
    await call('POST /alerts/rules/preview', {}, inFleet({ rule }))
    await call('POST /alerts/rules', {}, inFleet(rule))
    await call('PATCH /alerts/rules/:rule', { rule: 'own-rule' }, inFleet({ version: 1, enabled: false }))
    await call('DELETE /alerts/rules/:rule', { rule: 'own-rule' }, inFleet({ version: 2 }))
    const silence = await call(
      'POST /alerts/silences',
      {},
      inFleet({
        matchers: [{ label: 'rule', comparison: 'is', values: ['queue-deep'] }],
        comment: REASON,
        endsAt: new Date(world.clock.now() + 3_600_000).toISOString(),
      }),
    )
    await call(
      'PATCH /alerts/silences/:id',
      { id: idOf(silence) },
      inFleet({ comment: 'longer', version: 1 }),
    )
    await call('DELETE /alerts/silences/:id', { id: idOf(silence) }, inFleet({ version: 2 }))
    const made = await call(
      'POST /alerts/channels',
      {},
      {
        kind: 'slack',
        name: 'c',
        fleet: fleet.fleetId,
        settings: { url: 'https://127.0.0.1:9/hook-a-secret' },
        reason: REASON,
      },
    )
    secrets.push('hook-a-secret')
    await call('PATCH /alerts/channels/:id', { id: idOf(made) }, { name: 'd', reason: REASON })
    await call('POST /alerts/channels/:id/test', { id: idOf(made) }, {})
    await call('DELETE /alerts/channels/:id', { id: idOf(made) }, { reason: REASON })
  })

  test('every route of the table that writes was called', () => {
    const writes = ADMIN_ROUTES.filter(({ method }) => method !== 'GET').map(
      ({ method, pattern }) => `${method} ${pattern}`,
    )
    expect(writes.filter((route) => !covered.has(route))).toEqual([])
    expect(Object.keys(WITHOUT).filter((route) => !writes.includes(route))).toEqual([])
  })

  test('who, from where, and what changed', () => {
    const own = entries.filter(({ actor }) => actor.kind === 'key' || actor.kind === 'user')
    expect(own.filter(({ address }) => address !== FROM)).toEqual([])
    const routes = new Set(entries.map(({ route }) => route))
    for (const route of routes)
      expect(
        own.some((entry) => entry.route === route),
        `${route} says who`,
      ).toBe(true)
    // A change tells of both sides, what is made of the one that is now, what is removed of the one that was.
    const telling = new Set(
      own.filter(({ before, after }) => before !== null || after !== null).map(({ route }) => route),
    )
    expect([...routes].filter((route) => !telling.has(route))).toEqual([])
    const halves = own
      .filter(({ route, before, after }) => route.startsWith('PATCH') && (before === null || after === null))
      .map(({ route }) => route)
    expect([...new Set(halves)].sort()).toEqual([])
  })

  test('[check 39] and no secret stands in any entry', async () => {
    const all = await world.ctx.storage.audit.links({ seq: 0, mac: '' }, 10_000)
    const text = JSON.stringify(all.map(({ entry }) => entry))
    expect(secrets.length).toBeGreaterThan(8)
    expect(secrets.filter((secret) => secret.length < 8)).toEqual([])
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  })
})
