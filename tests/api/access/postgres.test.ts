import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import { hashCredential } from '#lib/application/access/credentials.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { SESSION_IDLE_MS } from '#lib/application/access/sessions.ts'
import { prepareSetUp } from '#lib/application/access/set-up.ts'
import { changeUser } from '#lib/application/access/users.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { Storage, User } from '#lib/storage/ports.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import { createTestDatabase, type TestDatabase } from '#tests/support/database.ts'
import {
  cookiesFrom,
  form,
  jsonBody,
  operatorWorld,
  ORIGIN,
  type OperatorWorld,
} from '#tests/support/operator-world.ts'

/** What depends on the database's own locks and times; the rest is tested over memory. */
let database: TestDatabase
let storage: Storage
let world: OperatorWorld

beforeAll(async () => {
  database = await createTestDatabase()
  storage = await openPostgresStorage({ url: database.url })
  world = await operatorWorld(storage)
})
afterAll(async () => {
  await storage?.close()
  await database?.drop()
})

const fleetsStatus = async (headers: Record<string, string>) =>
  (await world.admin('/fleets', { headers })).status

test('20 claims at once, over two processes and each by a link of its own, make one administrator', async () => {
  const other = await openPostgresStorage({ url: database.url })
  const tokens = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const setUp = await prepareSetUp(world.ctx, { email: null, password: null })
      return setUp.kind === 'link' ? (setUp.path.split('token=')[1] ?? '') : ''
    }),
  )
  expect(new Set(tokens).size).toBe(20)
  // Past the queue of one process, as claims of several processes come to the database.
  const claim = (token: string, n: number) => {
    const user: User = {
      id: world.ctx.ids(),
      email: `admin-${n}@example.org`,
      name: 'Admin',
      passwordHash: null,
      disabled: false,
      removedAtMs: null,
      createdAtMs: world.clock.now(),
      roles: { '*': 'admin' },
    }
    const audit = auditEntry(world.ctx, SYSTEM, { action: 'set-up.claim', target: user.id })
    const { access } = n % 2 === 0 ? storage : other
    return access.claimSetUp(n === 19 ? null : hashCredential(token), user, world.clock.now(), audit)
  }
  const outcomes = await Promise.all(tokens.map(claim))
  await other.close()
  expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1)
  expect(await storage.access.countAdmins()).toBe(1)
  const late = jsonBody('POST', { token: tokens[0], email: 'late@example.org', password: PASSWORD }, {})
  expect((await world.auth('/set-up', late)).status).toBe(410)
})

test('signing out, demotion and idleness end what a cookie opens', async () => {
  const user = await addUser(world.ctx, 'ana@example.org', { [world.fleet]: 'operator' })
  const cookie = await world.signIn('ana@example.org')
  expect(await fleetsStatus(cookie)).toBe(200)
  await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { role: null, fleet: world.fleet } })
  expect(await fleetsStatus(cookie)).toBe(403)
  await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { role: 'viewer', fleet: world.fleet } })
  expect(await fleetsStatus(cookie)).toBe(200)
  await world.auth('/signout', { method: 'POST', headers: { ...cookie, origin: ORIGIN } })
  expect(await fleetsStatus(cookie)).toBe(401)

  const idle = await world.signIn('ana@example.org')
  world.clock.advance(SESSION_IDLE_MS)
  expect(await fleetsStatus(idle)).toBe(401)
})

test('a one-time link signs in once, of many at the same time one', async () => {
  const user = await addUser(world.ctx, 'bo@example.org', { [world.fleet]: 'viewer' })
  const token = (await makeSignInLink(world.ctx, SYSTEM, user)).split('token=')[1] ?? ''
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => world.auth('/callback/link', form({ token }))),
  )
  const opened = answers.filter((answer) => answer.status === 303)
  expect(opened).toHaveLength(1)
  expect(await fleetsStatus({ cookie: cookiesFrom(opened[0] as Response) })).toBe(200)
})

test('[check 30] ids and texts that the database could choke on are told apart from errors of ours', async () => {
  const headers = await world.keyFor('admin')
  for (const path of ['/devices/abc', "/sessions/'--", '/dead-letters/%00', '/collections/1']) {
    expect([path, (await world.admin(`${path}?fleet=${world.fleet}`, { headers })).status]).toEqual([
      path,
      404,
    ])
  }
  for (const query of ['fleet=abc', `fleet=${world.fleet}&cursor=x`, `fleet=${world.fleet}&limit=1e9`]) {
    expect([query, (await world.admin(`/devices?${query}`, { headers })).status]).toEqual([query, 400])
  }
  expect(
    (await world.admin(`/devices?fleet=${world.fleet}&q=%22%25'%5C%5C%00%22`, { headers })).status,
  ).toBeLessThan(500)
})
