import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { AuthSettings } from '#lib/application/access/auth-settings.ts'
import { invite } from '#lib/application/access/invite.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { SESSION_IDLE_MS, SESSION_LIFE_MS } from '#lib/application/access/sessions.ts'
import { prepareSetUp, SET_UP_LINK_LIFE_MS } from '#lib/application/access/set-up.ts'
import { TRIES_WINDOW_MS } from '#lib/application/access/tries.ts'
import { changeUser, createUser, removeUser } from '#lib/application/access/users.ts'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { answerAuth } from '#lib/http/admin/auth-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import type { User } from '#lib/storage/ports.ts'
import { addUser, PASSWORD } from '#tests/support/access-world.ts'
import {
  cookiesFrom,
  form,
  jsonBody,
  operatorWorld,
  ORIGIN,
  SETTINGS,
  type OperatorWorld,
} from '#tests/support/operator-world.ts'

/** Checks 9 to 17 and 20 of the list of security checks, over the wire; 18 and 19 have files of their own. */
const EMAIL = 'ana@example.org'
let world: OperatorWorld

beforeEach(async () => {
  world = await operatorWorld()
})

const tokenOf = (link: string): string => new URL(link, ORIGIN).searchParams.get('token') ?? ''
const attempt = (email: string, password: string, headers: Record<string, string> = {}) =>
  world.auth('/callback/credentials', form({ email, password }, { origin: ORIGIN, ...headers }))

describe('[check 9] a fresh install', () => {
  const claim = (token: string, n = 0) =>
    world.auth(
      '/set-up',
      jsonBody('POST', { token, email: `admin-${n}@example.org`, password: PASSWORD }, {}),
    )
  const setUpLink = async (): Promise<string> => {
    const setUp = await prepareSetUp(world.ctx, { email: null, password: null })
    if (setUp.kind !== 'link') throw new Error(`there is no link but ${setUp.kind}`)
    expect(setUp.expiresAtMs - world.clock.now()).toBe(SET_UP_LINK_LIFE_MS)
    return tokenOf(setUp.path)
  }

  test('has no account, and whatever is typed opens nothing', async () => {
    expect(await world.ctx.storage.access.listUsers()).toEqual([])
    for (const [email, password] of [
      ['admin', 'admin'],
      ['admin@example.org', 'password'],
      ['admin@example.org', ''],
      ['', ''],
    ] as const)
      expect((await attempt(email, password)).status).toBe(401)
  })

  test('gives its link to one of 20 that claim it at the same time; then it is gone', async () => {
    const token = await setUpLink()
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => claim(token, n)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      201,
      ...Array.from({ length: 19 }, () => 410),
    ])
    expect(await world.ctx.storage.access.listUsers()).toHaveLength(1)
    expect((await claim(token, 30)).status).toBe(410)
    expect(await prepareSetUp(world.ctx, { email: null, password: null })).toEqual({ kind: 'done' })
  })

  test('takes its link for 30 minutes, and no other text for one', async () => {
    expect(SET_UP_LINK_LIFE_MS).toBe(30 * 60_000)
    const token = await setUpLink()
    for (const other of [`${token}0`, token.toUpperCase(), 'x'])
      if (other !== token) expect((await claim(other)).status).toBe(410)
    world.clock.advance(SET_UP_LINK_LIFE_MS)
    expect((await claim(token)).status).toBe(410)
    expect(await world.ctx.storage.access.listUsers()).toEqual([])
  })

  test('[check 10] nor a password that is too short, common, or one’s own e-mail', async () => {
    const token = await setUpLink()
    for (const password of ['fourteen chars', 'password12345678', 'admin-0@example.org', 'x'.repeat(257)]) {
      const body = { token, email: 'admin-0@example.org', password }
      const answer = await world.auth('/set-up', jsonBody('POST', body, {}))
      expect([password, answer.status]).toEqual([password, 400])
      expect(
        ((await answer.json()) as { errors: { path: string }[] }).errors.map((one) => one.path),
      ).toContain('/password')
    }
    const long = 'every morning 64 geese and more walk over the wet runway to the sea'
    const answer = await world.auth(
      '/set-up',
      jsonBody('POST', { token, email: 'admin-0@example.org', password: long }, {}),
    )
    expect(answer.status).toBe(201)
  })

  test('a sign-in link makes no administrator', async () => {
    const user = await addUser(world.ctx, EMAIL, {})
    const token = tokenOf(await makeSignInLink(world.ctx, SYSTEM, user))
    expect((await claim(token)).status).toBe(410)
  })

  test('nothing that is shipped has a password in it', async () => {
    const found: string[] = []
    for (const folder of ['app', 'components', 'lib', 'ops', 'prisma', 'scripts'])
      for (const file of await readdir(folder, { recursive: true, withFileTypes: true }))
        if (file.isFile() && /\.(ts|tsx|mjs|js|sql|ya?ml|json|env|conf)$/.test(file.name)) {
          const name = path.join(file.parentPath, file.name)
          if (name.includes('generated')) continue
          const text = await readFile(name, 'utf8')
          // A password that is written down, or a row of an account.
          const hits = text.match(
            /(?<![\w$])password['"]?\s*[:=]\s*['"`][^'"`$\s{}<]{4,}['"`]|INSERT INTO "?app_user"? .*VALUES \('/gi,
          )
          for (const hit of hits ?? []) found.push(`${name}: ${hit}`)
        }
    expect(found).toEqual([])
  })
})

describe('[check 10] one’s own e-mail or name is no password', () => {
  const email = 'grace.hopper.murray@example.org'
  const name = 'Brewster Murray Hopper'
  type Door = (body: { email?: string; name: string; password: string }) => Promise<Response>
  const doors: Record<string, () => Promise<Door>> = {
    'at the set-up': async () => {
      const setUp = await prepareSetUp(world.ctx, { email: null, password: null })
      const token = tokenOf(setUp.kind === 'link' ? setUp.path : '')
      return (body) => world.auth('/set-up', jsonBody('POST', { token, email, ...body }, {}))
    },
    'by an invitation': async () => {
      const { link } = await invite(world.ctx, { actor: SYSTEM, body: { email, roles: { '*': 'viewer' } } })
      return (body) => world.auth('/invitation', jsonBody('POST', { token: tokenOf(link), ...body }, {}))
    },
    'of a user whom an administrator makes': async () => {
      await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
      const as = { ...(await world.signIn('root@example.org')), origin: ORIGIN }
      return (body) => world.admin('/users', jsonBody('POST', { email, role: 'viewer', ...body }, as))
    },
  }

  test.each(Object.entries(doors))('%s', async (_, open) => {
    const ask = await open()
    for (const password of [email, email.toUpperCase(), `${name}1`, 'murray-hopper-123']) {
      const answer = await ask({ name, password })
      expect([password, answer.status]).toEqual([password, 400])
      expect(await answer.json()).toMatchObject({
        errors: [{ path: '/password', message: 'is mostly your own name or e-mail' }],
      })
    }
    expect(await world.ctx.storage.access.findUserByEmail(email)).toBeNull()
    expect((await ask({ name, password: PASSWORD })).status).toBe(201)
  })
})

describe('[check 11] bad tries', () => {
  test('ten by account are 429 with the time to wait, whatever X-Forwarded-For says, and never for good', async () => {
    await addUser(world.ctx, EMAIL, { '*': 'viewer' })
    for (let n = 0; n < 10; n += 1)
      expect(
        (await attempt(EMAIL, 'not the password at all', { 'x-forwarded-for': `192.0.2.${n}` })).status,
      ).toBe(401)
    for (let round = 0; round < 3; round += 1) {
      const refused = await attempt(EMAIL, PASSWORD, {
        'x-forwarded-for': `198.51.100.${round}, 203.0.113.${round}`,
      })
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(TRIES_WINDOW_MS / 1_000)
      world.clock.advance(60_000)
    }
    world.clock.advance(TRIES_WINDOW_MS - 180_000)
    expect((await attempt(EMAIL, PASSWORD)).status).toBe(303)
  })

  test.each([
    ['an address', (n: number) => `6.6.6.${n}, 192.0.2.1`],
    [
      'a network of IPv6, whose every address is one household’s',
      (n: number) => `2001:db8:1:2:${n + 1}::${n}`,
    ],
  ])('ten from %s shut it for every account, and no other one', async (_, from) => {
    await addUser(world.ctx, EMAIL, { '*': 'viewer' })
    for (let n = 0; n < 10; n += 1)
      await attempt(`nobody-${n}@example.org`, 'not the password at all', { 'x-forwarded-for': from(n) })
    expect((await attempt(EMAIL, PASSWORD, { 'x-forwarded-for': from(11) })).status).toBe(429)
    for (const other of ['192.0.2.2', '2001:db8:1:3::1'])
      expect((await attempt(EMAIL, PASSWORD, { 'x-forwarded-for': other })).status).toBe(303)
  })

  test('a browser is told how many minutes are left', async () => {
    for (let n = 0; n < 10; n += 1) await attempt(EMAIL, 'not the password at all')
    world.clock.advance(TRIES_WINDOW_MS - 100_000)
    const refused = await attempt(EMAIL, PASSWORD, { accept: 'text/html' })
    expect(refused.headers.get('location')).toBe('/sign-in?error=rate_limited&minutes=2')
  })

  test('of links are counted as well', async () => {
    const from = { origin: ORIGIN, 'x-forwarded-for': '192.0.2.9' }
    for (let n = 0; n < 10; n += 1)
      expect((await world.auth('/callback/link', form({ token: 'x' }, from))).status).toBe(401)
    expect((await world.auth('/callback/link', form({ token: 'x' }, from))).status).toBe(429)
  })
})

test('[check 12] unknown, known, disabled and without a password: the same answer to the byte', async () => {
  await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
  await addUser(world.ctx, EMAIL, { '*': 'viewer' })
  const { id } = await addUser(world.ctx, 'disabled@example.org', { '*': 'viewer' })
  await changeUser(world.ctx, { actor: SYSTEM, id, body: { disabled: true } })
  await createUser(world.ctx, { actor: SYSTEM, body: { email: 'link-only@example.org', role: 'viewer' } })
  const told = []
  for (const [email, password] of [
    ['nobody@example.org', PASSWORD],
    [EMAIL, 'not the password at all'],
    ['disabled@example.org', PASSWORD],
    ['link-only@example.org', PASSWORD],
  ] as const) {
    const answer = await attempt(email, password)
    told.push(JSON.stringify([answer.status, [...answer.headers], await answer.text()]))
  }
  expect(new Set(told).size).toBe(1)
})

describe('[check 14] cookies', () => {
  const HTTPS: AuthSettings = { ...SETTINGS, origin: 'https://sync.example.org' }

  test('of an https server are __Host-, Secure, HttpOnly and Lax, each one, and of a session it has', async () => {
    const { ctx } = world
    await addUser(ctx, EMAIL, { '*': 'viewer' })
    const call = (way: string, init?: RequestInit) =>
      answerAuth(ctx, HTTPS, new Request(`${HTTPS.origin}/api/auth${way}`, init))
    const csrf = await call('/csrf')
    const signedIn = await call(
      '/callback/credentials',
      form({ email: EMAIL, password: PASSWORD }, { origin: HTTPS.origin }),
    )
    const lines = [csrf, signedIn].flatMap((answer) => answer.headers.getSetCookie())
    expect(lines.map((line) => line.split('=')[0]).toSorted()).toEqual(
      expect.arrayContaining([
        '__Host-tidemark.csrf-token',
        '__Host-tidemark.known-browser',
        '__Host-tidemark.session',
      ]),
    )
    for (const line of lines) {
      expect(line).toMatch(/^__Host-/)
      for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/'])
        expect(line.split('; '), line).toContain(attribute)
      expect(line).not.toMatch(/Domain=/i)
    }
    const asked = (cookie: string) =>
      answerAdmin(
        ctx,
        HTTPS,
        ADMIN_ROUTES,
        new Request(`${HTTPS.origin}/api/admin/v1/fleets`, { headers: { cookie } }),
      )
    const cookie = cookiesFrom(signedIn)
    expect((await asked(cookie)).status).toBe(200)
    // Another host of the domain, or http, could have set one without the prefix.
    expect((await asked(cookie.replaceAll('__Host-', ''))).status).toBe(401)
  })

  test('hold nothing about the person', async () => {
    await addUser(world.ctx, EMAIL, { '*': 'viewer' })
    const { cookie } = await world.signIn(EMAIL)
    const bytes = cookie.split(/[=.;\s|]+/).map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    expect([cookie, ...bytes].join(' ')).not.toMatch(/ana|example|viewer|scrypt/)
  })
})

describe('[check 15] no fixation', () => {
  test('a session that came with the request, one’s own or another’s, is not the one that begins', async () => {
    await addUser(world.ctx, EMAIL, { '*': 'viewer' })
    await addUser(world.ctx, 'evil@example.org', { '*': 'viewer' })
    const planted = await world.signIn('evil@example.org')
    const answer = await attempt(EMAIL, PASSWORD, planted)
    expect(cookiesFrom(answer)).not.toContain(
      planted.cookie.split('; ').find((part) => part.includes('session')) ?? '?',
    )
    const session = async (cookie: string) => (await world.auth('/session', { headers: { cookie } })).json()
    expect(await session(cookiesFrom(answer))).toMatchObject({ user: { name: EMAIL } })
    // Whoever planted it is signed out, and is nobody.
    expect(await session(planted.cookie)).toEqual({})
  })
})

describe('[check 16] an old cookie', () => {
  let user: User
  let cookie: { cookie: string }
  const status = async (way = `/devices?fleet=${world.fleet}`) =>
    (await world.admin(way, { headers: cookie })).status
  beforeEach(async () => {
    await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
    user = await addUser(world.ctx, EMAIL, { [world.fleet]: 'operator' })
    cookie = await world.signIn(EMAIL)
    expect(await status()).toBe(200)
  })

  test('is 401 after signing out', async () => {
    await world.auth('/signout', { method: 'POST', headers: { ...cookie, origin: ORIGIN } })
    expect(await status()).toBe(401)
  })

  test('is 401 after disabling, also once enabled again', async () => {
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } })
    expect(await status()).toBe(401)
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { disabled: false } })
    expect(await status()).toBe(401)
  })

  test('is 401 after removal, also for who comes back by the same e-mail', async () => {
    await removeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { reason: 'left the crew' } })
    expect(await status()).toBe(401)
    await createUser(world.ctx, { actor: SYSTEM, body: { email: EMAIL, role: 'admin', password: PASSWORD } })
    expect(await status()).toBe(401)
  })

  test('opens no more than the role that is left after demotion', async () => {
    await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { role: null, fleet: world.fleet } })
    expect(await status()).toBe(403)
    expect(await status('/fleets')).toBe(403)
  })
})

describe('[check 17] a session', () => {
  test('ends 8 h after its last request, and 7 days after it began', async () => {
    expect([SESSION_IDLE_MS, SESSION_LIFE_MS]).toEqual([8 * 3_600_000, 7 * 86_400_000])
    await addUser(world.ctx, EMAIL, { '*': 'viewer' })
    const [idle, busy] = [await world.signIn(EMAIL), await world.signIn(EMAIL)]
    const status = async (headers: { cookie: string }) => (await world.admin('/fleets', { headers })).status
    const steps = (SESSION_LIFE_MS / SESSION_IDLE_MS) * 2
    for (let n = 1; n < steps; n += 1) {
      world.clock.advance(SESSION_IDLE_MS / 2)
      expect(await status(busy)).toBe(200)
    }
    expect(await status(idle)).toBe(401)
    world.clock.advance(SESSION_IDLE_MS / 2)
    expect(await status(busy)).toBe(401)
  })
})

describe('[check 20] a write that a cookie authorises', () => {
  const PARAM = '00000000-0000-4000-8000-000000000000'
  const writes = ADMIN_ROUTES.filter(({ method }) => method !== 'GET')
  const FOREIGN: Record<string, Record<string, string>> = {
    evil: { origin: 'https://evil.example' },
    null: { origin: 'null' },
    absent: {},
    'of another port': { origin: 'http://127.0.0.1:3001' },
    'that begins like ours': { origin: `${ORIGIN}.evil.example` },
    'evil, with our host forged to it': {
      origin: 'https://evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example;proto=https',
    },
  }

  test.each(Object.entries(FOREIGN))('with an Origin %s is 403, on every route', async (_, headers) => {
    await addUser(world.ctx, EMAIL, { '*': 'admin' })
    const cookie = await world.signIn(EMAIL)
    const open: string[] = []
    for (const { method, pattern } of writes) {
      const way = pattern.replaceAll(/:\w+/g, PARAM)
      const answer = await world.admin(way, jsonBody(method, {}, { ...cookie, ...headers }))
      const { code } = (await answer.json()) as { code: string }
      if (answer.status !== 403 || code !== 'bad_origin')
        open.push(`${method} ${pattern}: ${answer.status} ${code}`)
    }
    expect(open).toEqual([])
    expect(writes.length).toBeGreaterThan(60)
  })

  test.each(['https://evil.example', 'null'])(
    'to sign in, out, or set up from Origin %s is 403',
    async (origin) => {
      await addUser(world.ctx, EMAIL, { '*': 'viewer' })
      const cookie = await world.signIn(EMAIL)
      for (const way of ['/callback/credentials', '/callback/link', '/set-up', '/signout']) {
        const answer = await world.auth(
          way,
          form({ email: EMAIL, password: PASSWORD }, { origin, ...cookie }),
        )
        expect([way, answer.status, answer.headers.getSetCookie()]).toEqual([way, 403, []])
      }
      expect((await world.admin('/fleets', { headers: cookie })).status).toBe(200)
    },
  )

  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
  ])('leads nowhere else: callbackUrl %s is ignored', async (callbackUrl) => {
    await addUser(world.ctx, EMAIL, { '*': 'viewer' })
    const answer = await world.auth(
      '/callback/credentials',
      form({ email: EMAIL, password: PASSWORD, callbackUrl }),
    )
    expect(answer.headers.get('location')).toBe('/')
  })
})
