import type { AuthSettings } from '#lib/application/access/auth-settings.ts'
import { cookiesOf } from '#lib/application/access/auth-settings.ts'
import { callNextAuth, type AuthAnswer, type AuthCall } from '#lib/application/access/next-auth.ts'
import { principalOfCookies } from '#lib/application/access/principal.ts'
import { typedEmailCookie } from '#lib/application/access/typed-email.ts'
import { acceptInvitation } from '#lib/application/access/accept-invitation.ts'
import { claimSetUp } from '#lib/application/access/set-up.ts'
import type { Context } from '#lib/application/context.ts'
import { ApplicationError, isApplicationError } from '#lib/application/errors.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { problemOf, readFields } from './answers.ts'
import { addressIn } from '../address-in.ts'
import { auditDenial } from './denials.ts'
import { originOf } from './origin.ts'

const AUTH_PATH = '/api/auth'

type AuthContext = Pick<Context, 'storage' | 'clock' | 'ids' | 'log' | 'random'>

/** What next-auth is let answer; everything else that it would do is not found here. */
const ACTIONS: ReadonlySet<string> = new Set([
  'GET csrf',
  'GET providers',
  'GET signin',
  'GET signout',
  'GET error',
  'POST callback/credentials',
  'POST callback/link',
  'POST signout',
])
/** The same, where a sign-in provider is named. */
const OIDC_ACTIONS: ReadonlySet<string> = new Set(['POST signin/oidc', 'GET callback/oidc'])
/** Where a form goes back to when its sign-in is refused. */
const SIGN_IN_PAGE = '/sign-in'

/** Everything under /api/auth: signing in and out, the session, set-up. Forms get redirects, programs get codes. */
export async function answerAuth(
  ctx: AuthContext,
  settings: AuthSettings,
  request: Request,
): Promise<Response> {
  try {
    return await answer(ctx, settings, request)
  } catch (error) {
    if (isApplicationError(error)) await auditRefusal(ctx, request, error)
    if (isApplicationError(error) && wantsPage(request)) return redirect(failurePage(request, error))
    return problemOf(ctx, error)
  }
}

/** Refusals of who asks or from where; a wrong password leaves its own entry. */
const DENIALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['bad_origin', 'rate_limited', 'gone'])

async function auditRefusal(
  ctx: AuthContext,
  request: Request,
  { tidemarkCode: code }: ApplicationError,
): Promise<void> {
  if (DENIALS.has(code)) await auditDenial(ctx, request, { principal: null, fleet: null, code })
}

async function answer(ctx: AuthContext, settings: AuthSettings, request: Request): Promise<Response> {
  const url = new URL(request.url)
  const action = url.pathname.slice(AUTH_PATH.length + 1)
  const method = request.method === 'POST' ? 'POST' : 'GET'
  const origin = originOf(request.headers, settings)
  if (method === 'POST' && origin === 'foreign') {
    throw new ApplicationError('bad_origin', { detail: `Sign in at ${settings.origin} (TIDEMARK_URL)` })
  }
  if (method === 'GET' && action === 'session') return sessionAnswer(ctx, settings, request)
  if (method === 'POST' && action === 'set-up') return doorAnswer(ctx, request, SET_UP)
  if (method === 'POST' && action === 'invitation') return doorAnswer(ctx, request, INVITATION)
  const asked = `${method} ${action}`
  if (!ACTIONS.has(asked) && !(settings.oidc && OIDC_ACTIONS.has(asked)))
    throw new ApplicationError('not_found')
  const call: AuthCall = {
    method,
    action: action.split('/'),
    fields: method === 'POST' ? await readFields(request) : Object.fromEntries(url.searchParams),
    cookies: cookiesOf(request.headers),
    address: addressIn(request.headers),
    userAgent: request.headers.get('user-agent'),
    sameOrigin: origin === 'same',
  }
  try {
    return answerFrom(request, call, await callNextAuth(ctx, settings, call))
  } catch (error) {
    if (!isApplicationError(error) || !wantsPage(request)) throw error
    await auditRefusal(ctx, request, error)
    const back = redirect(failurePage(request, error))
    const kept = typedEmailCookie(settings, call.fields['email'])
    if (kept !== null) back.headers.append('set-cookie', kept)
    return back
  }
}

/**
 * Who is signed in. Answered here, since next-auth would go by the cookie alone: it would show, and renew, a
 * session that has ended.
 */
async function sessionAnswer(ctx: AuthContext, settings: AuthSettings, request: Request): Promise<Response> {
  const principal = await principalOfCookies(ctx, settings, cookiesOf(request.headers))
  if (!principal) return json({}, 200)
  const { id, name, roles } = principal.actor
  return json({ user: { id, name, roles } }, 200)
}

/** A form behind a one-time link that makes an account. */
const SET_UP = { claim: claimSetUp, page: '/set-up' }
const INVITATION = { claim: acceptInvitation, page: '/invitation' }

async function doorAnswer(
  ctx: AuthContext,
  request: Request,
  { claim, page }: typeof SET_UP,
): Promise<Response> {
  const fields = await readFields(request)
  try {
    const user = await claim(ctx, fields, addressIn(request.headers))
    return wantsPage(request)
      ? redirect(`${SIGN_IN_PAGE}?ready=1`)
      : json({ id: user.id, email: user.email }, 201)
  } catch (error) {
    if (!isApplicationError(error) || !wantsPage(request)) throw error
    await auditRefusal(ctx, request, error)
    // Back to the form, which needs its token again; whoever is invited types their name once.
    const { token = '', name = '' } = fields
    const back = {
      token,
      error: error.tidemarkCode,
      ...(page === INVITATION.page && name !== '' && { name }),
    }
    return redirect(`${page}?${new URLSearchParams(back)}`)
  }
}

function answerFrom(request: Request, call: AuthCall, answer: AuthAnswer): Response {
  if (answer.refusal) {
    const { code, ...wait } = answer.refusal
    throw new ApplicationError(code, wait)
  }
  const response = redirectOrBody(request, call, answer)
  for (const cookie of answer.cookies) response.headers.append('set-cookie', cookie)
  return response
}

function redirectOrBody(
  request: Request,
  call: AuthCall,
  { status, body, redirect: to }: AuthAnswer,
): Response {
  if (call.action.join('/') === 'signin/oidc' && to !== null && wantsPage(request)) return onward(to)
  if (to === null) return typeof body === 'string' ? text(body, status) : json(body, status)
  return call.fields['json'] === 'true' && !wantsPage(request) ? json({ url: to }, 200) : redirect(to)
}

/**
 * Leads to the sign-in provider by a page: where a form is sent may not lead to another host (form-action), a page may.
 */
function onward(to: string): Response {
  const href = to.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title><meta http-equiv="refresh" content="0;url=${href}"><p><a href="${href}">Go on to the sign-in provider</a></p></html>`
  const headers = { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'referrer-policy': 'no-referrer' }
  return new Response(page, { status: 200, headers })
}

/** A browser that sent a form, not a program. */
const wantsPage = (request: Request): boolean => request.headers.get('accept')?.includes('text/html') ?? false

const MINUTE_MS = 60_000

/** The sign-in again, with what went wrong and where it was to lead. */
function failurePage(request: Request, { tidemarkCode, retryAfterMs }: ApplicationError): string {
  const { pathname, searchParams } = new URL(request.url)
  const callbackUrl = searchParams.get('callbackUrl')
  const how = pathname.slice(pathname.lastIndexOf('/') + 1)
  const code = tidemarkCode === 'unauthorized' ? how : tidemarkCode
  const back = {
    ...(retryAfterMs === null ? {} : { minutes: String(Math.ceil(retryAfterMs / MINUTE_MS)) }),
    ...(callbackUrl === null ? {} : { callbackUrl }),
  }
  return `${SIGN_IN_PAGE}?${new URLSearchParams({ error: code, ...back })}`
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const json = (body: unknown, status: number): Response => Response.json(body, { status, headers: HEADERS })
const text = (body: string, status: number): Response =>
  new Response(body, { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } })
/** 303: whatever was sent, the browser now reads a page. */
const redirect = (location: string): Response =>
  new Response(null, { status: 303, headers: { ...HEADERS, location } })
