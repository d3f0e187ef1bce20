import pg from 'pg'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createIngestKey } from '#lib/application/ingest/create-ingest-key.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Role } from '#lib/storage/ports.ts'
import type { Caller, Row } from '../routes.matrix.ts'
import { addUser, PASSWORD } from './access-world.ts'
import type { DeviceHttp } from './device-http.ts'
import { deviceHttp } from './device-http.ts'
import { bodyOf, newUuid, TestDevice } from './device-world.ts'
import { cookiesFrom, form, SETTINGS } from './operator-world.ts'

/** One of each thing of one fleet, and somebody of each kind, behind a socket over PostgreSQL. */
export interface DoorWorld {
  readonly http: DeviceHttp
  readonly fleetId: string
  readonly otherFleetId: string
  /** Ids by the pattern that takes them, as `/devices/:id`. */
  readonly things: Readonly<Record<string, string>>
  readonly headersOf: Readonly<Record<Caller, Readonly<Record<string, string>>>>
  /** Of every row of every table but when somebody was last seen: two are equal when nothing was written in between. */
  digest(): Promise<Readonly<Record<string, string>>>
  close(): Promise<void>
}

export async function doorWorld(): Promise<DoorWorld> {
  const http = await deviceHttp()
  const { fleetId } = http.fleet
  const { fleetId: otherFleetId } = await http.fleetWith({})
  const things = await makeThings(http, fleetId)
  const headersOf = await makeCallers(http, fleetId, otherFleetId)
  const owner = new pg.Client({ connectionString: http.databaseUrl })
  await owner.connect()
  return {
    http,
    fleetId,
    otherFleetId,
    things,
    headersOf,
    digest: () => digestOf(owner),
    close: async () => {
      await owner.end()
      await http.close()
    },
  }
}

async function makeCallers(
  { app, fleet, url }: DeviceHttp,
  fleetId: string,
  otherFleetId: string,
): Promise<DoorWorld['headersOf']> {
  const { ctx } = app
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
  const key = async (role: Role, of: string | null, scopes?: readonly string[]) => {
    const body = {
      name: `${role} of ${of ?? 'all'}`,
      role,
      ...(of && { fleet: of }),
      ...(scopes && { scopes }),
    }
    return bearer((await createApiKey(ctx, { actor: SYSTEM, body })).key)
  }
  const person = async (name: string, roles: Readonly<Record<string, Role>>) => {
    const email = `${name}@example.org`
    await addUser(ctx, email, roles)
    const sent = form({ email, password: PASSWORD })
    const answer = await fetch(`${url}/api/auth/callback/credentials`, { ...sent, redirect: 'manual' })
    return { cookie: cookiesFrom(answer), origin: SETTINGS.origin }
  }
  const told = await createIngestKey(ctx, { actor: SYSTEM, fleetId, body: { name: 'in', source: 'other' } })
  const device = await TestDevice.enroll(app, fleet)
  return {
    stranger: {},
    'forged cookie': { cookie: 'tidemark.session=x; __Host-tidemark.session=x', origin: SETTINGS.origin },
    'unknown key': bearer('tmk_nobody_nothing'),
    'device token': bearer(device.token),
    'enrollment key': bearer(fleet.key),
    'ingest key': bearer(told.key),
    'metrics key': await key('viewer', fleetId, ['metrics']),
    'viewer key': await key('viewer', fleetId),
    'operator key': await key('operator', fleetId),
    'admin key': await key('admin', fleetId),
    'root key': await key('admin', null),
    'other viewer key': await key('viewer', otherFleetId),
    'other admin key': await key('admin', otherFleetId),
    viewer: await person('viewer', { [fleetId]: 'viewer' }),
    operator: await person('operator', { [fleetId]: 'operator' }),
    admin: await person('admin', { [fleetId]: 'admin' }),
    root: await person('root', { '*': 'admin' }),
    'other viewer': await person('other-viewer', { [otherFleetId]: 'viewer' }),
    'other admin': await person('other-admin', { [otherFleetId]: 'admin' }),
  }
}

const SCHEMA: JsonObject = { type: 'object', properties: { title: { type: 'string' } } }

async function makeThings(http: DeviceHttp, fleetId: string): Promise<Readonly<Record<string, string>>> {
  const make = async (path: string, body: JsonObject): Promise<string> => {
    const joined = `${path}${path.includes('?') ? '&' : '?'}fleet=${fleetId}`
    const answer = await http.admin('POST', joined, body, 'admin')
    const made = await bodyOf(answer)
    if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(made)}`)
    return String(made['id'])
  }
  const first = async (path: string, id = 'id'): Promise<string> => {
    const answer = await http.admin('GET', `${path}?fleet=${fleetId}`, undefined, 'admin')
    const { items } = (await answer.json()) as { items: readonly JsonObject[] }
    const [item] = items
    if (item === undefined) throw new Error(`${path} has none`)
    return String(item[id])
  }
  const collectionId = await make('/collections', { name: 'visits', strategy: 'manual', schema: SCHEMA })
  const [one, two] = [await http.device(), await http.device()]
  const made = one.mutation({ collection: 'visits' })
  const { recordId } = made
  await one.pushed([made])
  const patch = (title: string) => ({ type: 'patch' as const, set: { title } })
  const visit = { collection: 'visits', recordId, baseVersion: 1 }
  await two.pushed([two.mutation({ ...visit, op: patch('theirs') })])
  await one.pushed([one.mutation({ ...visit, op: patch('mine') }), one.mutation({ collection: 'nowhere' })])
  const sent = await one.send('POST', '/api/v1/diagnostics', { body: { device: { name: 'tablet' } } })
  const diagnosticsId = sent.status === 201 ? String((await bodyOf(sent))['id']) : newUuid()
  // It tells of a session with the next one.
  const replica = await http.replica()
  for (let n = 0; n < 3; n++) await replica.sync()
  await replica.close()
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
  const group = await first('/dead-letters/groups')
  const channel = { name: 'pager', kind: 'pagerduty', enabled: false, settings: { routingKey: 'R0' } }
  const matchers = [{ label: 'rule', comparison: 'is', values: ['clock-skew'] }]
  const user = { email: 'someone@example.org', role: 'viewer', fleet: fleetId }
  return {
    '/fleets/:id': fleetId,
    '/collections/:id': collectionId,
    '/enrollment-keys/:id': await make('/enrollment-keys', { name: 'tablets' }),
    '/ingest-keys/:id': await make('/ingest-keys', { name: 'collector', source: 'other' }),
    '/releases/:id': await make('/releases', { version: '1.2.0' }),
    '/views/:id': await make('/views', { page: 'devices', name: 'all', params: {}, shared: true }),
    '/scrape-targets/:id': await make('/scrape-targets', {
      source: 'couchdb',
      url: 'http://127.0.0.1:1/metrics',
      reason: 'it tells',
    }),
    '/users/:id': String((await bodyOf(await http.admin('POST', '/users', user, 'admin')))['id']),
    '/api-keys/:id': String(
      (
        await bodyOf(
          await http.admin('POST', '/api-keys', { name: 'k', role: 'viewer', fleet: fleetId }, 'admin'),
        )
      )['id'],
    ),
    '/sessions/:id': await first('/sessions', 'sessionId'),
    '/devices/:id': one.id,
    '/devices/:id/diagnostics/:diagnosticsId': diagnosticsId,
    '/conflicts/:id': await first('/conflicts'),
    '/lab/runs/:id': await make('/lab/runs', { collection: collectionId, from: 0, to: 1 }),
    '/dead-letters/groups/:id': group,
    '/dead-letters/:id': await first('/dead-letters'),
    '/operations/:id': await make('/operations', {
      kind: 'replay',
      q: 'status:open code:unknown_collection',
      reason: 'r',
    }),
    '/alerts/silences/:id': await make('/alerts/silences', {
      matchers,
      comment: 'on purpose',
      endsAt: inAnHour,
    }),
    '/alerts/channels/:id': String(
      (await bodyOf(await http.admin('POST', '/alerts/channels', { fleet: fleetId, ...channel }, 'admin')))[
        'id'
      ],
    ),
  }
}

const LAST_SEEN: ReadonlySet<string> = new Set(['last_used', 'last_used_at', 'last_seen', 'last_seen_at'])

/** By table; the login owns them, so it reads past row-level security as PostgreSQL's own tools do. */
async function digestOf(owner: pg.Client): Promise<Readonly<Record<string, string>>> {
  const { rows: columns } = await owner.query<{ table: string; column: string }>(
    `SELECT c.relname AS table, a.attname AS column FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      ORDER BY c.relname, a.attnum`,
  )
  const digests: Record<string, string> = {}
  for (const table of new Set(columns.map((row) => row.table))) {
    const kept = columns.filter((row) => row.table === table && !LAST_SEEN.has(row.column))
    const row = kept.map(({ column }) => `"${column}"::text`).join(', ')
    const { rows } = await owner.query<{ digest: string }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(t, ',' ORDER BY t)), '') AS digest
         FROM (SELECT ROW(${row})::text AS t FROM "${table}") AS whole`,
    )
    digests[table] = rows[0]?.digest ?? ''
  }
  return digests
}

/** The address of a row, with things that are there: what is refused is refused for who asks. */
export function addressOf(world: DoorWorld, key: string, { scope, query }: Row): string {
  const pattern = key.slice(key.indexOf(' ') + 1)
  const known = Object.keys(world.things).filter((one) => pattern === one || pattern.startsWith(`${one}/`))
  const owner = known.find((one) => one.endsWith('/:id'))
  const path = pattern
    .replace('/devices/:id/diagnostics/:diagnosticsId', (all) =>
      all.replace(':diagnosticsId', world.things[all] ?? ''),
    )
    .replace(':scope', encodeURIComponent(`fleet:${world.fleetId}`))
    .replace(':rule', 'conflicts-many')
    .replace(':id', owner === undefined ? newUuid() : (world.things[owner] ?? ''))
  const asked = [
    ...(scope === 'fleet' ? ['fleet={fleet}'] : []),
    ...(query === undefined ? [] : [query]),
  ].join('&')
  return `/api/admin/v1${path}?${asked.replace('{fleet}', world.fleetId)}`
}
