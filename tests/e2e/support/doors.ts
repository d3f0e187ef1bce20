import { cookiesFrom } from '#tests/support/operator-world.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { openDevice } from './device.ts'
import type { World } from './world.ts'

/** Runs where it is taken for markup, for a link, or for the end of an attribute or a script. It marks what nobody else may see. */
export const MARK = 'zqmark'
export const HOSTILE = `${MARK}"'><img src=x onerror=window.__ran=1><script>window.__ran=1</script>`
/** The same within 40 characters, which is all that an app version may have. */
export const HOSTILE_SHORT = `${MARK}"><svg onload=window.__ran=1>`
/** Spreadsheets would run it. */
export const FORMULA = `=HYPERLINK("http://${MARK}.example","x")`
/** Of what only administrators may see, and of what viewers may not. */
export const ADMIN_MARK = 'zqkeyname'
export const OPERATOR_MARK = 'zqpager'

export const PEOPLE = ['viewer', 'operator', 'admin', 'root', 'other viewer'] as const
export type Person = (typeof PEOPLE)[number]

/** A fleet whose every name and value is hostile, and people of each role with their cookies. */
export interface Doors {
  readonly world: World
  readonly fleetId: string
  readonly ids: Readonly<Record<string, string>>
  readonly cookieOf: Readonly<Record<Person, string>>
  /** The operator API as `root`. */
  api(method: string, path: string, body?: JsonObject): Promise<JsonObject>
}

type Api = Doors['api']
const PASSWORD = 'somebody of the edges, by role'

async function signedIn(world: World, email: string, password: string): Promise<string> {
  const answer = await fetch(`${world.url}/api/auth/callback/credentials`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: world.url },
    body: new URLSearchParams({ email, password }).toString(),
    redirect: 'manual',
  })
  const cookie = cookiesFrom(answer)
  if (cookie === '')
    throw new Error(`${email} was not let in: ${answer.status} ${answer.headers.get('location')}`)
  return cookie
}

export async function openDoors(world: World): Promise<Doors> {
  const root = await signedIn(world, world.admin.email, world.admin.password)
  const api: Api = async (method, path, body) => {
    const answer = await fetch(`${world.url}/api/admin/v1${path}`, {
      method,
      headers: { cookie: root, origin: world.url, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const value = (await answer.json()) as JsonObject
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(value)}`)
    return value
  }
  const idOf = async (path: string, body: JsonObject): Promise<string> =>
    String((await api('POST', path, body))['id'])
  const stamp = String(Date.now())
  const fleetId = await idOf('/fleets', { name: `${HOSTILE}${stamp}`.slice(0, 120) })
  const otherFleetId = await idOf('/fleets', { name: `somebody else ${stamp}` })
  const person = async (name: string, role: string, fleet: string): Promise<string> => {
    const email = `${name}-${stamp}@example.org`
    // Everybody may see their own name.
    const shown = fleet === fleetId ? HOSTILE : 'Somebody else'
    await api('POST', '/users', { email, name: shown, role, fleet, password: PASSWORD })
    return signedIn(world, email, PASSWORD)
  }
  const cookieOf = {
    viewer: await person('viewer', 'viewer', fleetId),
    operator: await person('operator', 'operator', fleetId),
    admin: await person('admin', 'admin', fleetId),
    root,
    'other viewer': await person('other', 'viewer', otherFleetId),
  }
  const managed = await manage(api, fleetId)
  const synced = await syncHostile(world, api, fleetId)
  return { world, fleetId, ids: { ...managed, ...synced, fleet: fleetId }, cookieOf, api }
}

/** What people name. */
async function manage(api: Api, fleetId: string): Promise<Record<string, string>> {
  const q = `?fleet=${fleetId}`
  const make = async (path: string, body: JsonObject): Promise<string> =>
    String((await api('POST', `${path}${q}`, body))['id'])
  const schema = {
    type: 'object',
    title: HOSTILE,
    properties: { title: { type: 'string', description: HOSTILE }, count: { type: 'integer' } },
  }
  const collection = await make('/collections', { name: 'notes', strategy: 'manual', schema })
  await make('/enrollment-keys', { name: `${ADMIN_MARK} ${HOSTILE}` })
  await make('/ingest-keys', { name: `${ADMIN_MARK} ${HOSTILE}`, source: 'other' })
  await make('/releases', { version: HOSTILE_SHORT, note: HOSTILE })
  for (const page of ['sessions', 'devices', 'dead-letters'])
    await make('/views', { page, name: HOSTILE_SHORT, params: {}, shared: true })
  const channel = String(
    (
      await api('POST', '/alerts/channels', {
        fleet: fleetId,
        name: `${OPERATOR_MARK} ${HOSTILE_SHORT}`,
        kind: 'pagerduty',
        enabled: false,
        settings: { routingKey: 'R0' },
      })
    )['id'],
  )
  await make('/alerts/silences', {
    matchers: [{ label: 'rule', comparison: 'is', values: ['clock-skew'] }],
    comment: HOSTILE,
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  })
  const scope = encodeURIComponent(`collection:${fleetId}:notes`)
  await api('POST', `/breakers/${scope}/override${q}`, { kind: 'metrics_only', reason: HOSTILE, version: 0 })
  return { collection, channel, nothing: '0192f0a1-b2c3-7000-8000-000000000000' }
}

/** What devices say: names, documents that meet, one that is refused, and letters of it. */
async function syncHostile(world: World, api: Api, fleetId: string): Promise<Record<string, string>> {
  const q = `?fleet=${fleetId}`
  const { key } = await api('POST', `/enrollment-keys${q}`, { name: `${ADMIN_MARK} own` })
  const own: World = { ...world, fleetId, enrollmentKey: String(key) }
  const one = await openDevice(own, HOSTILE, HOSTILE_SHORT)
  const two = await openDevice(own, FORMULA, HOSTILE_SHORT)
  const hostile: JsonObject = { title: HOSTILE, [HOSTILE]: HOSTILE, formula: FORMULA }
  const { recordId } = await one.collection('notes').put(null, hostile)
  await one.sync()
  await two.sync()
  await two.collection('notes').patch(recordId, { set: { title: `theirs ${HOSTILE}` } })
  await two.sync()
  await one.collection('notes').patch(recordId, { set: { title: `mine ${HOSTILE}` } })
  await one.sync()
  await one.collection('notes').put(null, { ...hostile, count: HOSTILE }, { validate: false })
  await one.sync()
  await one.sync()
  await Promise.all([one.close(), two.close()])
  const first = async (path: string, id = 'id'): Promise<string> => {
    const { items } = await api('GET', `${path}${q}`)
    const [item] = items as readonly Record<string, Json>[]
    if (item === undefined) throw new Error(`${path} has none`)
    return String(item[id])
  }
  const letter = await first('/dead-letters')
  const group = await first('/dead-letters/groups')
  await api('PATCH', `/dead-letters/groups/${group}${q}`, {
    title: HOSTILE,
    note: HOSTILE,
    owner: HOSTILE_SHORT,
    version: 0,
  })
  const operation = String(
    (await api('POST', `/operations${q}`, { kind: 'replay', q: `id:${letter}`, reason: HOSTILE }))['id'],
  )
  return {
    letter,
    operation,
    device: one.deviceId,
    session: await first('/sessions', 'sessionId'),
    conflict: await first('/conflicts'),
    audit: await first('/audit'),
  }
}
