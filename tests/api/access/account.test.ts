import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { changeUser, createUser } from '#lib/application/access/users.ts'
import { STEP_UP_MS } from '#lib/application/access/step-up.ts'
import { TRIES_WINDOW_MS } from '#lib/application/access/tries.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import type { User } from '#lib/storage/ports.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import {
  cookiesFrom,
  form,
  jsonBody,
  operatorWorld,
  ORIGIN,
  type OperatorWorld,
} from '#tests/support/operator-world.ts'

const EMAIL = 'ana@example.org'
const NEW_PASSWORD = 'seven geese over the hangar'
let world: OperatorWorld
let user: User

beforeEach(async () => {
  world = await operatorWorld()
  user = await addUser(world.ctx, EMAIL, { '*': 'admin' })
})

const send = (method: string, path: string, body: object, cookie: { cookie: string }) =>
  world.admin(path, jsonBody(method, body, { ...cookie, origin: ORIGIN }))
const read = async (path: string, cookie: { cookie: string }) => world.admin(path, { headers: cookie })
const codeOf = async (answer: Response) =>
  answer.ok ? answer.status : ((await answer.json()) as { code: string }).code
const key = { name: 'ci', role: 'viewer' }

describe('[check 18] dangerous acts', () => {
  test('take a sign-in of the last 30 minutes; showing again who one is opens them', async () => {
    const cookie = await world.signIn(EMAIL)
    world.clock.advance(STEP_UP_MS - 1)
    expect(await codeOf(await send('POST', '/api-keys', key, cookie))).toBe(201)
    world.clock.advance(1)
    expect(await codeOf(await send('POST', '/api-keys', key, cookie))).toBe('sign_in_again')
    // By the server's clock, so that the console needs none of its own.
    const left = async () =>
      ((await (await read('/account', cookie)).json()) as { provedForMs: number }).provedForMs
    expect(await left()).toBe(0)
    expect(await codeOf(await send('POST', '/account/step-up', { password: 'wrong' }, cookie))).toBe(
      'wrong_password',
    )
    expect(await codeOf(await send('POST', '/api-keys', key, cookie))).toBe('sign_in_again')
    expect(await codeOf(await send('POST', '/account/step-up', { password: PASSWORD }, cookie))).toBe(200)
    expect(await left()).toBe(STEP_UP_MS)
    expect(await codeOf(await send('POST', '/api-keys', key, cookie))).toBe(201)
    world.clock.advance(STEP_UP_MS)
    expect(await codeOf(await send('POST', '/api-keys', key, cookie))).toBe('sign_in_again')
    const denied = await world.ctx.storage.audit.list(
      { fleetId: null, action: null },
      { limit: 20, cursor: null },
    )
    expect(denied.items.filter(({ outcome }) => outcome === 'denied').map(({ target }) => target)).toEqual([
      'sign_in_again',
      'sign_in_again',
      `user/${user.id}`,
      'sign_in_again',
    ])
  })

  test('every other act goes on for as long as the session lives', async () => {
    const cookie = await world.signIn(EMAIL)
    world.clock.advance(STEP_UP_MS)
    expect((await send('POST', '/fleets', { name: 'Another' }, cookie)).status).toBe(201)
    expect((await read('/users', cookie)).status).toBe(200)
  })

  test('are asked of no key: nobody sits at a program', async () => {
    const { authorization } = await world.keyFor('admin')
    world.clock.advance(STEP_UP_MS)
    const made = await world.admin(
      '/api-keys',
      jsonBody('POST', { ...key, fleet: world.fleet }, { authorization }),
    )
    expect(made.status).toBe(201)
  })

  test('a key makes no key that outlives it', async () => {
    const short = { name: 'a day', role: 'admin', expiresInDays: 1 }
    const { key: text, expiresAtMs } = await createApiKey(world.ctx, { actor: SYSTEM, body: short })
    for (const expiresInDays of [null, 30, undefined]) {
      const init = jsonBody('POST', { ...key, expiresInDays }, { authorization: `Bearer ${text}` })
      expect(await (await world.admin('/api-keys', init)).json()).toMatchObject({ expiresAtMs })
    }
  })

  test('are these', () => {
    const rows = ADMIN_ROUTES.filter(({ recent }) => recent).map(
      ({ method, pattern }) => `${method} ${pattern}`,
    )
    expect(rows).toEqual(
      expect.arrayContaining([
        'PATCH /fleets/:id',
        'DELETE /fleets/:id',
        'POST /users',
        'PATCH /users/:id',
        'DELETE /users/:id',
        'POST /users/:id/end-sessions',
        'POST /users/:id/link',
        'POST /api-keys',
        'PATCH /api-keys/:id',
        'DELETE /api-keys/:id',
        'POST /enrollment-keys',
        'PATCH /enrollment-keys/:id',
        'DELETE /enrollment-keys/:id',
        'POST /ingest-keys',
        'PATCH /ingest-keys/:id',
        'DELETE /ingest-keys/:id',
        'POST /account/password',
        'POST /account/identities/unlink',
        'POST /dead-letters/:id/purge',
        'POST /breakers/:scope/override',
      ]),
    )
    expect(ADMIN_ROUTES.filter(({ method, recent }) => method === 'GET' && recent)).toEqual([])
  })

  test('of overrides only the one without a second person', async () => {
    const cookie = await world.signIn(EMAIL)
    world.clock.advance(STEP_UP_MS)
    const path = `/breakers/${encodeURIComponent(`fleet:${world.fleet}`)}/override?fleet=${world.fleet}`
    const asked = { kind: 'forced_open', reason: 'a drill of the crew', version: 0 }
    expect(await codeOf(await send('POST', path, { ...asked, breakGlass: true }, cookie))).toBe(
      'sign_in_again',
    )
    expect(await codeOf(await send('POST', path, asked, cookie))).not.toBe('sign_in_again')
  })

  test('of a fleet’s settings the one that lets somebody override alone', async () => {
    const cookie = await world.signIn(EMAIL)
    world.clock.advance(STEP_UP_MS)
    const change = async (settings: object) =>
      codeOf(await send('PATCH', `/fleets/${world.fleet}`, { settings }, cookie))
    expect(await change({ secondPersonAbove: 1_000_000 })).toBe('sign_in_again')
    expect(await change({})).toBe(200)
  })

  test('[check 11] wrong passwords run out by session, and nobody else is shut out by them', async () => {
    const [found, own] = [await world.signIn(EMAIL), await world.signIn(EMAIL)]
    const attempt = async (cookie: { cookie: string }, password: string) =>
      codeOf(await send('POST', '/account/step-up', { password }, cookie))
    for (let n = 0; n < 10; n += 1)
      expect(await attempt(found, 'not the password at all')).toBe('wrong_password')
    expect(await attempt(found, PASSWORD)).toBe('rate_limited')
    expect(await attempt(own, PASSWORD)).toBe(200)
    world.clock.advance(TRIES_WINDOW_MS)
    expect(await attempt(found, PASSWORD)).toBe(200)
  })
})

describe('one’s own password', () => {
  test('[check 16] a new one ends every other session, takes the old one, and then opens the door', async () => {
    const [own, other] = [await world.signIn(EMAIL), await world.signIn(EMAIL)]
    const change = (body: object) => send('POST', '/account/password', body, own)
    expect(await codeOf(await change({ password: NEW_PASSWORD }))).toBe('wrong_password')
    expect(await codeOf(await change({ current: 'not this one at all', password: NEW_PASSWORD }))).toBe(
      'wrong_password',
    )
    expect(await codeOf(await change({ current: PASSWORD, password: 'short' }))).toBe('bad_request')
    expect(await codeOf(await change({ current: PASSWORD, password: 'ana@example.org 1' }))).toBe(
      'bad_request',
    )
    const changed = await change({ current: PASSWORD, password: NEW_PASSWORD })
    expect(await changed.json()).toEqual({ endedSessions: 1 })
    expect((await read('/account', other)).status).toBe(401)
    expect((await read('/account', own)).status).toBe(200)
    const signIn = async (password: string) =>
      (await world.auth('/callback/credentials', form({ email: EMAIL, password }))).status
    expect([await signIn(PASSWORD), await signIn(NEW_PASSWORD)]).toEqual([401, 303])
  })

  test('[check 16] a change that was under way does not undo what an administrator did meanwhile', async () => {
    const { access } = world.ctx.storage
    const own = await world.signIn(EMAIL)
    const { updatePassword } = access
    vi.spyOn(access, 'updatePassword').mockImplementationOnce(async (...change) => {
      const audit = auditEntry(world.ctx, SYSTEM, {
        action: 'user.reset-password',
        target: `user/${user.id}`,
      })
      await access.updateUser(user.id, (now) => ({ next: { ...now, passwordHash: null }, audit }))
      return updatePassword(...change)
    })
    const body = { current: PASSWORD, password: NEW_PASSWORD }
    expect(await codeOf(await send('POST', '/account/password', body, own))).toBe('wrong_password')
    expect((await access.getUser(user.id))?.passwordHash).toBeNull()
  })

  test.each(['was reset', 'is of somebody who was disabled'])(
    '[check 16] nobody signs in by one that %s while it was checked',
    async (how) => {
      await addUser(world.ctx, 'bo@example.org', { '*': 'admin' })
      const root = await world.signIn('bo@example.org')
      const { access } = world.ctx.storage
      const { createSession } = access
      vi.spyOn(access, 'createSession').mockImplementationOnce(async (...session) => {
        if (how !== 'was reset')
          await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } })
        else expect((await send('POST', `/users/${user.id}/link`, {}, root)).status).toBe(201)
        return createSession(...session)
      })
      const answer = await world.auth('/callback/credentials', form({ email: EMAIL, password: PASSWORD }))
      expect([answer.status, cookiesFrom(answer)]).toEqual([
        401,
        expect.not.stringContaining('tidemark.session='),
      ])
      expect(await access.listSessions(user.id, world.clock.now(), 1_000)).toEqual([])
    },
  )

  test('somebody without one sets it by a recent sign-in alone', async () => {
    const made = await createUser(world.ctx, {
      actor: SYSTEM,
      body: { email: 'bo@example.org', role: 'viewer', link: true },
    })
    const token = made.signInLink?.split('token=')[1] ?? ''
    const own = { cookie: cookiesFrom(await world.auth('/callback/link', form({ token }))) }
    expect(await codeOf(await send('POST', '/account/step-up', { password: PASSWORD }, own))).toBe(
      'wrong_password',
    )
    expect(await codeOf(await send('POST', '/account/password', { password: NEW_PASSWORD }, own))).toBe(200)
    expect(await (await read('/account', own)).json()).toMatchObject({ hasPassword: true })
  })
})

test('who forgot their password gets a link by an administrator of every fleet: it signs in once and a new one is set', async () => {
  const { id } = await addUser(world.ctx, 'bo@example.org', { [world.fleet]: 'admin' })
  const [own, theirs] = [await world.signIn(EMAIL), await world.signIn('bo@example.org')]
  expect(await codeOf(await send('POST', `/users/${user.id}/link`, {}, theirs))).toBe('forbidden')
  const made = await send('POST', `/users/${id}/link`, { reason: 'forgot it' }, own)
  expect(made.status).toBe(201)
  const { email, link } = (await made.json()) as { email: string; link: string }
  expect(email).toBe('bo@example.org')
  const signIn = async (password: string) =>
    (await world.auth('/callback/credentials', form({ email, password }))).status
  expect(await signIn(PASSWORD)).toBe(401)
  // Whoever was in by it is out, and could set no new one; who asks stays in.
  expect([(await read('/account', theirs)).status, (await read('/account', own)).status]).toEqual([401, 200])
  const token = link.split('token=')[1] ?? ''
  const back = { cookie: cookiesFrom(await world.auth('/callback/link', form({ token }))) }
  expect((await world.auth('/callback/link', form({ token }))).status).toBe(401)
  expect(await codeOf(await send('POST', '/account/password', { password: NEW_PASSWORD }, back))).toBe(200)
  expect(await signIn(NEW_PASSWORD)).toBe(303)
  expect((await send('POST', `/users/${user.id}/link`, {}, own)).status).toBe(201)
  expect((await read('/account', own)).status).toBe(200)
  await send('PATCH', `/users/${id}`, { disabled: true }, own)
  expect(await codeOf(await send('POST', `/users/${id}/link`, {}, own))).toBe('bad_request')
})

describe('one’s own sessions', () => {
  const items = async (cookie: { cookie: string }) =>
    (
      (await (await read('/account/sessions', cookie)).json()) as {
        items: { id: string; current: boolean }[]
      }
    ).items

  test('are listed with where they are from, and end one by one', async () => {
    const own = await world.signIn(EMAIL)
    const headers = {
      origin: ORIGIN,
      'user-agent': `Firefox\u0000<b> ${'x'.repeat(500)}`.replace('\u0000', ''),
      'x-forwarded-for': '192.0.2.9',
    }
    const other = {
      cookie: cookiesFrom(
        await world.auth('/callback/credentials', form({ email: EMAIL, password: PASSWORD }, headers)),
      ),
    }
    const listed = await items(own)
    expect(listed).toHaveLength(2)
    const theirs = listed.find(({ current }) => !current)
    expect(theirs).toMatchObject({ address: '192.0.2.9', how: 'password' })
    expect(String((theirs as unknown as { userAgent: string }).userAgent)).toHaveLength(200)
    expect(await codeOf(await send('DELETE', `/account/sessions/${theirs?.id}`, {}, own))).toBe(200)
    expect((await read('/account', other)).status).toBe(401)
    expect(await codeOf(await send('DELETE', `/account/sessions/${theirs?.id}`, {}, own))).toBe('not_found')
  })

  test('nobody ends those of another person', async () => {
    await addUser(world.ctx, 'bo@example.org', { '*': 'admin' })
    const [own, theirs] = [await world.signIn(EMAIL), await world.signIn('bo@example.org')]
    const [session] = await items(theirs)
    expect(await codeOf(await send('DELETE', `/account/sessions/${session?.id}`, {}, own))).toBe('not_found')
    expect((await read('/account', theirs)).status).toBe(200)
  })

  test('[check 16] end everywhere, or everywhere else', async () => {
    const [own, other] = [await world.signIn(EMAIL), await world.signIn(EMAIL)]
    const end = (body: object) => send('POST', '/account/sessions/end', body, own)
    expect(await (await end({ keepThis: true })).json()).toEqual({ endedSessions: 1 })
    expect([(await read('/account', own)).status, (await read('/account', other)).status]).toEqual([200, 401])
    expect(await (await end({})).json()).toEqual({ endedSessions: 1 })
    expect((await read('/account', own)).status).toBe(401)
  })

  test('[check 16] an administrator of every fleet ends somebody else’s', async () => {
    const viewer = await addUser(world.ctx, 'bo@example.org', { [world.fleet]: 'admin' })
    const [own, theirs] = [await world.signIn(EMAIL), await world.signIn('bo@example.org')]
    expect(await codeOf(await send('POST', `/users/${user.id}/end-sessions`, {}, theirs))).toBe('forbidden')
    expect(await (await send('POST', `/users/${viewer.id}/end-sessions`, {}, own)).json()).toEqual({
      endedSessions: 1,
    })
    expect((await read('/account', theirs)).status).toBe(401)
  })

  test('a key has none, and no account', async () => {
    const headers = await world.keyFor('admin')
    for (const path of ['/account', '/account/sessions'])
      expect((await world.admin(path, { headers })).status).toBe(403)
  })

  test('[check 15] a browser that signs in again leaves no session behind', async () => {
    const old = await world.signIn(EMAIL)
    const again = await world.auth(
      '/callback/credentials',
      form({ email: EMAIL, password: PASSWORD }, { origin: ORIGIN, ...old }),
    )
    expect((await read('/account', old)).status).toBe(401)
    expect(await items({ cookie: cookiesFrom(again) })).toHaveLength(1)
  })
})

describe('[check 11] the lock-out', () => {
  const attempt = (password: string, headers: Record<string, string>) =>
    world.auth('/callback/credentials', form({ email: EMAIL, password }, { origin: ORIGIN, ...headers }))

  test('of an account by strangers leaves its owner’s browser in, whose own tries run out too', async () => {
    const { cookie } = await world.signIn(EMAIL)
    for (let n = 0; n < 11; n += 1)
      await attempt('not the password at all', { 'x-forwarded-for': `192.0.2.${n}` })
    expect((await attempt(PASSWORD, {})).status).toBe(429)
    expect((await attempt(PASSWORD, { cookie, 'x-forwarded-for': '192.0.2.1' })).status).toBe(303)
    for (let n = 0; n < 10; n += 1)
      expect((await attempt('not the password at all', { cookie })).status).toBe(401)
    expect((await attempt(PASSWORD, { cookie })).status).toBe(429)
    world.clock.advance(TRIES_WINDOW_MS)
    expect((await attempt(PASSWORD, {})).status).toBe(303)
  })

  test('of an address is no lock-out of links: one that leads somewhere opens the door, those that do not count', async () => {
    const from = { origin: ORIGIN, 'x-forwarded-for': '192.0.2.77' }
    const follow = (token: string) => world.auth('/callback/link', form({ token }, from))
    for (let n = 0; n < 10; n += 1)
      expect((await attempt('not the password at all', { 'x-forwarded-for': '192.0.2.77' })).status).toBe(401)
    expect((await follow('leads nowhere')).status).toBe(429)
    const link = await makeSignInLink(world.ctx, SYSTEM, user)
    expect((await follow(link.split('token=')[1] ?? '')).status).toBe(303)
  })

  test('a forged or foreign mark of a known browser counts for nothing', async () => {
    await addUser(world.ctx, 'bo@example.org', { '*': 'viewer' })
    const foreign = (await world.signIn('bo@example.org')).cookie
    const { cookie } = await world.signIn(EMAIL)
    for (let n = 0; n < 10; n += 1)
      await attempt('not the password at all', { 'x-forwarded-for': `192.0.2.${n}` })
    const known = cookie.split('; ').find((part) => part.includes('known-browser')) ?? ''
    // Of the last letter of base64url not all bits count.
    const forged = known.slice(0, -2) + (known.at(-2) === 'A' ? 'B' : 'A') + known.slice(-1)
    for (const mark of [foreign, forged, known.replace(/=[^.]+/, '=00000000-0000-4000-8000-000000000000')])
      expect((await attempt(PASSWORD, { cookie: mark })).status).toBe(429)
    expect((await attempt(PASSWORD, { cookie: known })).status).toBe(303)
  })
})
