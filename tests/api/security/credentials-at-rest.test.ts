import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { prepareSetUp } from '#lib/application/access/set-up.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import { asSuperuser } from '#tests/support/external-postgres.ts'
import { cookiesFrom, form } from '#tests/support/operator-world.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

/** Each row of each table as text, as a dump of the database would have it; `\x` of bytes is hex there too. */
async function everyRow(): Promise<string> {
  const reader = new pg.Client({ connectionString: asSuperuser(world.databaseUrl) })
  await reader.connect()
  try {
    const { rows: tables } = await reader.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c
       WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace`,
    )
    const texts: string[] = []
    for (const { name } of tables) {
      const { rows } = await reader.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)
      texts.push(...rows.map(({ row }) => `${name} ${row}`))
    }
    return texts.join('\n')
  } finally {
    await reader.end()
  }
}

const made = async (path: string, body: object): Promise<Record<string, unknown>> => {
  const answer = await world.admin('POST', path, body, 'admin')
  expect([path, answer.status]).toEqual([path, 201])
  return bodyOf(answer)
}
/** The part that is chance, without prefix, fleet and checksum: none of it may be there in any dress. */
const secretOf = (credential: unknown): string => {
  const secret = /[0-9a-f]{48}/.exec(String(credential))?.[0]
  if (secret === undefined) throw new Error(`no secret in ${String(credential)}`)
  return secret
}

test('[check 21] a dump of the database holds no credential of any kind, and a hash of each', async () => {
  const { fleetId } = world.fleet
  const { ctx } = world.app
  const device = await world.device()
  const rotated = await bodyOf(await device.send('POST', '/api/v1/token/rotate'))
  const setUp = await prepareSetUp(ctx, { email: null, password: null })
  const enrollment = await made('/enrollment-keys', { fleet: fleetId, name: 'tablets' })
  const ingest = await made('/ingest-keys', { fleet: fleetId, name: 'engine', source: 'couchdb' })
  const operator = await made('/api-keys', { name: 'nightly', role: 'viewer' })
  const invitation = await made('/invitations', { email: 'ada@example.org', roles: { '*': 'viewer' } })
  const user = await addUser(ctx, 'grace@example.org', { '*': 'admin' })
  const link = await makeSignInLink(ctx, SYSTEM, user)
  const signedIn = await fetch(`${world.url}/api/auth/callback/credentials`, {
    ...form({ email: user.email, password: PASSWORD }, { origin: 'http://127.0.0.1:3000' }),
    redirect: 'manual',
  })
  const cookie = cookiesFrom(signedIn).split('session=')[1] ?? ''
  expect(cookie.length).toBeGreaterThan(100)
  const channelPassword = `channel-${secretOf(link).slice(0, 20)}`
  await made('/alerts/channels', {
    name: 'on call',
    kind: 'alertmanager',
    settings: { url: 'http://127.0.0.1:9/', authorization: `Bearer ${channelPassword}` },
  })
  const dump = await everyRow()
  const credentials = {
    device: device.token,
    rotated: rotated['token'],
    enrollment: enrollment['key'],
    fleetKey: world.fleet.key,
    ingest: ingest['key'],
    operator: operator['key'],
    invitation: invitation['link'],
    signIn: link,
    setUp: setUp.kind === 'link' ? setUp.path : '',
  }
  for (const [kind, text] of Object.entries(credentials))
    expect([kind, dump.includes(secretOf(text))]).toEqual([kind, false])
  for (const [kind, text] of Object.entries({ cookie, password: PASSWORD, channelPassword }))
    expect([kind, dump.includes(text)]).toEqual([kind, false])
  // Each is there as what it is found by.
  for (const kind of [
    'device_token',
    'enrollment_key',
    'ingest_key',
    'api_key',
    'invitation',
    'one_time_link',
  ])
    expect([kind, new RegExp(`^${kind} .*[0-9a-f]{64}`, 'm').test(dump)]).toEqual([kind, true])
  expect(dump).toMatch(/^app_user .*scrypt\$/m)
})
