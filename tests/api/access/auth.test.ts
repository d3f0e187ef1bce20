import { beforeEach, describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { prepareSetUp } from '#lib/application/access/set-up.ts'
import { TRIES_WINDOW_MS } from '#lib/application/access/tries.ts'
import { changeUser } from '#lib/application/access/users.ts'
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
let world: OperatorWorld
let user: User

beforeEach(async () => {
  world = await operatorWorld()
  user = await addUser(world.ctx, EMAIL, { [world.fleet]: 'viewer' })
})

const session = async (headers: Record<string, string>) => (await world.auth('/session', { headers })).json()
const lagStatus = async (headers: Record<string, string>) =>
  (await world.admin(`/pillars/lag?fleet=${world.fleet}`, { headers })).status

describe('signing in and out', () => {
  test('by a form: HttpOnly Lax cookie, session, and out again: the old cookie is dead', async () => {
    const response = await world.auth(
      '/callback/credentials',
      form({ email: EMAIL, password: PASSWORD, callbackUrl: '/sessions?x=1' }),
    )
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/sessions?x=1')
    const set = response.headers.getSetCookie().find((line) => line.startsWith('tidemark.session='))
    expect(set).toMatch(/HttpOnly/)
    expect(set).toMatch(/SameSite=Lax/)
    const cookie = { cookie: cookiesFrom(response) }
    expect(await session(cookie)).toEqual({
      user: { id: user.id, name: EMAIL, roles: { [world.fleet]: 'viewer' } },
    })
    expect(await lagStatus(cookie)).toBe(200)

    const out = await world.auth('/signout', { method: 'POST', headers: { ...cookie, origin: ORIGIN } })
    expect(out.ok || out.status === 303).toBe(true)
    expect(out.headers.getSetCookie().some((line) => line.startsWith('tidemark.session=;'))).toBe(true)
    expect(await lagStatus(cookie)).toBe(401)
    const after = await world.auth('/session', { headers: cookie })
    expect(await after.json()).toEqual({})
    expect(after.headers.getSetCookie()).toEqual([])
  })

  test('a wrong password leads back to the form, which still leads where it was to lead', async () => {
    const back = new URLSearchParams({ callbackUrl: '/sessions?x=1' })
    const sent = form({ email: EMAIL, password: 'not this one at all', callbackUrl: '/sessions?x=1' })
    const headers = { ...(sent.headers as Record<string, string>), accept: 'text/html' }
    const response = await world.auth(`/callback/credentials?${back}`, { ...sent, headers })
    expect(response.headers.get('location')).toBe(`/sign-in?error=credentials&${back}`)
  })

  test('as a program does with next-auth: csrf first, no Origin', async () => {
    const csrf = await world.auth('/csrf')
    const { csrfToken } = (await csrf.json()) as { csrfToken: string }
    const fields = { email: EMAIL, password: PASSWORD, csrfToken, json: 'true' }
    const response = await world.auth('/callback/credentials', form(fields, { cookie: cookiesFrom(csrf) }))
    expect([response.status, await response.json()]).toEqual([200, { url: '/' }])
    expect(await lagStatus({ cookie: cookiesFrom(response) })).toBe(200)
    const forged = await world.auth(
      '/callback/credentials',
      form({ ...fields, csrfToken: 'x' }, { cookie: cookiesFrom(csrf) }),
    )
    expect(cookiesFrom(forged)).not.toContain('tidemark.session')
  })

  test('a foreign or null Origin signs nobody in and nobody out', async () => {
    const cookie = await world.signIn(EMAIL)
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:3001']) {
      const answer = await world.auth(
        '/callback/credentials',
        form({ email: EMAIL, password: PASSWORD }, { origin }),
      )
      expect([origin, answer.status, cookiesFrom(answer)]).toEqual([origin, 403, ''])
      await world.auth('/signout', { method: 'POST', headers: { ...cookie, origin } })
      expect(await lagStatus(cookie)).toBe(200)
    }
    await world.auth('/signout', { method: 'POST', headers: cookie })
    expect(await lagStatus(cookie)).toBe(200)
  })

  test('unknown and known users are refused in the same words', async () => {
    const bodies = []
    for (const email of ['nobody@example.org', EMAIL]) {
      const response = await world.auth(
        '/callback/credentials',
        form({ email, password: 'not the password at all' }),
      )
      expect(response.status).toBe(401)
      bodies.push(await response.text())
    }
    expect(bodies[0]).toBe(bodies[1])
  })

  test('a browser is sent back to the form', async () => {
    const headers = { origin: ORIGIN, accept: 'text/html,*/*' }
    const response = await world.auth(
      '/callback/credentials',
      form({ email: EMAIL, password: 'wrong' }, headers),
    )
    expect([response.status, response.headers.get('location')]).toEqual([303, '/sign-in?error=credentials'])
    // The address that was typed comes back to the form alone, and what is no address to none.
    const kept = (answer: Response) =>
      answer.headers.getSetCookie().filter((line) => line.startsWith('tidemark.typed-email='))
    expect(kept(response)).toEqual([
      `tidemark.typed-email=${encodeURIComponent(EMAIL)}; Path=/sign-in; Max-Age=300; HttpOnly; SameSite=Strict`,
    ])
    const mistyped = form({ email: 'my secret words', password: 'wrong' }, headers)
    expect(kept(await world.auth('/callback/credentials', mistyped))).toEqual([])
  })

  test('ten bad ones are 429, whatever X-Forwarded-For says, and not for ever', async () => {
    const attempt = (password: string, n: number) =>
      world.auth(
        '/callback/credentials',
        form({ email: EMAIL, password }, { origin: ORIGIN, 'x-forwarded-for': `192.0.2.${n}` }),
      )
    for (let n = 0; n < 10; n += 1) expect((await attempt('not the password at all', n)).status).toBe(401)
    const refused = await attempt(PASSWORD, 11)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([
      429,
      String(TRIES_WINDOW_MS / 1_000),
    ])
    world.clock.advance(TRIES_WINDOW_MS)
    expect((await attempt(PASSWORD, 12)).status).toBe(303)
  })

  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '\\\\evil.example',
  ])('callbackUrl %s leads nowhere else', async (callbackUrl) => {
    const response = await world.auth(
      '/callback/credentials',
      form({ email: EMAIL, password: PASSWORD, callbackUrl }),
    )
    expect(response.headers.get('location')).toBe('/')
  })

  test('a session id that came with the request is not taken over', async () => {
    const old = await world.signIn(EMAIL)
    const response = await world.auth(
      '/callback/credentials',
      form({ email: EMAIL, password: PASSWORD }, { origin: ORIGIN, ...old }),
    )
    expect(cookiesFrom(response)).not.toBe(old.cookie)
  })

  test('disabling ends the session at once, demotion changes it at once', async () => {
    await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
    const cookie = await world.signIn(EMAIL)
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { role: null, fleet: world.fleet } })
    expect(await lagStatus(cookie)).toBe(403)
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } })
    expect(await lagStatus(cookie)).toBe(401)
  })

  test('a one-time link signs in once', async () => {
    const token = (await makeSignInLink(world.ctx, SYSTEM, user)).split('token=')[1] ?? ''
    const response = await world.auth('/callback/link', form({ token }))
    expect([response.status, response.headers.get('location')]).toEqual([303, '/'])
    expect(await lagStatus({ cookie: cookiesFrom(response) })).toBe(200)
    expect((await world.auth('/callback/link', form({ token }))).status).toBe(401)
  })

  test.each([
    'POST /session',
    'POST /_log',
    'GET /callback/credentials',
    'POST /signin/credentials',
    'GET /verify-request',
    'POST /csrf',
  ])('%s is not served', async (row) => {
    const [method = '', path = ''] = row.split(' ')
    const init = method === 'POST' ? form({}) : {}
    expect((await world.auth(path, init)).status).toBe(404)
  })

  test('an outage is not a wrong password', async () => {
    world.ctx.storage.access.findUserByEmail = () =>
      Promise.reject(Object.assign(new Error('away'), { code: 'storage_unavailable' }))
    const response = await world.auth('/callback/credentials', form({ email: EMAIL, password: PASSWORD }))
    expect(response.status).toBe(503)
  })
})

describe('set-up', () => {
  test('20 claims at once: one account, 19 times 410', async () => {
    const setUp = await prepareSetUp(world.ctx, { email: null, password: null })
    const token = setUp.kind === 'link' ? (setUp.path.split('token=')[1] ?? '') : ''
    const claim = (n: number) =>
      world.auth(
        '/set-up',
        jsonBody('POST', { token, email: `admin-${n}@example.org`, password: PASSWORD }, {}),
      )
    const statuses = (await Promise.all(Array.from({ length: 20 }, (_, n) => claim(n)))).map(
      ({ status }) => status,
    )
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, ...Array.from({ length: 19 }, () => 410)])
    expect((await claim(30)).status).toBe(410)
  })

  test('a form with a weak password comes back with its token', async () => {
    const headers = { origin: ORIGIN, accept: 'text/html' }
    const response = await world.auth(
      '/set-up',
      form({ token: 'abc', email: EMAIL, password: 'short' }, headers),
    )
    expect(response.headers.get('location')).toBe('/set-up?token=abc&error=bad_request')
  })
})
