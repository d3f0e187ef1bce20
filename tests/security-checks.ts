/** What shows that a check holds. */
export type Cover =
  /** A test by its file and its title, which carries the check's number: `[check 26] …`. */
  | { readonly file: string; readonly title: string }
  /** Work that isn't there yet. As soon as any test carries the number, the row needs that test instead. */
  | { readonly later: string }

export interface Check {
  /** As the design numbers it: 1 to 46, 25a, 25b. */
  readonly id: string
  readonly title: string
  readonly covers: readonly Cover[]
}

const test = (file: string, title: string): Cover => ({ file, title })

/**
 * The checks of the design's security page (after OWASP ASVS 5), each with the tests that show it. A row without a test,
 * a test that is gone, and a test that carries a number and isn't listed here each fail
 * tests/architecture/security-checks.test.ts.
 */
export const SECURITY_CHECKS: readonly Check[] = [
  {
    id: '1',
    title: 'Route × role matrix, exact statuses',
    covers: [
      test(
        'tests/api/security/route-matrix.test.ts',
        '[check 1] has a row for every route, and none for a route that is gone',
      ),
      test('tests/api/security/route-matrix.test.ts', '[check 1] %s'),
      test(
        'tests/api/security/route-matrix.test.ts',
        '[check 1] has a row for every route, and none for a route that is gone',
      ),
      test('tests/api/security/route-matrix.test.ts', '[check 1] [check 24] %s'),
      test(
        'tests/architecture/routes-matrix.test.ts',
        '[check 1] every page and route of app/ has its row in the matrix, and no row is left of one that is gone',
      ),
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 1] every route of the build has its row in the matrix, and no row is left of one that is gone',
      ),
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 1] each page by each role, its status exact, and no byte of what is hidden',
      ),
    ],
  },
  {
    id: '2',
    title:
      'The same asked as React Server Component, by prefetch, by a forged sub-request: no protected byte',
    covers: [
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 2] in whatever way a page is asked for, there is no byte for whom it is not',
      ),
    ],
  },
  {
    id: '3',
    title: 'Another fleet’s ids: 404, indistinct in time',
    covers: [
      test(
        'tests/api/security/edges.test.ts',
        '[check 3] %s: one of another fleet costs the same statements as one that there is not, and is told in the same words',
      ),
    ],
  },
  {
    id: '4',
    title: 'Row-level security as the second layer',
    covers: [{ later: 'people' }],
  },
  {
    id: '5',
    title: 'Extra fields (role, fleetId) are refused',
    covers: [
      test(
        'tests/api/security/route-matrix.test.ts',
        '[check 5] [check 7] the writes above, each with a field that nobody knows, have changed nothing',
      ),
    ],
  },
  {
    id: '6',
    title: 'A demoted user’s next request is 403',
    covers: [{ later: 'people' }],
  },
  {
    id: '7',
    title: 'GET changes nothing',
    covers: [
      test(
        'tests/api/security/route-matrix.test.ts',
        '[check 5] [check 7] the writes above, each with a field that nobody knows, have changed nothing',
      ),
      test('tests/api/security/route-matrix.test.ts', '[check 7] no GET changes a row of any table'),
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 7] looking at every page changes nothing that people manage',
      ),
    ],
  },
  {
    id: '8',
    title: 'Override, purge, bulk replay: operator and up, a reason, the typed count',
    covers: [{ later: 'checks' }],
  },
  {
    id: '9',
    title: 'A fresh install has no account; the set-up link makes one administrator, then 410',
    covers: [{ later: 'signin' }],
  },
  {
    id: '10',
    title: 'Passwords: 15 characters or more, 64 allowed, common ones refused',
    covers: [{ later: 'signin' }],
  },
  {
    id: '11',
    title: 'Ten bad sign-ins: 429 by account and address, never for ever, whatever X-Forwarded-For says',
    covers: [{ later: 'signin' }],
  },
  {
    id: '12',
    title: 'Unknown and known user: same body, same time',
    covers: [{ later: 'signin' }],
  },
  {
    id: '13',
    title: 'Passwords are hashed by scrypt, its parameters kept beside',
    covers: [{ later: 'signin' }],
  },
  {
    id: '14',
    title: 'Cookies: __Host- over https, HttpOnly, SameSite=Lax',
    covers: [{ later: 'signin' }],
  },
  {
    id: '15',
    title: 'No session fixation',
    covers: [{ later: 'signin' }],
  },
  {
    id: '16',
    title: 'An old cookie after sign-out, disabling or demotion: 401',
    covers: [{ later: 'signin' }],
  },
  {
    id: '17',
    title: 'Idle and absolute expiry',
    covers: [{ later: 'signin' }],
  },
  {
    id: '18',
    title: 'Sign in again for password, keys, OIDC',
    covers: [{ later: 'signin' }],
  },
  {
    id: '19',
    title: 'OIDC with wrong state, nonce or PKCE is refused',
    covers: [{ later: 'signin' }],
  },
  {
    id: '20',
    title: 'Cookie-authorised writes from another origin: 403; a foreign callbackUrl is ignored',
    covers: [{ later: 'signin' }],
  },
  {
    id: '21',
    title: 'Token format and hashing; a database dump holds none',
    covers: [{ later: 'people' }],
  },
  {
    id: '22',
    title: 'Revoked: next request 401 on every process within 1 s',
    covers: [{ later: 'people' }],
  },
  {
    id: '23',
    title: 'Rotation with a bounded overlap; reuse of a dead token alerts',
    covers: [{ later: 'people' }],
  },
  {
    id: '24',
    title: 'A device token opens no operator route, a session cookie no device route; scopes',
    covers: [test('tests/api/security/route-matrix.test.ts', '[check 1] [check 24] %s')],
  },
  {
    id: '25',
    title: 'Sync token: any flipped byte, other fleet, other scope: 400 or 410',
    covers: [{ later: 'people' }],
  },
  {
    id: '25a',
    title: 'A device can’t write under another’s id; a cloned device is found',
    covers: [{ later: 'people' }],
  },
  {
    id: '25b',
    title: 'CORS as configured, device API only',
    covers: [{ later: 'people' }],
  },
  {
    id: '26',
    title: 'A body over 1 MiB: 413 while reading, also without Content-Length',
    covers: [
      test('tests/api/access/admin.test.ts', '[check 26] bodies: too large, not JSON, not an object'),
      test(
        'tests/api/device/bad-input.test.ts',
        '[check 26] a body of 2 MiB is 413, with its length told and without',
      ),
      test(
        'tests/api/device/node-listener.test.ts',
        '[check 26] stops reading a body without Content-Length at 1 MiB',
      ),
      test('tests/api/security/edges.test.ts', '[check 26] %s without end is 413 while it is read'),
    ],
  },
  {
    id: '27',
    title: 'A gzip bomb: 413 or 415, memory bounded',
    covers: [
      test(
        'tests/api/device/bad-input.test.ts',
        '[check 27] another content type or a compressed body is 415',
      ),
      test('tests/api/ingest/metrics.test.ts', '[check 27] refuses what it can’t read, and holds no bomb'),
      test(
        'tests/api/ingest/traces.test.ts',
        '[check 27] refuses what it can’t read with a status in the same language, and holds no bomb',
      ),
      test(
        'tests/unit/telemetry/prometheus.test.ts',
        '[check 27] a bomb is refused by what it says, and what lies about its length by what it does',
      ),
    ],
  },
  {
    id: '28',
    title: 'JSON too deep, too wide, or with too many mutations: 400 in little time',
    covers: [
      test('tests/api/device/bad-input.test.ts', '[check 28] 501 mutations are 400'),
      test('tests/api/device/bad-input.test.ts', '[check 28] deep or wide JSON is 400 in little time'),
      test('tests/unit/http/scan-json.test.ts', '[check 28] are depth and keys, within bounds and past them'),
    ],
  },
  {
    id: '29',
    title: '__proto__ and constructor in data, patches and configuration are data',
    covers: [
      test('tests/api/device/bad-input.test.ts', '[check 29] `__proto__` in a document is data'),
      test(
        'tests/property/engine/up-migrations.test.ts',
        '[check 29] [DL5] migrations never throw on any JSON, and pollute no prototype',
      ),
      test('tests/unit/engine/json-patch.test.ts', '[check 29] [DL19] touches no prototype'),
      test('tests/unit/engine/patch.test.ts', '[check 29] [CS8] __proto__ and constructor are data'),
      test('tests/unit/engine/validate.test.ts', '[check 29] [JS1] __proto__ is a property like any other'),
    ],
  },
  {
    id: '30',
    title: 'Quotes and operator objects on every parameter; no *Unsafe SQL with input',
    covers: [
      test(
        'tests/api/access/postgres.test.ts',
        '[check 30] ids and texts that the database could choke on are told apart from errors of ours',
      ),
      test(
        'tests/api/security/corpus.test.ts',
        '[check 30] the contract names the parameters of every route, so none is left out below',
      ),
      test(
        'tests/api/security/corpus.test.ts',
        '[check 30] %s is answered, or refused in words of ours, whatever its parameters hold',
      ),
      test(
        'tests/api/security/corpus.test.ts',
        '[check 30] %s refuses comparisons and quotes in its path and in each of its fields',
      ),
      test('tests/api/security/corpus.test.ts', '[check 30] none of that has changed a row'),
      test(
        'tests/api/security/corpus.test.ts',
        '[check 30] a document that is all quotes and operators comes back as it was sent',
      ),
      test('tests/api/security/corpus.test.ts', '[check 30] no statement of SQL held anything that was sent'),
      test(
        'tests/architecture/sql.test.ts',
        '[check 30] SQL as text is given to Prisma in no place but with a statement of ours, its values as parameters',
      ),
      test(
        'tests/architecture/sql.test.ts',
        '[check 30] SQL stands in the storages alone, and in no verb, route or page',
      ),
    ],
  },
  {
    id: '31',
    title: 'Hostile strings in every filter; no user-given regular expressions',
    covers: [
      test(
        'tests/api/security/corpus.test.ts',
        '[check 31] %s answers or refuses each, and none costs 100 ms of our processor',
      ),
      test(
        'tests/unit/engine/validate.test.ts',
        '[check 31] [JS2] regular expressions are refused with a reason',
      ),
    ],
  },
  {
    id: '32',
    title: 'Limits per device and fleet: 429 with Retry-After; no other fleet is slower',
    covers: [
      test(
        'tests/api/device/limits.test.ts',
        '[check 32] [QU1] tells what is left of each quota, and stops a device that goes on past its own with 429',
      ),
      test(
        'tests/api/device/limits.test.ts',
        '[check 32] [QU1] stops a fleet past its quota, and no other one',
      ),
      test(
        'tests/api/security/edges.test.ts',
        '[check 32] a fleet past its limit costs the database a look a second, however often it asks: no other one waits for it',
      ),
    ],
  },
  {
    id: '33',
    title: 'One mutation fifty times at once: one effect',
    covers: [
      test(
        'tests/api/device/idempotency.test.ts',
        '[check 33] [ID2] gives twenty concurrent duplicates over two processes one effect and the same bytes',
      ),
      test(
        'tests/api/security/edges.test.ts',
        '[check 33] sent fifty times at once, each in a request of its own, over two processes, has one effect',
      ),
    ],
  },
  {
    id: '34',
    title: 'Slow bodies time out',
    covers: [
      test(
        'tests/api/security/edges.test.ts',
        '[check 34] a body or a head that comes byte by byte is told 408, and its connection ends',
      ),
      test(
        'tests/api/security/edges.test.ts',
        '[check 34] the server waits a minute at most for a request, and Node looks after its heads',
      ),
    ],
  },
  {
    id: '35',
    title: 'Security headers with a nonce per answer, on errors too',
    covers: [
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 35] [check 36] security headers with a nonce of its own on every answer, errors too; nothing of ours is kept',
      ),
      test(
        'tests/unit/access/security-headers.test.ts',
        '[check 35] scripts run by nonce only, and nobody frames us',
      ),
    ],
  },
  {
    id: '36',
    title: 'no-store on signed-in answers',
    covers: [
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 35] [check 36] security headers with a nonce of its own on every answer, errors too; nothing of ours is kept',
      ),
    ],
  },
  {
    id: '37',
    title: '200 malformed requests: no stack, SQL, path or version',
    covers: [
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 37] 200 malformed requests: no stack, SQL, path or version in any answer',
      ),
    ],
  },
  {
    id: '38',
    title: 'Payloads of dead letters are masked; reveal takes role and reason and is audited',
    covers: [
      test(
        'tests/api/access/masked-letters.test.ts',
        '[check 38] [DL20] stand in no list, file, group, item, session or diagnosis, nor in what was said of them',
      ),
      test(
        'tests/api/access/masked-letters.test.ts',
        '[check 38] [DL21] reveal takes a role and a reason, answers the values once, and is in log and history',
      ),
    ],
  },
  {
    id: '39',
    title: 'Canary secrets never in logs, metrics, audit',
    covers: [
      test(
        'tests/api/security/canary.test.ts',
        '[check 39] of every kind are told in no log, figure, entry of the audit log, or answer',
      ),
      test(
        'tests/api/security/canary.test.ts',
        '[check 39] nor in any row of the database: what opens our doors is hashed, what opens others’ is sealed',
      ),
      test(
        'tests/api/security/canary.test.ts',
        '[check 39] would be found: what is looked through holds what is no secret',
      ),
    ],
  },
  {
    id: '40',
    title: 'Outbound calls go only where the guard lets them',
    covers: [
      test('tests/unit/egress/egress-guard.test.ts', '[check 40] [AU3] %s is refused: %s'),
      test(
        'tests/unit/egress/egress-guard.test.ts',
        '[check 40] [AU3] only https, without credentials or fragment',
      ),
      test(
        'tests/unit/egress/egress-guard.test.ts',
        '[check 40] [AU3] the allowlist names hosts, addresses and blocks, each with a port or for all',
      ),
      test(
        'tests/unit/egress/egress-guard.test.ts',
        '[check 40] [AU3] a name is resolved once, and all its addresses must be open',
      ),
      test(
        'tests/unit/egress/egress-guard.test.ts',
        '[check 40] [AU3] connects to the address that was judged, under the name that was asked',
      ),
      test(
        'tests/unit/egress/egress-guard.test.ts',
        '[check 40] [AU3] follows no redirect, waits no longer than told, and reads no endless answer',
      ),
    ],
  },
  {
    id: '41',
    title: '/metrics by bearer',
    covers: [
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 41] /metrics of the running server is for a key with its scope alone',
      ),
      test(
        'tests/unit/http/may-read-metrics.test.ts',
        '[check 41] /metrics is for a key with the scope `metrics`, and for everyone only when it is public',
      ),
    ],
  },
  {
    id: '42',
    title: 'Audit log: HMAC chain, append-only; tampering found with the first bad row',
    covers: [{ later: 'audit' }],
  },
  {
    id: '43',
    title: 'Each denial leaves an audit event',
    covers: [{ later: 'audit' }],
  },
  {
    id: '44',
    title: 'Boot refuses missing, short or sample secrets in production',
    covers: [
      test(
        'tests/unit/env/env.test.ts',
        '[check 44] in production a secret out of a sample is none, and what chance makes is one',
      ),
      test(
        'tests/unit/env/env.test.ts',
        '[check 44] no secret has a default, and what is wrong with one is told without it',
      ),
      test('tests/unit/env/env.test.ts', '[check 44] %s is named when it cannot be used: %j'),
    ],
  },
  {
    id: '45',
    title: 'SBOM, lock integrity, floors of versions, install scripts by allowlist',
    covers: [
      test(
        'tests/architecture/supply-chain.test.ts',
        '[check 45] %s has a SHA-512 of every package but binaries of other platforms',
      ),
      test(
        'tests/architecture/supply-chain.test.ts',
        '[check 45] a version is exact, and none is below the floor, wherever in the tree it stands',
      ),
      test('tests/architecture/supply-chain.test.ts', '[check 45] knows a version below the floor'),
      test(
        'tests/architecture/supply-chain.test.ts',
        '[check 45] no script of a package runs when it is installed, and each that has one is on the list',
      ),
      test(
        'tests/architecture/supply-chain.test.ts',
        '[check 45] its bill of materials is made from the lock alone, offline, and has every package',
      ),
    ],
  },
  {
    id: '46',
    title: 'Stored XSS, CSV formulas and log injection are inert',
    covers: [
      test(
        'tests/e2e/22-edges.spec.ts',
        '[check 46] names, values and words of a fleet that are markup run on no page, and its files hold no formula',
      ),
      test('tests/unit/http/export.test.ts', '[check 46] is inert in a spreadsheet: %j'),
    ],
  },
]
