import type { AuthSettings } from '#lib/application/access/auth-settings.ts'
import { cookiesOf } from '#lib/application/access/auth-settings.ts'
import { canSee, isAtLeast, strongestRole } from '#lib/application/access/authorize.ts'
import { bearerOf } from '#lib/application/access/credentials.ts'
import { principalOfCookies, principalOfKey, type Principal } from '#lib/application/access/principal.ts'
import { isRecent } from '#lib/application/access/step-up.ts'
import type { Context } from '#lib/application/context.ts'
import { ApplicationError, badRequest, isApplicationError } from '#lib/application/errors.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { problemOf, readBody } from './answers.ts'
import { addressIn } from '../address-in.ts'
import { auditDenial } from './denials.ts'
import { fleetsOfCall, inFirst } from './fleet-of-call.ts'
import { originOf } from './origin.ts'
import { queryOf } from './query.ts'
import { matchRoute, type AdminCall, type AdminRoute } from './table.ts'

const ADMIN_PATH = '/api/admin/v1'

/** What is known of a request when it is refused. */
interface Progress {
  principal: Principal | null
  fleet: unknown
}

/**
 * The one wrapper of every operator route: who asks, from where, what for, may they; then the verb, then its answer
 * or its error as problem+json. Nothing is cached, a read changes nothing (docs/security.md).
 */
export async function answerAdmin(
  ctx: Context,
  settings: AuthSettings,
  routes: readonly AdminRoute[],
  request: Request,
): Promise<Response> {
  const progress: Progress = { principal: null, fleet: undefined }
  try {
    return await answer(ctx, settings, routes, request, progress)
  } catch (error) {
    if (isApplicationError(error) && isDenial(error, progress)) {
      await auditDenial(ctx, request, { ...progress, code: error.tidemarkCode }).catch((failure: unknown) =>
        ctx.log.error('a denial was not audited', { error: String(failure) }),
      )
    }
    return problemOf(ctx, error)
  }
}

async function answer(
  ctx: Context,
  settings: AuthSettings,
  routes: readonly AdminRoute[],
  request: Request,
  progress: Progress,
): Promise<Response> {
  const url = new URL(request.url)
  const principal = from(request, await authenticate(ctx, settings, request))
  progress.principal = principal
  const waitMs = ctx.rateLimiter.takeOfAccount(principal.actor.id)
  if (waitMs !== null) throw new ApplicationError('rate_limited', { retryAfterMs: waitMs })
  requireOwnOrigin(settings, principal, request)
  const { route, params } = routeOf(routes, request.method, url.pathname.slice(ADMIN_PATH.length))
  const query = queryOf(url)
  progress.fleet = query['fleet']
  if (!isAtLeast(strongestRole(principal.actor), route.role)) throw new ApplicationError('forbidden')
  const body = route.method === 'GET' ? null : await readBody(request)
  requireRecent(route, body, principal, ctx.clock.now())
  const reauthenticate = async () => (await authenticate(ctx, settings, request)).actor
  const call: AdminCall = {
    ctx,
    principal,
    actor: principal.actor,
    params,
    query,
    body,
    request,
    reauthenticate,
  }
  const value = route.scope === 'fleet' ? await runInFleet(route, call, progress) : await run(route, call)
  if (value instanceof Response) return value
  return Response.json(value, {
    status: route.status,
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  })
}

/** Who asks, and from where: both stand in what they do. */
const from = (request: Request, principal: Principal): Principal => ({
  ...principal,
  actor: { ...principal.actor, address: addressIn(request.headers) },
})

/** A session cookie or an API key. An Authorization header is taken at its word: a bad one is not passed over. */
async function authenticate(ctx: Context, settings: AuthSettings, request: Request): Promise<Principal> {
  if (request.headers.has('authorization')) {
    const key = bearerOf(request.headers)
    const principal = key === null ? null : await principalOfKey(ctx, key, addressIn(request.headers))
    if (!principal) throw new ApplicationError('unauthorized')
    return principal
  }
  const principal = await principalOfCookies(ctx, settings, cookiesOf(request.headers))
  if (!principal) throw new ApplicationError('unauthorized')
  return principal
}

/** Browsers send cookies along with what other sites make them send, so a cookie writes from our pages only. */
function requireOwnOrigin(settings: AuthSettings, principal: Principal, request: Request): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (isRead || principal.sessionId === null || originOf(request.headers, settings) === 'same') return
  throw new ApplicationError('bad_origin', {
    detail: `Writes must come from ${settings.origin} (TIDEMARK_URL)`,
  })
}

function requireRecent({ recent }: AdminRoute, body: unknown, principal: Principal, nowMs: number): void {
  const isDangerous = typeof recent === 'function' ? recent(body) : recent === true
  if (isDangerous && !isRecent(principal, nowMs)) throw new ApplicationError('sign_in_again')
}

function routeOf(routes: readonly AdminRoute[], method: string, path: string) {
  const matched = matchRoute(routes, method === 'HEAD' ? 'GET' : method, path)
  if (matched.route !== null && Object.entries(matched.params).every(isWellFormed)) return matched
  if (matched.route !== null) throw new ApplicationError('not_found')
  if (matched.allow.length === 0) throw new ApplicationError('not_found')
  throw new ApplicationError('method_not_allowed', { extra: { allow: matched.allow } })
}

/** An id, the scope of a breaker, or the name of a rule. */
const isWellFormed = ([name, value]: [string, string]): boolean =>
  name === 'scope' || name === 'rule' || isUuid(value)

async function run(route: Exclude<AdminRoute, { scope: 'fleet' }>, call: AdminCall): Promise<unknown> {
  const role = call.actor.roles['*'] ?? null
  if (route.scope === 'everywhere' && !isAtLeast(role, route.role)) throw new ApplicationError('forbidden')
  return route.handle(call)
}

async function runInFleet(
  route: Extract<AdminRoute, { scope: 'fleet' }>,
  call: AdminCall,
  progress: Progress,
): Promise<unknown> {
  const { fleet: fromQuery, ...query } = call.query
  const { fleet: fromBody, body } = withoutFleet(call.body)
  const fleet = fromBody ?? fromQuery
  if (fromBody !== undefined && fromQuery !== undefined && fromBody !== fromQuery) {
    throw badRequest([{ path: '/fleet', message: 'is another one than in the query' }])
  }
  progress.fleet = fleet
  const wanted = { actor: call.actor, role: route.role, fleet, hasId: route.pattern.includes('/:') }
  const fleetIds = await fleetsOfCall(call.ctx, wanted)
  return inFirst(fleetIds, (fleetId) => route.handle({ ...call, query, body, fleetId }))
}

function withoutFleet(body: unknown): { readonly fleet: unknown; readonly body: unknown } {
  if (typeof body !== 'object' || body === null || !('fleet' in body)) return { fleet: undefined, body }
  const { fleet, ...rest } = body
  return { fleet, body: rest }
}

const DENIED: ReadonlySet<ErrorCode> = new Set(['forbidden', 'bad_origin', 'unauthorized', 'sign_in_again'])

/** Refused for who asked, not for what: a fleet that the caller cannot see is such a refusal, an unknown id is not. */
function isDenial(error: ApplicationError, { principal, fleet }: Progress): boolean {
  const code = error.tidemarkCode
  if (code === 'not_found')
    return principal !== null && typeof fleet === 'string' && !canSee(principal.actor, fleet)
  return DENIED.has(code)
}
