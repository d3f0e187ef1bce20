import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { AuthSettings } from '#lib/application/access/auth-settings.ts'
import { DENIALS_WRITTEN_PER_MINUTE } from '#lib/application/audit/denials.ts'
import { createOidc, PROVIDER_RETRY_MS } from '#lib/application/access/oidc.ts'
import { createEgress } from '#lib/application/egress/post-json.ts'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import { invite } from '#lib/application/access/invite.ts'
import { changeUser, createUser, removeUser } from '#lib/application/access/users.ts'
import { answerAuth } from '#lib/http/admin/auth-route.ts'
import { err } from '#lib/kernel/result.ts'
import type { User } from '#lib/storage/ports.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import { oidcServer, type OidcServer, type Told } from '#tests/support/oidc-world.ts'
import {
  cookiesFrom,
  form,
  jsonBody,
  operatorWorld,
  ORIGIN,
  SETTINGS,
  type OperatorWorld,
} from '#tests/support/operator-world.ts'

/** A person signs in through a provider that runs in a process of its own; each wrong answer of it is refused. */
const EMAIL = 'ana@example.org'
const ANA: Told = { account: { sub: 'ana-1', email: EMAIL, email_verified: true } }
let provider: OidcServer
let settings: AuthSettings
let world: OperatorWorld
let user: User

beforeAll(async () => {
  // As composition.ts tells it.
  vi.stubEnv('NEXTAUTH_URL', `${ORIGIN}/api/auth`)
  provider = await oidcServer(ORIGIN)
  settings = { ...SETTINGS, oidc: provider.oidc }
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await provider.stop()
})
beforeEach(async () => {
  world = await operatorWorld()
  user = await addUser(world.ctx, EMAIL, { '*': 'admin' })
  await provider.tell(ANA)
})

const auth = (path: string, init?: RequestInit) =>
  answerAuth(world.ctx, settings, new Request(`${ORIGIN}/api/auth${path}`, init))

/** The way to the provider: where it leads, and what the browser keeps meanwhile. */
async function begin(fields: Record<string, string> = {}) {
  const answer = await auth('/signin/oidc', form({ callbackUrl: '/devices?x=1', ...fields }))
  return { to: answer.headers.get('location') ?? '', cookie: cookiesFrom(answer), answer }
}
const comeBack = (url: URL, cookie: string, headers: Record<string, string> = {}) =>
  auth(`/callback/oidc${url.search}`, { headers: { cookie, ...headers } })
async function signIn(fields?: Record<string, string>) {
  const { to, cookie } = await begin(fields)
  return comeBack(await provider.visit(to), cookie)
}
const sessionOf = async (answer: Response) =>
  (await auth('/session', { headers: { cookie: cookiesFrom(answer) } })).json()
const denials = async () => {
  const { items } = await world.ctx.storage.audit.list(
    { fleetId: null, action: 'session.start' },
    { limit: 50, cursor: null },
  )
  return items.filter(({ outcome }) => outcome === 'denied').map(({ after }) => after)
}
async function expectRefused(answer: Response): Promise<void> {
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([401, 'unauthorized'])
  expect(cookiesFrom(answer)).not.toContain('tidemark.session')
  expect(await denials()).toEqual([{ how: 'oidc' }])
}

describe('[check 19] a sign-in by OpenID Connect', () => {
  test('asks with PKCE, state and nonce, and lets in who was invited, where they wanted to go', async () => {
    const { to, cookie } = await begin()
    const asked = Object.fromEntries(new URL(to).searchParams)
    expect(asked).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${ORIGIN}/api/auth/callback/oidc`,
    })
    expect(
      [asked['state'], asked['nonce'], asked['code_challenge']].map((text) => text?.length ?? 0),
    ).toEqual([43, 43, 43])
    const answer = await comeBack(await provider.visit(to), cookie)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/devices?x=1'])
    expect(await sessionOf(answer)).toEqual({ user: { id: user.id, name: EMAIL, roles: { '*': 'admin' } } })
    for (const name of ['state', 'nonce', 'pkce'])
      expect(
        answer.headers.getSetCookie().find((line) => line.startsWith(`tidemark.oidc-${name}=;`)),
      ).toMatch(/Max-Age=0/)
    const linked = await world.ctx.storage.access.listIdentities(user.id)
    expect(linked).toMatchObject([{ issuer: provider.issuer, subject: 'ana-1', userId: user.id }])
  })

  test('lets in who has an open invitation by that e-mail, verified, with its roles: once', async () => {
    const body = { email: 'Grace@example.org', roles: { [world.fleet]: 'operator' } }
    await invite(world.ctx, { actor: SYSTEM, body })
    const grace = { sub: 'grace-1', email: 'grace@example.org' }
    await provider.tell({ account: { ...grace, email_verified: false } })
    expect(await sessionOf(await signIn())).toEqual({})
    await provider.tell({ account: { ...grace, email_verified: true } })
    expect(await sessionOf(await signIn())).toMatchObject({
      user: { roles: { [world.fleet]: 'operator' } },
    })
    const [invitation] = await world.ctx.storage.invitations.list(null)
    expect(invitation?.acceptedAtMs).not.toBeNull()
    await provider.tell({ account: { sub: 'mallory-1', email: 'mallory@example.org', email_verified: true } })
    expect(await sessionOf(await signIn())).toEqual({})

    const { id = '' } = (await world.ctx.storage.access.findUserByEmail('grace@example.org')) ?? {}
    await removeUser(world.ctx, { actor: SYSTEM, id, body: {} })
    await provider.tell({ account: { ...grace, email_verified: true } })
    expect(await sessionOf(await signIn())).toEqual({})
    await invite(world.ctx, { actor: SYSTEM, body: { ...body, roles: { [world.fleet]: 'viewer' } } })
    expect(await sessionOf(await signIn())).toMatchObject({
      user: { id, roles: { [world.fleet]: 'viewer' } },
    })
  })

  test('goes by issuer and subject from then on, whatever the e-mail says', async () => {
    await signIn()
    await addUser(world.ctx, 'bo@example.org', { '*': 'admin' })
    await provider.tell({ account: { sub: 'ana-1', email: 'bo@example.org', email_verified: false } })
    expect(await sessionOf(await signIn())).toMatchObject({ user: { id: user.id } })
    // Her address went to somebody else at the provider: they are not her.
    await provider.tell({ account: { sub: 'ana-2', email: EMAIL, email_verified: true } })
    await expectRefused(await signIn())
  })

  test('links one person once, when two of her browsers come at the same time', async () => {
    const answers = await Promise.all([signIn(), signIn()])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
  })

  test('sends a browser on by a page, since a form may not lead to another host', async () => {
    const sent = form({ callbackUrl: '/' })
    const headers = { ...(sent.headers as Record<string, string>), accept: 'text/html' }
    const answer = await auth('/signin/oidc', { ...sent, headers })
    const page = await answer.text()
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page).toContain(`content="0;url=${provider.issuer}/auth?`)
  })

  test('leads to no other site afterwards', async () => {
    const answer = await signIn({ callbackUrl: 'https://evil.example/' })
    expect(answer.headers.get('location')).toBe('/')
  })
})

describe('[check 19] refused is', () => {
  const from = { 'x-forwarded-for': '192.0.2.1' }
  const wrong = new URL(`${ORIGIN}/?code=x&state=y`)

  test('a state that is not the browser’s own', async () => {
    const { to, cookie } = await begin()
    const url = await provider.visit(to)
    url.searchParams.set('state', 'x'.repeat(43))
    await expectRefused(await comeBack(url, cookie))
  })

  test.each(['nonce', 'pkce'])('an answer without the cookie of the %s', async (name) => {
    const { to, cookie } = await begin()
    const others = cookie.split('; ').filter((part) => !part.startsWith(`tidemark.oidc-${name}=`))
    expect(others).toHaveLength(cookie.split('; ').length - 1)
    await expectRefused(await comeBack(await provider.visit(to), others.join('; ')))
  })

  test('an answer that another browser asked for', async () => {
    const [theirs, own] = [await begin(), await begin()]
    await expectRefused(await comeBack(await provider.visit(theirs.to), own.cookie))
  })

  test.each(['nonce', 'pkce'])('the %s of another sign-in', async (name) => {
    const [other, own] = [await begin(), await begin()]
    const cookieOf = (cookie: string) =>
      cookie.split('; ').find((part) => part.startsWith(`tidemark.oidc-${name}=`)) ?? ''
    const mixed = own.cookie.replace(cookieOf(own.cookie), cookieOf(other.cookie))
    await expectRefused(await comeBack(await provider.visit(own.to), mixed))
  })

  test('a code that was used', async () => {
    const { to, cookie } = await begin()
    const url = await provider.visit(to)
    expect((await comeBack(url, cookie)).status).toBe(303)
    await expectRefused(await comeBack(url, cookie))
  })

  test.each([
    ['a nonce that was not asked for', { claims: { nonce: 'another' } }],
    ['a token for another client', { claims: { aud: 'another' } }],
    ['a token of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['a token that has expired', { claims: { exp: 1_000 } }],
    ['a token under another key', { key: 'another' }],
    ['a token about another person than userinfo', { claims: { sub: 'root' } }],
    ['an e-mail that is not verified', { claims: { email: EMAIL, email_verified: false } }],
    ['an e-mail of nobody here', { claims: { email: 'nobody@example.org', email_verified: true } }],
    ['a subject that is too long', { claims: { sub: 'x'.repeat(256), email: EMAIL, email_verified: true } }],
  ] as const)('%s', async (_, changed) => {
    await provider.tell({ ...ANA, ...changed })
    await expectRefused(await signIn())
    expect(await world.ctx.storage.access.listIdentities(user.id)).toEqual([])
  })

  test('an e-mail that the provider says nothing of', async () => {
    await provider.tell({ account: { sub: 'ana-1', email: EMAIL } })
    await expectRefused(await signIn())
  })

  test('a person who is disabled, linked before or not', async () => {
    await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } })
    await expectRefused(await signIn())
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { disabled: false } })
    expect((await signIn()).status).toBe(303)
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } })
    expect((await signIn()).status).toBe(401)
  })

  test('who was removed, and whom another one of the same e-mail follows', async () => {
    await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
    expect((await signIn()).status).toBe(303)
    await removeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { reason: 'left the crew' } })
    await createUser(world.ctx, { actor: SYSTEM, body: { email: EMAIL, role: 'admin' } })
    // The address is another one's at the provider by now, who comes first.
    await provider.tell({ account: { sub: 'ana-2', email: EMAIL, email_verified: true } })
    expect((await signIn()).status).toBe(303)
    await provider.tell(ANA)
    await expectRefused(await signIn())
  })

  test('what the provider itself refused; a browser is led back with words', async () => {
    const { cookie } = await begin()
    const url = new URL(`${ORIGIN}/?error=access_denied&state=x`)
    const answer = await comeBack(url, cookie, { accept: 'text/html' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in?error=oidc'])
  })

  test.each(['https://evil.example', 'null'])('[check 20] a beginning from Origin %s', async (origin) => {
    const answer = await auth('/signin/oidc', form({}, { origin }))
    expect([answer.status, cookiesFrom(answer)]).toEqual([403, ''])
  })

  test('any of it where no provider is named', async () => {
    for (const [path, init] of [
      ['/signin/oidc', form({})],
      ['/callback/oidc', {}],
    ] as const)
      expect((await world.auth(path, init)).status).toBe(404)
  })

  test('[check 11] an eleventh bad answer from one address', async () => {
    const { cookie } = await begin()
    for (let n = 0; n < 10; n += 1) expect((await comeBack(wrong, cookie, from)).status).toBe(401)
    expect((await comeBack(wrong, cookie, from)).status).toBe(429)
    expect((await comeBack(wrong, cookie, { 'x-forwarded-for': '192.0.2.2' })).status).toBe(401)
  })

  test('[check 11] an answer that this browser never asked for, which shuts nobody out', async () => {
    for (let n = 0; n < 25; n += 1) expect((await comeBack(wrong, '', from)).status).toBe(401)
    expect((await auth('/signin/oidc', form({}, { origin: ORIGIN, ...from }))).status).toBe(303)
    const { items } = await world.ctx.storage.audit.list(
      { fleetId: null, action: 'GET /api/auth/callback/oidc' },
      { limit: 50, cursor: null },
    )
    // The rest of the minute is told by one entry of their number.
    expect(items).toHaveLength(DENIALS_WRITTEN_PER_MINUTE)
  })

  test('[check 11] nobody at a browser that signed in before, whatever others of its address do', async () => {
    const known = cookiesFrom(await signIn())
      .split('; ')
      .filter((part) => part.startsWith('tidemark.known-browser='))
      .join()
    const { cookie } = await begin()
    for (let n = 0; n < 11; n += 1) await comeBack(wrong, cookie, from)
    expect((await auth('/signin/oidc', form({}, { origin: ORIGIN, ...from }))).status).toBe(429)
    const again = { origin: ORIGIN, cookie: known, ...from }
    const begun = await auth('/signin/oidc', form({ callbackUrl: '/' }, again))
    const url = await provider.visit(begun.headers.get('location') ?? '')
    const back = await comeBack(url, `${cookiesFrom(begun)}; ${known}`, from)
    expect([begun.status, back.status]).toEqual([303, 303])
    const [id = '', until = '', anybody = '', sum = ''] = known.split('.')
    const other = anybody.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    const forged = { ...again, cookie: [id, until, other, sum].join('.') }
    expect((await auth('/signin/oidc', form({}, forged))).status).toBe(429)
  })
})

describe('a provider that is away', () => {
  const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]

  test('says so, at the beginning and at the end, and lets nobody in', async () => {
    const oidc = createOidc(
      provider.oidc,
      { refusal: () => null, get: () => Promise.resolve(err('no route to it')) },
      world.clock,
    )
    const request = new Request(`${ORIGIN}/api/auth/signin/oidc`, form({}))
    expect(await codeOf(await answerAuth(world.ctx, { ...settings, oidc }, request))).toEqual([
      503,
      'provider_unavailable',
    ])
    const { to, cookie } = await begin()
    const url = await provider.visit(to)
    await provider.tell({ ...ANA, status: 502 })
    expect(await codeOf(await comeBack(url, cookie))).toEqual([503, 'provider_unavailable'])
  })

  test('[check 11] locks nobody out: the try at it is not held against the address', async () => {
    const from = { 'x-forwarded-for': '192.0.2.1' }
    const oidc = createOidc(
      provider.oidc,
      { refusal: () => null, get: () => Promise.resolve(err('no route to it')) },
      world.clock,
    )
    for (let n = 0; n < 11; n += 1) {
      const request = new Request(`${ORIGIN}/api/auth/signin/oidc`, form({}, { origin: ORIGIN, ...from }))
      expect((await answerAuth(world.ctx, { ...settings, oidc }, request)).status).toBe(503)
    }
    const begun = []
    for (let n = 0; n < 11; n += 1) begun.push(await begin())
    await provider.tell({ ...ANA, status: 502 })
    for (const { to, cookie } of begun)
      expect((await comeBack(await provider.visit(to), cookie, from)).status).toBe(503)
    const init = form({ email: EMAIL, password: PASSWORD }, { origin: ORIGIN, ...from })
    expect((await auth('/callback/credentials', init)).headers.get('location')).toBe('/')
  })

  test('is asked once by any number at a time, and again half a minute after it failed', async () => {
    const answers = [
      err('no route to it'),
      { ok: true, value: { status: 502, body: '', retryAfter: null } },
    ] as const
    let asked = 0
    const get = async () => {
      asked += 1
      await Promise.resolve()
      const answer = answers[asked - 1]
      if (answer) return answer
      if (asked === 3) throw new Error('broken')
      return fetched(`${provider.issuer}/.well-known/openid-configuration`)
    }
    const oidc = createOidc(provider.oidc, { refusal: () => null, get }, world.clock)
    const many = () => Promise.all(Array.from({ length: 5 }, () => oidc.places()))
    for (const [n, error] of ['no route to it', 'it answered 502'].entries()) {
      for (const found of [...(await many()), ...(await many())]) expect(found).toEqual({ ok: false, error })
      world.clock.advance(PROVIDER_RETRY_MS - 1)
      expect([(await oidc.places()).ok, asked]).toEqual([false, n + 1])
      world.clock.advance(1)
    }
    // What was no answer at all is not kept.
    await expect(oidc.places()).rejects.toThrow('broken')
    for (const found of [...(await many()), ...(await many())]) expect(found.ok).toBe(true)
    expect(asked).toBe(4)
  })

  test('is not taken for another one that answers in its place', async () => {
    const oidc = createOidc(
      { ...provider.oidc, issuer: `${provider.issuer}/` },
      {
        refusal: () => null,
        get: () =>
          provider.oidc.places().then(() => fetched(`${provider.issuer}/.well-known/openid-configuration`)),
      },
      world.clock,
    )
    expect(await oidc.places()).toEqual({ ok: false, error: `it calls itself ${provider.issuer}` })
  })
})

describe('[check 40] a provider whose document leads elsewhere', () => {
  const issuer = 'https://id.example.org'
  const told = (changed: object, from = issuer) => {
    const egress = createEgress(new EgressGuard([new URL(from).host]))
    const body = JSON.stringify({
      issuer: from,
      authorization_endpoint: `${from}/auth`,
      token_endpoint: `${from}/token`,
      userinfo_endpoint: `${from}/me`,
      jwks_uri: `${from}/keys`,
      ...changed,
    })
    const get = () => Promise.resolve({ ok: true, value: { status: 200, body, retryAfter: null } } as const)
    const client = { issuer: from, clientId: 'a', clientSecret: 'b', name: 'c', scopes: 'openid email' }
    return createOidc(client, { get, refusal: egress.refusal }, world.clock).places()
  }

  test.each(['token_endpoint', 'userinfo_endpoint', 'jwks_uri'])('in %s is not followed', async (name) => {
    for (const url of [
      'http://127.0.0.1:8200/v1',
      'https://127.0.0.1/x',
      'https://169.254.169.254/latest',
      'https://vault.internal/x',
      'http://id.example.org/token',
    ])
      expect(await told({ [name]: url })).toMatchObject({ ok: false, error: expect.stringContaining(url) })
    const other = await told({ [name]: 'https://keys.example.com/x' })
    expect(other.ok).toBe(true)
  })

  test('to where people would sign in in the clear is not followed', async () => {
    expect((await told({ authorization_endpoint: 'http://id.example.org/auth' })).ok).toBe(false)
  })

  test('on this machine may only name itself', async () => {
    const local = 'http://127.0.0.1:8080'
    expect((await told({}, local)).ok).toBe(true)
    expect((await told({ token_endpoint: 'http://127.0.0.2:8080/token' }, local)).ok).toBe(false)
    expect((await told({ token_endpoint: 'http://127.0.0.1:8200/v1' }, local)).ok).toBe(false)
  })
})

async function fetched(url: string) {
  const answer = await fetch(url)
  return { ok: true, value: { status: answer.status, body: await answer.text(), retryAfter: null } } as const
}

describe('[check 18] dangerous acts of who signed in by a provider', () => {
  const makeKey = async (cookie: string) => {
    const init = jsonBody('POST', { name: 'ci', role: 'viewer' }, { cookie, origin: ORIGIN })
    return (await world.admin('/api-keys', init)).status
  }

  test('wait until it says when it last asked: a fresh sign-in asks it to', async () => {
    const first = await signIn()
    expect(await makeKey(cookiesFrom(first))).toBe(403)
    const { to, cookie } = await begin({ fresh: '1' })
    const asked = new URL(to).searchParams
    expect([asked.get('prompt'), asked.get('max_age')]).toEqual(['login', '0'])
    const again = await comeBack(await provider.visit(to), `${cookie}; ${cookiesFrom(first)}`)
    expect(await makeKey(cookiesFrom(again))).toBe(201)
    // The session of before is gone.
    expect(await makeKey(cookiesFrom(first))).toBe(401)
  })

  test('stay shut when it asked long ago', async () => {
    await provider.tell({ ...ANA, claims: { auth_time: Math.floor(Date.now() / 1_000) - 31 * 60 } })
    expect(await makeKey(cookiesFrom(await signIn({ fresh: '1' })))).toBe(403)
  })
})
