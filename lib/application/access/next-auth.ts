import { createHash, randomBytes, randomUUID } from 'node:crypto'
import * as nextAuthModule from 'next-auth'
import type { NextAuthOptions } from 'next-auth'
import type { Result } from '#lib/kernel/result.ts'
import type { User } from '#lib/storage/ports.ts'
import { tellDenial } from '../audit/denials.ts'
import { cookiePrefix, isSecure, sessionCookieName, type AuthSettings } from './auth-settings.ts'
import type { AccessContext } from './context.ts'
import { anybodysBrowserId, KNOWN_BROWSER_MS, knownBrowser, knownBrowserId } from './known-browser.ts'
import { PROVIDER_RETRY_MS, type Oidc } from './oidc.ts'
import { identityOf, isOutage, oidcProvider } from './oidc-provider.ts'
import { principalOfCookies } from './principal.ts'
import { SESSION_LIFE_MS, endSession } from './sessions.ts'
import {
  refuse,
  signInByLink,
  signInByPassword,
  type SignedIn,
  type SigningBrowser,
  type SignInRefusal,
} from './sign-in.ts'
import { signInByIdentity } from './sign-in-by-identity.ts'
import { addressKeys, countTry, forgiveTries } from './tries.ts'

/** A request to /api/auth, already parsed and bounded by the edge. */
export interface AuthCall {
  readonly method: 'GET' | 'POST'
  /** The path after /api/auth, e.g. `['callback', 'credentials']`. */
  readonly action: readonly string[]
  readonly fields: Readonly<Record<string, string>>
  readonly cookies: Readonly<Record<string, string>>
  readonly address: string | null
  readonly userAgent: string | null
  /** The edge saw our own Origin; without it next-auth's double submit has to hold. */
  readonly sameOrigin: boolean
}

export interface AuthAnswer {
  readonly status: number
  readonly cookies: readonly string[]
  readonly body: unknown
  readonly redirect: string | null
  /** Why a sign-in had no effect; null otherwise. */
  readonly refusal: SignInRefusal | null
}

/**
 * Runs one request through next-auth, the only place that calls it. It makes and clears the cookies; who may sign
 * in, and whether a session lives, is decided by our own verbs.
 * @throws what the storage throws: next-auth would hide an outage as a wrong password
 */
export async function callNextAuth(
  ctx: AccessContext,
  settings: AuthSettings,
  call: AuthCall,
): Promise<AuthAnswer> {
  if (call.method === 'POST' && call.action[0] === 'signout') await signOut(ctx, settings, call)
  const attempt: Attempt = {
    refusal: null,
    failure: null,
    user: null,
    sid: null,
    exchange: null,
    counted: [],
  }
  const elsewhere = call.action[1] === 'oidc' ? await atProvider(ctx, settings, call, attempt) : []
  if (attempt.refusal) return { ...NO_ANSWER, refusal: attempt.refusal }
  const options = optionsFor(ctx, settings, call, attempt, elsewhere)
  const response = await exchange(options, submitted(settings, call))
  if (attempt.failure) throw attempt.failure.error
  if (attempt.user === null) return refused(ctx, call, attempt, response)
  await endFormer(ctx, settings, call)
  const known = knownCookie(settings, attempt.user, ctx.clock.now())
  return { ...response, cookies: [...response.cookies, known], refusal: null }
}

const NO_ANSWER = { status: 200, cookies: [], body: null, redirect: null }

/**
 * Counts the try, asks the provider where it listens, and says how what it tells is taken. An answer to a browser that did
 * not ask is refused and not counted: there is nothing to guess, and any page can have its visitors ask for it.
 */
async function atProvider(
  ctx: AccessContext,
  settings: AuthSettings,
  call: AuthCall,
  attempt: Attempt,
): Promise<NextAuthOptions['providers']> {
  const { oidc } = settings
  if (!oidc) return []
  if (isCallback(call) && call.cookies[`${cookiePrefix(settings)}${STATE_COOKIE}`] === undefined) {
    const action = 'GET /api/auth/callback/oidc'
    await tellDenial(ctx, { actor: null, action, code: 'unauthorized', fleetId: null, address: call.address })
    attempt.refusal = { code: 'unauthorized' }
    return []
  }
  const known = anybodysBrowserId(settings, call.cookies[knownName(settings)] ?? null, ctx.clock.now())
  const keys = known === null ? addressKeys(call.address) : [`browser ${known}`]
  const waitMs = await countTry(ctx, keys)
  if (waitMs !== null) {
    attempt.refusal = { code: 'rate_limited', retryAfterMs: waitMs }
    return []
  }
  attempt.counted = keys
  const places = await oidc.places()
  if (places.ok) {
    const onFailure = (error: unknown) => void (attempt.exchange = { error })
    return [oidcProvider(oidc, places.value, { fresh: call.fields['fresh'] === '1', onFailure })]
  }
  ctx.log.error('the sign-in provider cannot be asked', { issuer: oidc.issuer, error: places.error })
  attempt.refusal = { code: 'provider_unavailable', retryAfterMs: PROVIDER_RETRY_MS }
  // Nobody's fault here: other ways to sign in stay open.
  await forgiveTries(ctx, keys)
  return []
}

const STATE_COOKIE = 'tidemark.oidc-state'
const isCallback = ({ action }: AuthCall): boolean => action.join('/') === 'callback/oidc'

/** What had no effect. Of a provider's answer that is not believed next-auth only says so by where it leads. */
async function refused(
  ctx: AccessContext,
  call: AuthCall,
  attempt: Attempt,
  response: Omit<AuthAnswer, 'refusal'>,
): Promise<AuthAnswer> {
  if (attempt.refusal || !isCallback(call)) {
    // Asking where to go is no try.
    if (call.action.join('/') === 'signin/oidc') await forgiveTries(ctx, attempt.counted)
    return { ...response, refusal: attempt.refusal }
  }
  if (attempt.exchange && isOutage(attempt.exchange.error)) {
    ctx.log.error('the sign-in provider failed', { error: String(attempt.exchange.error) })
    await forgiveTries(ctx, attempt.counted)
    return { ...response, refusal: { code: 'provider_unavailable', retryAfterMs: PROVIDER_RETRY_MS } }
  }
  ctx.log.warn('a sign-in by the provider was refused', {
    error: String(attempt.exchange?.error ?? 'checks'),
  })
  const denied = await refuse(ctx, 'oidc', call.address, null)
  return { ...response, refusal: denied.ok ? null : denied.error }
}

/** Whom the provider vouches for. False has next-auth lead back. */
async function admit(
  ctx: AccessContext,
  oidc: Oidc,
  claims: Readonly<Record<string, unknown>>,
  browser: SigningBrowser,
  attempt: Attempt,
): Promise<boolean> {
  try {
    const outcome = await signInByIdentity(ctx, identityOf(oidc, claims), browser)
    if (outcome.ok) {
      Object.assign(attempt, { user: outcome.value.user, sid: outcome.value.session.id })
      await forgiveTries(ctx, attempt.counted)
    } else attempt.refusal = outcome.error
    return outcome.ok
  } catch (error) {
    attempt.failure = { error }
    return false
  }
}

/** The session that this browser had goes: nobody would sign it out any more. */
async function endFormer(ctx: AccessContext, settings: AuthSettings, call: AuthCall): Promise<void> {
  const former = await principalOfCookies(ctx, settings, call.cookies)
  if (former?.sessionId) await endSession(ctx, former.actor, former.sessionId, call.address)
}

const knownName = (settings: AuthSettings): string => `${cookiePrefix(settings)}tidemark.known-browser`

function browserOf(ctx: AccessContext, settings: AuthSettings, call: AuthCall): SigningBrowser {
  const { address, userAgent, cookies } = call
  const text = cookies[knownName(settings)] ?? null
  return { address, userAgent, knownAs: (user) => knownBrowserId(settings, user, text, ctx.clock.now()) }
}

/** Of the account that signed in last at this browser. */
function knownCookie(settings: AuthSettings, user: User, nowMs: number): string {
  const value = knownBrowser(settings, user, randomUUID(), nowMs)
  const parts = [`${knownName(settings)}=${value}`, 'Path=/', `Max-Age=${KNOWN_BROWSER_MS / 1_000}`]
  return [...parts, 'HttpOnly', 'SameSite=Lax', ...(isSecure(settings) ? ['Secure'] : [])].join('; ')
}

/** What a provider's `authorize` found; next-auth itself only passes on text for a redirect. */
interface Attempt {
  refusal: SignInRefusal | null
  failure: { readonly error: unknown } | null
  user: User | null
  /** Of the session that was begun. */
  sid: string | null
  /** Why a provider's tokens could not be had, or were not believed. */
  exchange: { readonly error: unknown } | null
  /** Keys of a try at the provider. */
  counted: readonly string[]
}

async function signOut(ctx: AccessContext, settings: AuthSettings, call: AuthCall): Promise<void> {
  if (!call.sameOrigin && !hasOwnCsrf(settings, call)) return
  const principal = await principalOfCookies(ctx, settings, call.cookies)
  if (principal?.sessionId) await endSession(ctx, principal.actor, principal.sessionId, call.address)
}

function optionsFor(
  ctx: AccessContext,
  settings: AuthSettings,
  call: AuthCall,
  attempt: Attempt,
  elsewhere: NextAuthOptions['providers'],
): NextAuthOptions {
  const { oidc } = settings
  const browser = browserOf(ctx, settings, call)
  const byPassword = (fields: Fields) =>
    signInByPassword(ctx, { email: fields?.['email'] ?? '', password: fields?.['password'] ?? '' }, browser)
  const byLink = (fields: Fields) => signInByLink(ctx, { token: fields?.['token'] ?? '' }, browser)
  const cookie = (name: string) => ({
    name: `${cookiePrefix(settings)}${name}`,
    options: { httpOnly: true, sameSite: 'lax', path: '/', secure: isSecure(settings) } as const,
  })
  return {
    secret: settings.secret,
    useSecureCookies: isSecure(settings),
    session: { strategy: 'jwt', maxAge: SESSION_LIFE_MS / 1_000 },
    pages: { signIn: '/sign-in', signOut: '/sign-in', error: '/sign-in' },
    cookies: {
      sessionToken: { ...cookie(''), name: sessionCookieName(settings) },
      callbackUrl: cookie('tidemark.callback-url'),
      csrfToken: cookie('tidemark.csrf-token'),
      state: cookie(STATE_COOKIE),
      nonce: cookie('tidemark.oidc-nonce'),
      pkceCodeVerifier: cookie('tidemark.oidc-pkce'),
    },
    providers: [
      provider('credentials', byPassword, attempt),
      provider('link', byLink, attempt),
      ...elsewhere,
    ],
    callbacks: {
      // Of passwords and links `authorize` has decided already.
      signIn: ({ account, profile }) =>
        !oidc || account?.provider !== 'oidc' || admit(ctx, oidc, { ...profile }, browser, attempt),
      // The cookie holds the id of the session row and nothing about the person.
      jwt: ({ token }) => (attempt.sid === null ? token : { sid: attempt.sid }),
      redirect: ({ url }) => localPath(url),
    },
    logger: {
      error: (code) => ctx.log.error('next-auth', { code }),
      warn: (code) => ctx.log.warn('next-auth', { code }),
      debug: () => {},
    },
  }
}

type Fields = Record<string, string> | undefined

function provider(
  id: string,
  signIn: (fields: Fields) => Promise<Result<SignedIn, SignInRefusal>>,
  attempt: Attempt,
): NextAuthOptions['providers'][number] {
  const authorize = async (fields: Fields) => {
    try {
      const outcome = await signIn(fields)
      if (outcome.ok) {
        Object.assign(attempt, { user: outcome.value.user, sid: outcome.value.session.id })
        return { id: outcome.value.user.id }
      }
      attempt.refusal = outcome.error
    } catch (error) {
      attempt.failure = { error }
    }
    return null
  }
  return { id, name: id, type: 'credentials', credentials: {}, authorize }
}

/** A path of this site; anything that leads elsewhere becomes the front page. */
function localPath(text: string): string {
  const base = 'http://local.invalid'
  const url = URL.canParse(text, base) ? new URL(text, base) : null
  return url?.origin === base && text.startsWith('/') ? `${url.pathname}${url.search}` : '/'
}

/**
 * A form from our own Origin carries no csrf token, since a page cannot set the cookie that goes with it. The
 * Origin says more than the double submit does, so it stands in for it.
 */
function submitted(settings: AuthSettings, call: AuthCall): AuthCall {
  // What a provider leads back to says nothing of where to go on: that stands in a cookie of before.
  if (call.method === 'GET' && call.fields['callbackUrl'] === undefined) return call
  const fields = { ...call.fields, callbackUrl: localPath(call.fields['callbackUrl'] ?? '/') }
  if (!call.sameOrigin) return { ...call, fields }
  const csrfToken = randomBytes(32).toString('hex')
  const cookies = { ...call.cookies, [csrfName(settings)]: `${csrfToken}|${csrfHash(settings, csrfToken)}` }
  return { ...call, cookies, fields: { ...fields, csrfToken } }
}

const csrfName = (settings: AuthSettings): string => `${cookiePrefix(settings)}tidemark.csrf-token`
/** As next-auth makes it. */
const csrfHash = ({ secret }: AuthSettings, token: string): string =>
  createHash('sha256').update(`${token}${secret}`).digest('hex')

function hasOwnCsrf(settings: AuthSettings, { cookies, fields }: AuthCall): boolean {
  const [token, hash] = (cookies[csrfName(settings)] ?? '').split('|')
  return token !== undefined && token === fields['csrfToken'] && hash === csrfHash(settings, token)
}

/** Speaks to next-auth in its plain request and response form, which needs no running Next. */
async function exchange(options: NextAuthOptions, call: AuthCall): Promise<Omit<AuthAnswer, 'refusal'>> {
  let answer = { status: 200, body: null as unknown, redirect: null as string | null }
  const headers = new Map<string, string | readonly string[]>()
  const response = {
    status: (status: number) => ((answer = { ...answer, status }), response),
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    setHeader: (name: string, value: string | readonly string[]) => (
      headers.set(name.toLowerCase(), value),
      response
    ),
    json: (body: unknown) => void (answer = { ...answer, body }),
    send: (body: unknown) => void (answer = { ...answer, body }),
    end: () => {},
  }
  const { method, fields, cookies } = call
  const query = { ...(method === 'GET' ? fields : {}), nextauth: call.action }
  await callable(nextAuthModule)(
    { method, query, body: { ...fields, json: 'false' }, cookies, headers: {} },
    response,
    options,
  )
  const redirect = headers.get('location')
  const set = headers.get('set-cookie') ?? []
  return {
    ...answer,
    redirect: typeof redirect === 'string' ? redirect : null,
    cookies: typeof set === 'string' ? [set] : set,
  }
}

type NextAuthCallable = (request: unknown, response: unknown, options: NextAuthOptions) => Promise<void>

/**
 * next-auth is CommonJS with a `default` export: Node hands its namespace one level deeper than a bundler does.
 * Both are unwrapped here; anything else is a version that was not tried.
 */
function callable(module: unknown): NextAuthCallable {
  let found = module
  while (typeof found === 'object' && found !== null && 'default' in found) found = found.default
  if (typeof found !== 'function') throw new Error('next-auth has no default export')
  return found as NextAuthCallable
}
