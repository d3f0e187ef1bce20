import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import pg from 'pg'
import type { Built } from '../routes.matrix.ts'
import { BUILT_ROUTES } from '../routes.matrix.ts'
import { ADMIN_MARK, FORMULA, MARK, openDoors, OPERATOR_MARK, PEOPLE } from './support/doors.ts'
import type { Doors } from './support/doors.ts'
import { expect, test } from './support/test.ts'
import type { World } from './support/world.ts'

const TIMEOUT_MS = 300_000
const CALLERS = ['stranger', 'forged cookie', 'device token', ...PEOPLE] as const
type Caller = (typeof CALLERS)[number]
type PageRow = Extract<Built, { page: unknown }>

const PAGES: readonly (readonly [string, PageRow])[] = Object.entries(BUILT_ROUTES).flatMap(([route, row]) =>
  'page' in row ? [[route, row] as const] : [],
)

/** All tests of this file look at one fleet, which takes long to make. */
let opened: Promise<Doors> | null = null
const doorsOf = (world: World): Promise<Doors> => (opened ??= openDoors(world))

const addressOf = (doors: Doors, { at }: PageRow): string =>
  at.replaceAll(/\{(\w+)\}/g, (_, name: string) => doors.ids[name] ?? `no ${name}`)

const headersOf = (doors: Doors, caller: Caller): Record<string, string> => {
  if (caller === 'stranger') return {}
  if (caller === 'forged cookie')
    return { cookie: 'next-auth.session-token=x; __Host-tidemark.session=x; tidemark.session=x' }
  if (caller === 'device token') return { authorization: 'Bearer tmd_0_nobody' }
  return { cookie: doors.cookieOf[caller] }
}

interface Seen {
  readonly status: number
  readonly location: string
  readonly text: string
  readonly headers: Headers
}

async function look(
  world: World,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<Seen> {
  const answer = await fetch(world.url + path, { method, headers, redirect: 'manual' })
  const text = answer.headers.get('content-type')?.startsWith('text/event-stream') ? '' : await answer.text()
  return {
    status: answer.status,
    location: answer.headers.get('location') ?? '',
    text,
    headers: answer.headers,
  }
}

const NOTHING = 'There is no such thing in this fleet'

/** What became of a look at a page, in a word with its status. */
function outcomeOf({ status, location, text }: Seen): string {
  if (status >= 300 && status < 400) return `${status} ${location.startsWith('/sign-in') ? 'sign-in' : 'on'}`
  // The page's own scripts hold every state that it may come to, and which of them it has come to.
  const isSaid = text.replaceAll(/<script\b[\s\S]*?<\/script>/g, '').includes(NOTHING)
  const isNothing = isSaid || text.includes('NEXT_HTTP_ERROR_FALLBACK;404')
  return `${status} ${isNothing ? 'nothing' : 'shown'}`
}

const RANK = { viewer: 1, operator: 2, admin: 3, root: 3 } as const
const LEADS_ON: ReadonlySet<string> = new Set(['/', '/pillars'])

function expectedOf(caller: Caller, route: string, { page, at, status = 200 }: PageRow): string {
  if (page === 'everyone') return `${status} shown`
  if (!(PEOPLE as readonly string[]).includes(caller)) return '307 sign-in'
  if (LEADS_ON.has(route)) return '307 on'
  // The frame is on its way when the page says so, and its status with it.
  const isOthers = caller === 'other viewer' && at.includes('{fleet}')
  if (route !== '/settings' && (isOthers || at.includes('{nothing}'))) return '200 nothing'
  return '200 shown'
}

/** Marks of what this caller must not be shown on any page. */
function hiddenFrom(caller: Caller): readonly string[] {
  const rank = caller in RANK ? RANK[caller as keyof typeof RANK] : 0
  return [
    ...(rank < 1 ? [MARK] : []),
    ...(rank < 2 ? [OPERATOR_MARK] : []),
    ...(rank < 3 ? [ADMIN_MARK] : []),
  ]
}

test('[check 1] every route of the build has its row in the matrix, and no row is left of one that is gone', () => {
  const manifest = JSON.parse(readFileSync('.next/app-path-routes-manifest.json', 'utf8')) as Record<
    string,
    string
  >
  const own = Object.values(manifest).filter((route) => !route.startsWith('/_'))
  expect(own.toSorted()).toEqual(Object.keys(BUILT_ROUTES).toSorted())
  const { rewrites } = JSON.parse(readFileSync('.next/routes-manifest.json', 'utf8')) as {
    rewrites: Record<string, unknown[]> | unknown[]
  }
  expect(Object.values(rewrites).flat()).toEqual([])
  const pages = JSON.parse(readFileSync('.next/server/pages-manifest.json', 'utf8')) as Record<string, string>
  expect(Object.keys(pages).filter((route) => !/^\/(_|404$|500$)/.test(route))).toEqual([])
})

test('[check 1] each page by each role, its status exact, and no byte of what is hidden', async ({
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  const doors = await doorsOf(world)
  for (const [route, row] of PAGES) {
    const seen: Record<string, string> = {}
    const expected: Record<string, string> = {}
    for (const caller of CALLERS) {
      const one = await look(world, addressOf(doors, row), headersOf(doors, caller))
      seen[caller] = outcomeOf(one)
      expected[caller] = expectedOf(caller, route, row)
      const shown = hiddenFrom(caller).filter((mark) => one.text.includes(mark))
      expect.soft([route, caller, shown]).toEqual([route, caller, []])
      const isRefused = one.text.includes('Your role is')
      const needsMore =
        caller in RANK && row.page !== 'everyone' && RANK[caller as keyof typeof RANK] < RANK[row.page]
      if (needsMore) expect.soft([route, caller, isRefused]).toEqual([route, caller, true])
    }
    expect.soft(seen, route).toEqual(expected)
  }
})

/** The tree that Next's router would send to have this page's part alone, past every layout above it. */
function stateTree(route: string): string {
  const page = { children: ['__PAGE__', {}, null, 'refetch'] }
  const inner = route
    .split('/')
    .filter((part) => part !== '')
    .reduceRight<unknown>((below, part) => ({ children: [part, below] }), page)
  return encodeURIComponent(JSON.stringify(['', { children: ['(console)', inner] }, null, null]))
}

const SEGMENT = { rsc: '1', 'next-router-prefetch': '1' }
/** Other ways to ask for the same page. */
const WAYS: readonly {
  readonly name: string
  readonly headers?: (route: string) => Record<string, string>
  readonly path?: (path: string) => string
  readonly method?: string
}[] = [
  { name: 'RSC', headers: () => ({ rsc: '1' }) },
  {
    name: '_rsc',
    headers: () => ({ rsc: '1' }),
    path: (at) => `${at}${at.includes('?') ? '&' : '?'}_rsc=1a2b3`,
  },
  {
    name: 'part of the page alone',
    headers: (route) => ({ rsc: '1', 'next-router-state-tree': stateTree(route) }),
  },
  { name: 'prefetch', headers: () => SEGMENT },
  { name: 'tree', headers: () => ({ ...SEGMENT, 'next-router-segment-prefetch': '/_tree' }) },
  { name: 'index', headers: () => ({ ...SEGMENT, 'next-router-segment-prefetch': '/_index' }) },
  {
    name: 'segment',
    headers: (route) => ({ ...SEGMENT, 'next-router-segment-prefetch': `/(console)${route}/__PAGE__` }),
  },
  { name: '.rsc', path: (at) => at.replace(/(\?|$)/, '.rsc$1') },
  { name: '.segment.rsc', path: (at) => at.replace(/(\?|$)/, '.segments/_tree.segment.rsc$1') },
  {
    name: 'sub-request',
    headers: () => ({
      'x-middleware-subrequest': Array.from({ length: 5 }, () => 'proxy').join(':'),
      'x-middleware-rewrite': '/overview',
    }),
  },
  {
    name: 'sub-request of src',
    headers: () => ({
      'x-middleware-subrequest': Array.from({ length: 5 }, () => 'src/middleware').join(':'),
      'x-nextjs-data': '1',
      'x-invoke-path': '/overview',
      'x-matched-path': '/overview',
    }),
  },
  { name: 'data', path: (at) => `/_next/data/build${at.replace(/(\?|$)/, '.json$1')}` },
  {
    name: 'action',
    method: 'POST',
    headers: () => ({ 'next-action': 'a'.repeat(40), 'content-type': 'text/plain' }),
  },
  { name: 'HEAD', method: 'HEAD' },
]

test('[check 2] in whatever way a page is asked for, there is no byte for whom it is not', async ({
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  const doors = await doorsOf(world)
  for (const [route, row] of PAGES) {
    if (row.page === 'everyone') continue
    for (const caller of ['stranger', 'forged cookie', 'other viewer', 'viewer'] as const)
      for (const { name, headers, path, method } of WAYS) {
        const at = addressOf(doors, row)
        const sent = { ...headersOf(doors, caller), ...headers?.(route) }
        const seen = await look(world, path?.(at) ?? at, sent, method)
        const shown = hiddenFrom(caller).filter((mark) => seen.text.includes(mark))
        const isOther = caller === 'other viewer' && seen.text.includes(MARK)
        expect
          .soft([route, caller, name, shown, isOther, seen.status >= 500])
          .toEqual([route, caller, name, [], false, false])
      }
  }
})

/** What people manage. What devices and the server write by themselves changes whoever looks. */
const MANAGED = [
  'fleet',
  'app_user',
  'user_role',
  'one_time_link',
  'api_key',
  'collection',
  'collection_schema',
  'design_review',
  'app_release',
  'saved_view',
  'operation',
  'operation_item',
  'letter_group',
  'setting',
  'breaker_control',
  'breaker_revision',
  'notification_channel',
  'alert_rule',
  'silence',
  'dead_letter',
  'conflict',
  'device_token',
  'invitation',
  'user_identity',
  'enrollment_key',
  'ingest_key',
  'scrape_target',
  'incident_entry',
]
/** Where the server writes into the same table by itself, what of it is people's. */
const OF_PEOPLE: Readonly<Record<string, string>> = {
  incident_entry: `entry->>'by' IS NOT NULL`,
}

/** But for when somebody was here last, which looking itself makes. */
async function digestOf(owner: pg.Client, fleetId: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  for (const table of MANAGED) {
    const { rows: columns } = await owner.query(
      `SELECT 1 FROM information_schema.columns WHERE table_name = $1 AND column_name = 'fleet_id'`,
      [table],
    )
    const wanted = [...(columns.length > 0 ? [`fleet_id = '${fleetId}'`] : []), OF_PEOPLE[table] ?? 'true']
    const where = `WHERE ${wanted.join(' AND ')}`
    const { rows } = await owner.query<{ digest: string }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') AS digest
         FROM (SELECT to_jsonb(r) - 'last_seen_at' AS t FROM "${table}" AS r ${where}) AS one`,
    )
    digests[table] = rows[0]?.digest ?? ''
  }
  return digests
}

test('[check 7] looking at every page changes nothing that people manage', async ({ world }) => {
  test.setTimeout(TIMEOUT_MS)
  const doors = await doorsOf(world)
  const owner = new pg.Client({ connectionString: world.database.url })
  await owner.connect()
  try {
    const before = await digestOf(owner, doors.fleetId)
    for (const [, row] of PAGES)
      for (const headers of [{}, { rsc: '1' }])
        await look(world, addressOf(doors, row), { ...headersOf(doors, 'root'), ...headers })
    expect(await digestOf(owner, doors.fleetId)).toEqual(before)
  } finally {
    await owner.end()
  }
})

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
}

test('[check 35] [check 36] security headers with a nonce of its own on every answer, errors too; nothing of ours is kept', async ({
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  const doors = await doorsOf(world)
  const root = headersOf(doors, 'root')
  const asked: readonly (readonly [string, Record<string, string>])[] = [
    ...PAGES.map(([, row]) => [addressOf(doors, row), root] as const),
    ...['/nowhere', '/devices/xyz', '/overview?fleet=nobody', '/api/nowhere'].map(
      (path) => [path, root] as const,
    ),
    ...['/overview', '/api/admin/v1/fleets', '/api/auth/session'].map((path) => [path, {}] as const),
    ...[`/devices?fleet=${doors.fleetId}`, '/fleets', '/nowhere', '/devices?limit=0'].map(
      (path) => [`/api/admin/v1${path}`, root] as const,
    ),
  ]
  const nonces: string[] = []
  for (const [path, headers] of asked) {
    const seen = await look(world, path, headers)
    const sent = Object.fromEntries(Object.keys(ALWAYS).map((name) => [name, seen.headers.get(name)]))
    expect.soft({ path, ...sent }).toEqual({ path, ...ALWAYS })
    const policy = seen.headers.get('content-security-policy') ?? ''
    const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? ''
    const nonce = /'nonce-([^']+)'/.exec(scripts)?.[1] ?? ''
    nonces.push(nonce)
    expect.soft([path, nonce.length >= 22, /unsafe/.test(scripts)]).toEqual([path, true, false])
    expect.soft([path, /frame-ancestors 'none'/.test(policy)]).toEqual([path, true])
    // Every script of the page carries it: one that is put into the page later doesn't run.
    const tags = [...seen.text.matchAll(/<script\b[^>]*>/g)].filter(
      ([tag]) => !tag.includes('application/ld+json'),
    )
    const strangers = tags.filter(([tag]) => !tag.includes(`nonce="${nonce}"`)).map(([tag]) => tag)
    if (seen.headers.get('content-type')?.startsWith('text/html'))
      expect.soft([path, strangers]).toEqual([path, []])
    const isOpen = path.startsWith('/docs')
    if (!isOpen)
      expect
        .soft([path, seen.headers.get('cache-control')])
        .toEqual([path, expect.stringContaining('no-store')])
  }
  expect(new Set(nonces).size).toBe(nonces.length)
})

/** What would tell how we are built: a stack, SQL, a path, a version. */
const TELLING =
  /\n\s+at \S|node_modules|node:internal|\/tmp\/|\/home\/|\.ts:\d+|\bSELECT\b[^"]*\bFROM\b|[Pp]risma|PostgreSQL \d|ECONNREFUSED|16\.4\.\d|"stack"/

const BAD_PARTS = [
  '%00',
  '%ff',
  '%c0%ae',
  '..%2f..%2fetc',
  "'--",
  '"',
  '%0d%0aset-cookie:x',
  '{{7*7}}',
  '${7}',
  '[]',
  '\u{1F4A5}',

  'a'.repeat(3_000),
  '%2e%2e%2f',
  '1;DROP TABLE',
  '\\..\\',
  '$ne',
  '__proto__',
  'constructor',
  'null',
  '-1',
]
const BAD_BODIES = [
  '{',
  '[]',
  'null',
  '"x"',
  '{"__proto__":{"role":"admin"}}',
  '\u0000',
  '['.repeat(40),
  '{"a":1e999}',
  'a=b',
]

function malformed(doors: Doors): { path: string; init: RequestInit }[] {
  const cookie = doors.cookieOf.root
  const { url } = doors.world
  const paths = [
    '/devices/',
    '/api/admin/v1/devices/',
    '/api/v1/',
    '/api/auth/',
    '/docs/',
    '/api/admin/v1/devices?q=',
  ]
  const reads = paths.flatMap((start) =>
    BAD_PARTS.map((part) => ({
      path: encodeURI(start) + part.replaceAll(/[^!-~]/gu, encodeURIComponent),
      init: { headers: { cookie } },
    })),
  )
  const posts = [
    '/api/admin/v1/fleets',
    '/api/admin/v1/users',
    '/api/v1/push',
    '/api/v1/enroll',
    '/api/auth/set-up',
    '/api/otlp/v1/traces',
  ]
  const writes = posts.flatMap((path) =>
    BAD_BODIES.flatMap((body) =>
      ['application/json', 'text/plain'].map((type) => ({
        path,
        init: { method: 'POST', body, headers: { cookie, origin: url, 'content-type': type } },
      })),
    ),
  )
  return [...reads, ...writes]
}

/** Sent as it stands, past every client's own sense. */
const raw = (world: World, text: string): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(world.url)
    const socket = connect(Number(port), hostname, () => socket.write(text))
    let answer = ''
    socket.setTimeout(5_000, () => socket.destroy())
    socket.on('data', (part) => (answer += part.toString()))
    socket.on('error', () => resolve(answer))
    socket.on('close', () => resolve(answer))
  })

const RAW = [
  'GET / HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n',
  'NONSENSE\r\n\r\n',
  'GET \\..\\ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /overview HTTP/1.1\r\nConnection: close\r\n\r\n',
  'GET /overview HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
  'POST /api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n',
  'POST /api/v1/push HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n',
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`,
  'GET /\u0001 HTTP/1.1\r\nHost: x\r\n\r\n',
  'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n',
]

test('[check 37] 200 malformed requests: no stack, SQL, path or version in any answer', async ({ world }) => {
  test.setTimeout(TIMEOUT_MS)
  const doors = await doorsOf(world)
  const requests = malformed(doors)
  expect(requests.length + RAW.length).toBeGreaterThanOrEqual(200)
  for (const { path, init } of requests) {
    const answer = await fetch(world.url + path, { ...init, redirect: 'manual' })
    const told = TELLING.exec(await answer.text())?.[0] ?? null
    const named = ['server', 'x-powered-by'].filter((name) => answer.headers.has(name))
    expect
      .soft([path.slice(0, 80), init.body ?? null, told, named, answer.status >= 500])
      .toEqual([path.slice(0, 80), init.body ?? null, null, [], false])
  }
  for (const text of RAW) {
    const answer = await raw(world, text)
    expect.soft([text.slice(0, 60), TELLING.exec(answer)?.[0] ?? null]).toEqual([text.slice(0, 60), null])
    expect.soft(answer).not.toMatch(/^HTTP\/1\.1 5|^(server|x-powered-by):/im)
  }
})

test('[check 41] /metrics of the running server is for a key with its scope alone', async ({ world }) => {
  const doors = await doorsOf(world)
  const key = await doors.api('POST', '/api-keys', { name: 'scraper', role: 'viewer', scopes: ['metrics'] })
  const other = await doors.api('POST', '/api-keys', { name: 'admin', role: 'admin' })
  const statusFor = async (headers: Record<string, string>): Promise<number> =>
    (await look(world, '/metrics', headers)).status
  expect(await statusFor({})).toBe(401)
  expect(await statusFor(headersOf(doors, 'root'))).toBe(401)
  expect(await statusFor({ authorization: `Bearer ${String(other['key'])}` })).toBe(401)
  expect(await statusFor({ authorization: `Bearer ${String(key['key'])}` })).toBe(200)
})

test('[check 46] names, values and words of a fleet that are markup run on no page, and its files hold no formula', async ({
  page,
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  const doors = await doorsOf(world)
  const cookies = doors.cookieOf.root.split('; ').map((pair) => {
    const at = pair.indexOf('=')
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url: world.url }
  })
  await page.context().addCookies(cookies)
  page.on('dialog', (dialog) => void dialog.dismiss())
  const conflict = `/dead-letters/${doors.ids['letter']}?fleet=${doors.fleetId}`
  const addresses = [
    // One that is told as an error is one to the browser's console too.
    // And one that leads on, or sends its form by itself, would still do so while the next is asked for.
    ...PAGES.filter(
      ([route, { status = 200 }]) =>
        status < 400 && !['/settings', '/link'].includes(route) && !LEADS_ON.has(route),
    )
      .map(([, row]) => addressOf(doors, row))
      .filter((at) => !at.includes('{')),
    conflict,
  ]
  let marked = 0
  for (const address of addresses) {
    await page.goto(address)
    const found = await page.evaluate(() => ({
      ran: '__ran' in window,
      planted: document.querySelectorAll(
        'img[src="x"], svg[onload], a[href^="javascript:"], [onerror], [onload]',
      ).length,
      text: document.body.textContent,
    }))
    expect.soft([address, found.ran, found.planted]).toEqual([address, false, 0])
    if (found.text.includes(MARK)) marked += 1
  }
  // Else nothing hostile was looked at.
  expect(marked).toBeGreaterThan(15)
  for (const list of ['devices', 'sessions', 'dead-letters', `operations/${doors.ids['operation']}`]) {
    const answer = await page.request.get(`/api/admin/v1/${list}/export?fleet=${doors.fleetId}&format=csv`)
    const text = await answer.text()
    expect([list, answer.headers()['content-disposition']?.startsWith('attachment')]).toEqual([list, true])
    expect.soft([list, /(^|,|\n)"?[=+@]/.test(text)]).toEqual([list, false])
    if (list === 'devices') expect(text).toContain(`'${FORMULA}`.replaceAll('"', '""'))
  }
})
