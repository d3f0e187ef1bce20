export interface Check {
  /** As the design numbers it: 1 to 46, 25a, 25b. */
  readonly id: string
  readonly title: string
}

const check = (id: string, title: string): Check => ({ id, title })

/**
 * The checks of the design's security page (after OWASP ASVS 5). The tests that show one carry its number in their titles,
 * `[check 26] …`: `npx vitest run -t '\[check 26\]'` runs those that need no browser. A row without a test, and a number
 * that isn't listed, fail tests/architecture/security-checks.test.ts.
 */
export const SECURITY_CHECKS: readonly Check[] = [
  check('1', 'Route × role matrix, exact statuses'),
  check(
    '2',
    'The same asked as React Server Component, by prefetch, by a forged sub-request: no protected byte',
  ),
  check('3', 'Another fleet’s ids: 404, indistinct in time'),
  check('4', 'Row-level security as the second layer'),
  check('5', 'Extra fields (role, fleetId) are refused'),
  check('6', 'A demoted user’s next request is 403'),
  check('7', 'GET changes nothing'),
  check('8', 'Override, purge, bulk replay: operator and up, a reason, the typed count'),
  check('9', 'A fresh install has no account; the set-up link makes one administrator, then 410'),
  check('10', 'Passwords: 15 characters or more, 64 allowed, common ones refused'),
  check('11', 'Ten bad sign-ins: 429 by account and address, never for ever, whatever X-Forwarded-For says'),
  check('12', 'Unknown and known user: same body, same time'),
  check('13', 'Passwords are hashed by scrypt, its parameters kept beside'),
  check('14', 'Cookies: __Host- over https, HttpOnly, SameSite=Lax'),
  check('15', 'No session fixation'),
  check('16', 'An old cookie after sign-out, disabling or demotion: 401'),
  check('17', 'Idle and absolute expiry'),
  check('18', 'Sign in again for password, keys, OIDC'),
  check('19', 'OIDC with wrong state, nonce or PKCE is refused'),
  check('20', 'Cookie-authorised writes from another origin: 403; a foreign callbackUrl is ignored'),
  check('21', 'Token format and hashing; a database dump holds none'),
  check('22', 'Revoked: next request 401 on every process within 1 s'),
  check('23', 'Rotation with a bounded overlap; reuse of a dead token alerts'),
  check('24', 'A device token opens no operator route, a session cookie no device route; scopes'),
  check('25', 'Sync token: any flipped byte, other fleet, other scope: 400 or 410'),
  check('25a', 'A device can’t write under another’s id; a cloned device is found'),
  check('25b', 'CORS as configured, device API only'),
  check('26', 'A body over 1 MiB: 413 while reading, also without Content-Length'),
  check('27', 'A gzip bomb: 413 or 415, memory bounded'),
  check('28', 'JSON too deep, too wide, or with too many mutations: 400 in little time'),
  check('29', '__proto__ and constructor in data, patches and configuration are data'),
  check('30', 'Quotes and operator objects on every parameter; no *Unsafe SQL with input'),
  check('31', 'Hostile strings in every filter; no user-given regular expressions'),
  check(
    '32',
    'Limits per device and fleet: 429 with Retry-After; a flood past them costs the database a look a second, and other fleets no more than alone (counted statements, not times)',
  ),
  check('33', 'One mutation fifty times at once: one effect'),
  check('34', 'Slow bodies time out'),
  check('35', 'Security headers with a nonce per answer, on errors too'),
  check('36', 'no-store on signed-in answers'),
  check('37', '200 malformed requests: no stack, SQL, path or version'),
  check('38', 'Payloads of dead letters are masked; reveal takes role and reason and is audited'),
  check('39', 'Canary secrets never in logs, metrics, audit'),
  check('40', 'Outbound calls go only where the guard lets them'),
  check('41', '/metrics by bearer'),
  check('42', 'Audit log: HMAC chain, append-only; tampering found with the first bad row'),
  check('43', 'Each denial leaves an audit event'),
  check('44', 'Boot refuses missing, short or sample secrets in production'),
  check('45', 'SBOM, lock integrity, floors of versions, install scripts by allowlist'),
  check('46', 'Stored XSS, CSV formulas and log injection are inert'),
]
