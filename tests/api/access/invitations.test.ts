import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { lookAtInvitation } from '#lib/application/access/accept-invitation.ts'
import {
  INVITATION_LIFE_MS,
  invite,
  OPEN_INVITATIONS_PER_INVITER_MAX,
} from '#lib/application/access/invite.ts'
import { changeUser, removeUser } from '#lib/application/access/users.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { removeFleet } from '#lib/application/fleets/remove-fleet.ts'
import type { Storage } from '#lib/storage/ports.ts'
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

let database: TestDatabase
let storage: Storage
let world: OperatorWorld
let root: Record<string, string>
let people = 0

beforeAll(async () => {
  database = await createTestDatabase()
  storage = await openPostgresStorage({ url: database.url })
  world = await operatorWorld(storage)
  await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
  root = { ...(await world.signIn('root@example.org')), origin: ORIGIN }
})
afterAll(async () => {
  await storage?.close()
  await database?.drop()
})

let email: string
beforeEach(() => {
  people += 1
  email = `guest-${people}@example.org`
})

type Body = Record<string, unknown>
const post = async (path: string, body: unknown, as: Record<string, string> = root, method = 'POST') => {
  const answer = await world.admin(path, jsonBody(method, body, as))
  return { status: answer.status, body: (await answer.json()) as Body }
}
const invited = async (roles: Body, as = root) => post('/invitations', { email, roles }, as)
const tokenOf = ({ body }: { body: Body }): string => String(body['link']).split('token=')[1] ?? ''
const accept = async (token: string, extra: Body = {}) =>
  world.auth('/invitation', jsonBody('POST', { token, password: PASSWORD, name: 'Grace', ...extra }, {}))
const listed = async (as = root): Promise<Body[]> => {
  const answer = await world.admin('/invitations', { headers: as })
  return ((await answer.json()) as { items: Body[] }).items
}

describe('an invitation', () => {
  test('makes an account with the roles that it names, once; its link is in no list and no log', async () => {
    const made = await invited({ [world.fleet]: 'operator' })
    expect([made.status, made.body['state']]).toEqual([201, 'open'])
    const token = tokenOf(made)
    expect(token).toMatch(/^[0-9a-f]{48}$/)
    expect((await accept(token)).status).toBe(201)
    expect((await accept(token)).status).toBe(410)
    const cookie = cookiesFrom(await world.auth('/callback/credentials', form({ email, password: PASSWORD })))
    const session = await (await world.auth('/session', { headers: { cookie } })).json()
    expect(session).toMatchObject({ user: { name: 'Grace', roles: { [world.fleet]: 'operator' } } })
    const one = (await listed()).find((item) => item['id'] === made.body['id'])
    expect(one).toMatchObject({ state: 'accepted', email })
    const log = await (await world.admin('/audit', { headers: root })).text()
    for (const text of [JSON.stringify(await listed()), log]) expect(text).not.toContain(token)
    expect(log).toContain('invitation.create')
    expect(log).toContain('invitation.accept')
  })

  test('of 20 acceptances at once one makes an account', async () => {
    const token = tokenOf(await invited({ '*': 'viewer' }))
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => accept(token)))).map(
      ({ status }) => status,
    )
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    for (const status of statuses) expect([201, 410, 503]).toContain(status)
    expect((await accept(token)).status).toBe(410)
  })

  test('opens nothing once it is expired or revoked; a new link takes the place of the one before', async () => {
    const made = await invited({ '*': 'viewer' })
    const path = `/invitations/${String(made.body['id'])}`
    world.clock.advance(INVITATION_LIFE_MS)
    // Signed in anew: a session ends when it is idle for so long.
    root = { ...(await world.signIn('root@example.org')), origin: ORIGIN }
    expect((await accept(tokenOf(made))).status).toBe(410)
    expect(await lookAtInvitation(world.ctx, tokenOf(made))).toEqual({ state: 'expired' })
    const renewed = await post(`${path}/link`, {})
    expect([renewed.status, renewed.body['state']]).toEqual([200, 'open'])
    expect(await lookAtInvitation(world.ctx, tokenOf(made))).toEqual({ state: 'unknown' })
    expect(await lookAtInvitation(world.ctx, tokenOf(renewed))).toMatchObject({ state: 'open', email })
    expect((await post(path, { reason: 'the wrong person' }, root, 'DELETE')).body['state']).toBe('revoked')
    expect((await post(path, {}, root, 'DELETE')).status).toBe(200)
    expect((await accept(tokenOf(renewed))).status).toBe(410)
    expect((await post(`${path}/link`, {})).status).toBe(410)
    expect(await lookAtInvitation(world.ctx, tokenOf(renewed))).toEqual({ state: 'revoked' })
  })

  test('an accepted one is not taken back: the person is', async () => {
    const made = await invited({ '*': 'viewer' })
    await accept(tokenOf(made))
    const path = `/invitations/${String(made.body['id'])}`
    expect((await post(path, {}, root, 'DELETE')).status).toBe(410)
    expect((await post(`${path}/link`, {})).status).toBe(410)
  })

  test('gives what its inviter could still give, and no more', async () => {
    const inviter = await addUser(world.ctx, `ada-${people}@example.org`, {
      [world.fleet]: 'admin',
      [world.foreignFleet]: 'admin',
    })
    const ada = { ...(await world.signIn(inviter.email)), origin: ORIGIN }
    const made = await invited({ [world.fleet]: 'admin', [world.foreignFleet]: 'viewer' }, ada)
    expect(made.status).toBe(201)
    const demote = (fleet: string) =>
      changeUser(world.ctx, { actor: SYSTEM, id: inviter.id, body: { role: 'viewer', fleet } })
    await demote(world.fleet)
    expect((await accept(tokenOf(made))).status).toBe(201)
    const user = await storage.access.findUserByEmail(email)
    expect(user?.roles).toEqual({ [world.foreignFleet]: 'viewer' })

    email = `late-${people}@example.org`
    const late = await invited({ [world.foreignFleet]: 'viewer' }, ada)
    await demote(world.foreignFleet)
    expect(await lookAtInvitation(world.ctx, tokenOf(late))).toEqual({ state: 'empty' })
    expect((await accept(tokenOf(late))).status).toBe(410)
  })

  test('[check 6] gives nothing that its inviter loses while it is being accepted', async () => {
    const inviter = await addUser(world.ctx, `cy-${people}@example.org`, { [world.fleet]: 'admin' })
    const cy = { ...(await world.signIn(inviter.email)), origin: ORIGIN }
    const token = tokenOf(await invited({ [world.fleet]: 'admin' }, cy))
    const { accept: take } = storage.invitations
    vi.spyOn(storage.invitations, 'accept').mockImplementationOnce(async (...taken) => {
      await changeUser(world.ctx, { actor: SYSTEM, id: inviter.id, body: { disabled: true } })
      return take(...taken)
    })
    expect((await accept(token)).status).toBe(410)
    expect(await storage.access.findUserByEmail(email)).toBeNull()
  })

  test('of a fleet that is no more opens nothing', async () => {
    const { body } = await post('/fleets', { name: `short-lived ${people}` })
    const fleet = String(body['id'])
    const made = await invited({ [fleet]: 'viewer' })
    const removal = { name: `short-lived ${people}`, reason: 'a try' }
    await removeFleet(world.ctx, { actor: SYSTEM, id: fleet, body: removal })
    expect((await accept(tokenOf(made))).status).toBe(410)
  })

  test('[check 5] takes no other field, no other e-mail, no weak password; its token is not used up by that', async () => {
    const token = tokenOf(await invited({ [world.fleet]: 'viewer' }))
    for (const extra of [
      { roles: { '*': 'admin' } },
      { role: 'admin' },
      { email: 'other@example.org' },
      { password: 'short' },
    ])
      expect([extra, (await accept(token, extra)).status]).toEqual([extra, 400])
    for (const body of [
      { email: 'x@example.org', roles: {} },
      { email: 'x@example.org', roles: { '*': 'owner' } },
      { email: 'x@example.org', roles: { '*': 'admin' }, disabled: false },
      { email: 'no address', roles: { '*': 'viewer' } },
    ])
      expect([body, (await post('/invitations', body)).status]).toEqual([body, 400])
    expect((await accept(token)).status).toBe(201)
  })

  test('a form from a browser comes back with its token, or leads to the sign-in', async () => {
    const token = tokenOf(await invited({ '*': 'viewer' }))
    const headers = { origin: ORIGIN, accept: 'text/html' }
    const send = async (password: string) =>
      (await world.auth('/invitation', form({ token, password, name: 'G' }, headers))).headers.get('location')
    expect(await send('short')).toBe(`/invitation?token=${token}&error=bad_request&name=G`)
    expect(await send(PASSWORD)).toBe('/sign-in?ready=1')
    const foreign = await world.auth('/invitation', form({ token }, { origin: 'https://evil.example' }))
    expect(foreign.status).toBe(403)
  })

  test('brings somebody back who was removed, and nobody who has an account or an invitation', async () => {
    const token = tokenOf(await invited({ '*': 'admin' }))
    expect((await invited({ '*': 'viewer' })).status).toBe(409)
    await accept(token)
    expect((await invited({ '*': 'viewer' })).status).toBe(409)
    const user = await storage.access.findUserByEmail(email)
    const id = user?.id ?? ''
    await removeUser(world.ctx, { actor: SYSTEM, id, body: {} })
    const back = await invited({ [world.fleet]: 'viewer' })
    expect((await accept(tokenOf(back))).status).toBe(201)
    expect(await storage.access.getUser(id)).toMatchObject({
      roles: { [world.fleet]: 'viewer' },
      disabled: false,
    })
  })
})

test('[check 6] who is disabled without a role, in either order, is still here and comes back; only removal is for good', async () => {
  await addUser(world.ctx, `root-${people}@example.org`, { '*': 'admin' })
  const acts = [{ role: null }, { disabled: true }]
  for (const order of [acts, acts.toReversed()]) {
    const user = await addUser(world.ctx, `${world.ctx.ids()}@example.org`, { '*': 'viewer' })
    const change = (body: object) => changeUser(world.ctx, { actor: SYSTEM, id: user.id, body })
    for (const body of order) await change(body)
    email = user.email
    expect((await invited({ '*': 'viewer' })).status).toBe(409)
    await change({ disabled: false })
    expect(await change({ role: 'viewer' })).toMatchObject({
      disabled: false,
      hasPassword: true,
      roles: { '*': 'viewer' },
    })
    await removeUser(world.ctx, { actor: SYSTEM, id: user.id, body: {} })
    await expect(change({ disabled: false })).rejects.toMatchObject({ tidemarkCode: 'not_found' })
    expect((await invited({ '*': 'viewer' })).status).toBe(201)
  }
})

describe('who may invite', () => {
  test('administrators, to what they administer: nobody gives more than they have', async () => {
    const of = async (role: 'viewer' | 'operator' | 'admin') => ({ ...(await world.keyFor(role)) })
    for (const role of ['viewer', 'operator'] as const) {
      expect((await invited({ [world.fleet]: 'viewer' }, await of(role))).status).toBe(403)
      expect((await world.admin('/invitations', { headers: await of(role) })).status).toBe(403)
    }
    const admin = await of('admin')
    expect((await invited({ '*': 'viewer' }, admin)).status).toBe(403)
    expect((await invited({ [world.fleet]: 'viewer', '*': 'viewer' }, admin)).status).toBe(403)
    expect((await invited({ [world.foreignFleet]: 'viewer' }, admin)).status).toBe(404)
    expect((await invited({ [world.fleet]: 'admin' }, admin)).status).toBe(201)
  })

  test('[check 3] an administrator of one fleet sees and changes none of another; a role that it shares is seen alone', async () => {
    const admin = await world.keyFor('admin')
    const foreign = await invited({ [world.foreignFleet]: 'viewer' })
    email = `both-${people}@example.org`
    const both = await invited({ [world.foreignFleet]: 'viewer', [world.fleet]: 'viewer' })
    const seen = await listed(admin)
    expect(seen.map(({ id }) => id)).not.toContain(foreign.body['id'])
    expect(seen.find(({ id }) => id === both.body['id'])?.['roles']).toEqual({ [world.fleet]: 'viewer' })
    expect(JSON.stringify(seen)).not.toContain(world.foreignFleet)
    const revoke = (made: { body: Body }) =>
      post(`/invitations/${String(made.body['id'])}`, {}, admin, 'DELETE')
    const unknown = await post('/invitations/01890a5d-ac96-774b-bcce-b302099a8057', {}, admin, 'DELETE')
    expect(await revoke(foreign)).toEqual(unknown)
    expect(unknown.status).toBe(404)
    expect((await revoke(both)).status).toBe(403)
  })

  test('one inviter has a bounded number open', async () => {
    const actor = { kind: 'user', id: `many-${people}`, name: 'Many', roles: { '*': 'admin' } } as const
    const one = (n: number) =>
      invite(world.ctx, { actor, body: { email: `m${n}-${people}@example.org`, roles: { '*': 'viewer' } } })
    for (let n = 0; n < OPEN_INVITATIONS_PER_INVITER_MAX; n += 1) await one(n)
    await expect(one(-1)).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    expect((await invited({ '*': 'viewer' })).status).toBe(201)
  })
})

describe('the last administrator of every fleet', () => {
  test('[check 6] of two demoted, disabled or removed at once by two processes, one stays', async () => {
    const other = await openPostgresStorage({ url: database.url })
    try {
      const others = (await storage.access.listUsers()).filter(
        ({ roles, disabled }) => roles['*'] === 'admin' && !disabled,
      )
      const [first, ...rest] = others
      for (const { id } of rest) await changeUser(world.ctx, { actor: SYSTEM, id, body: { role: 'viewer' } })
      const second = await addUser(world.ctx, email, { '*': 'admin' })
      const there = { ...world.ctx, storage: other }
      const ends = [
        [() => changeUser(world.ctx, { actor: SYSTEM, id: first?.id ?? '', body: { role: null } }), first],
        [() => removeUser(there, { actor: SYSTEM, id: second.id, body: {} }), second],
      ] as const
      const outcomes = await Promise.allSettled(ends.map(([end]) => end()))
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(await storage.access.countAdmins()).toBe(1)
    } finally {
      await other.close()
    }
  })
})
