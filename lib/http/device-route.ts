import { bearerOf } from '#lib/application/access/credentials.ts'
import { noteDenial } from '#lib/application/audit/denials.ts'
import type { BreakerNotice } from '#lib/application/breakers/open-notices.ts'
import { openNotices } from '#lib/application/breakers/open-notices.ts'
import type { BreakerPass } from '#lib/application/breakers/pass.ts'
import { ALL_GOOD, verdictsOf } from '#lib/application/breakers/verdicts.ts'
import type { Context } from '#lib/application/context.ts'
import { DIRECTORY_FRESH_MS, type Caller } from '#lib/application/devices/directory.ts'
import { requireActive, requireNotRevoked } from '#lib/application/devices/require-active.ts'
import { wireCommands } from '#lib/application/devices/wire-commands.ts'
import { ApplicationError, isStorageError } from '#lib/application/errors.ts'
import type { RateVerdict } from '#lib/application/rate-limits.ts'
import { RATE_LIMITS_DEFAULT } from '#lib/application/rate-limits.ts'
import type { Route } from '#lib/application/request-counter.ts'
import { HEADERS, WIRE_VERSION } from '#lib/protocol/device.ts'
import { isBelow } from '#lib/protocol/app-version.ts'
import type { WireCommand } from '#lib/protocol/command.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import { admit, fleetNamedBy } from './admit.ts'
import type { Answer } from './answer.ts'
import type { NamedApp } from './app-header.ts'
import { namedApp } from './app-header.ts'
import type { Asked } from './asked.ts'
import type { Encoded } from './compress.ts'
import { asItIs, compress, isShort } from './compress.ts'
import { corsFromMemory, corsHeaders, preflight } from './cors.ts'
import { problemAnswer, statusClassOf, tellable } from './problem.ts'
import { addressIn } from './address-in.ts'
import { addRateHeaders } from './rate-headers.ts'

/** A request on its way, with what is known of it so far. */
export interface DeviceCall {
  readonly ctx: Context
  readonly request: Asked
  readonly receivedAtMs: number
  /** The breakers that this request is a call of. */
  readonly pass: BreakerPass
}
export interface AuthenticatedCall extends DeviceCall, Caller {
  readonly app: NamedApp
}

/** What a route answers; the wrapper adds the headers of the contract. */
export interface DeviceAnswer {
  readonly status: number
  readonly body: string | Encoded | ReadableStream<Uint8Array> | null
  readonly headers?: Readonly<Record<string, string>>
  /** Newer than the caller's fleet, when the route read them in its transaction. */
  readonly fleet?: { readonly epoch: number; readonly configVersion: number }
  /** Read in the same transaction; else those of the caller as it was authenticated. */
  readonly commands?: readonly WireCommand[]
  /** The breakers that kept something out of it, though they may be closed by now. */
  readonly shut?: readonly BreakerNotice[]
  /** Told by its own event, so not counted as a request. */
  readonly hasEvent?: boolean
  readonly compress?: boolean
}

export interface DeviceRoute {
  readonly route: Route
  readonly method: 'GET' | 'POST'
  /** How old the cached answer to "whose token is this" may be. */
  readonly freshMs: number
  /** What a paused device gets: nothing, the refusal after its account was heard, or an answer like any other. */
  readonly paused: 'refused' | 'heard' | 'served'
  /** Its answer has no end that is known. */
  readonly isStream: boolean
  answer(call: AuthenticatedCall): Promise<DeviceAnswer>
}
/** The one route without a device: it makes one. */
export interface OpenRoute {
  readonly route: Route
  readonly method: 'POST'
  readonly freshMs: null
  answer(call: DeviceCall): Promise<DeviceAnswer & { readonly fleetId: string }>
}

/** What is known of a request when its answer is counted. */
interface Progress {
  readonly bearer: string | null
  caller: Caller | null
  app: NamedApp | null
  fleetId: string | null
  rate: RateVerdict | null
  /** As the route answered them, where the answer became a refusal after all. */
  commands: readonly WireCommand[] | null
}

/** One wrapper around every route of the device API: method, app, device, origin, errors, headers, counting. */
export async function serveDevice(
  ctx: Context,
  route: DeviceRoute | OpenRoute,
  request: Asked,
): Promise<Answer> {
  if (request.method === 'OPTIONS') return preflight(ctx, request, route.method)
  const bearer = bearerOf(request.headers)
  const progress: Progress = { bearer, caller: null, app: null, fleetId: null, rate: null, commands: null }
  const pass = ctx.breakers.begin()
  let isIn = false
  try {
    if (request.method !== route.method) throw new ApplicationError('method_not_allowed')
    progress.app = namedApp(request.headers)
    admit(ctx, route.route, bearer, pass, progress.app?.appVersion ?? null)
    isIn = true
    const answer = await answerOf(ctx, route, request, progress, pass)
    const response = await respond(ctx, request, progress, answer)
    if (!answer.hasEvent) count(ctx, route.route, progress, answer.status, null)
    pass.end(ALL_GOOD, { cause: `${route.route} took long`, ...callerOf(progress) })
    return response
  } catch (thrown) {
    // No credential of a fleet that was removed meanwhile is valid (decision 0035).
    const error = isStorageError(thrown, 'fleet_gone') ? new ApplicationError('unauthorized') : thrown
    pass.end(verdictsOf(error), { cause: causeOf(route.route, error), ...callerOf(progress) })
    return await fail(ctx, route, request, progress, error)
  } finally {
    if (isIn) ctx.load.leave()
  }
}

const callerOf = ({ caller }: Progress) => ({
  deviceId: caller?.device.id ?? null,
  fleetId: caller?.fleet.id ?? null,
})

/** How a trip tells of this request: its route, and how it was answered. */
function causeOf(route: Route, error: unknown): string {
  const { tidemarkCode } = tellable(error, () => 0) ?? new ApplicationError('internal')
  return `${route} ${ERROR_CODES[tidemarkCode].status} ${tidemarkCode}`
}

async function answerOf(
  ctx: Context,
  route: DeviceRoute | OpenRoute,
  request: Asked,
  progress: Progress,
  pass: BreakerPass,
): Promise<DeviceAnswer> {
  const receivedAtMs = ctx.clock.now()
  if (route.freshMs === null) {
    const answer = await route.answer({ ctx, request, pass, receivedAtMs })
    progress.fleetId = answer.fleetId
    return answer
  }
  const caller =
    ctx.directory.remembered(progress.bearer, route.freshMs) ??
    (await ctx.directory.authenticate(progress.bearer, route.freshMs))
  requireNotRevoked(caller.device)
  const app = progress.app ?? caller.device
  progress.caller = caller
  progress.app = app
  progress.fleetId = caller.fleet.id
  takeFromQuotas(ctx, caller, progress)
  const { minAppVersion } = caller.fleet.settings
  if (minAppVersion !== null && isBelow(app.appVersion, minAppVersion))
    throw new ApplicationError('app_version_refused')
  if (route.paused === 'refused') requireActive(caller.device)
  const { device, fleet, tokenHash } = caller
  const named = { appVersion: app.appVersion, platform: app.platform }
  // Written out: V8 makes objects that are spread and added to slowly, and is slow to read them.
  const call = { ctx, request, pass, receivedAtMs, device, fleet, tokenHash, app: named }
  const answer = await route.answer(call)
  progress.commands = answer.commands ?? null
  if (route.paused === 'heard') requireActive(caller.device)
  return answer
}

/** Takes the request from the quotas of its device and fleet. @throws ApplicationError `rate_limited` */
function takeFromQuotas(ctx: Context, { device, fleet }: Caller, progress: Progress): void {
  const limits = fleet.settings.rateLimits ?? RATE_LIMITS_DEFAULT
  progress.rate = ctx.rateLimiter.take(fleet.id, device.id, limits)
  const { retryAfterMs } = progress.rate
  if (retryAfterMs !== null) throw new ApplicationError('rate_limited', { retryAfterMs })
}

async function respond(
  ctx: Context,
  request: Asked,
  progress: Progress,
  answer: DeviceAnswer,
): Promise<Answer> {
  const headers = await contractHeaders(ctx, request, progress, answer)
  if (answer.body !== null) headers['content-type'] = 'application/json'
  Object.assign(headers, answer.headers)
  const { body } = answer
  if (body === null || body instanceof ReadableStream || (typeof body === 'string' && !answer.compress)) {
    return { status: answer.status, headers, body }
  }
  const encoded =
    typeof body !== 'string'
      ? body
      : isShort(body)
        ? asItIs(body)
        : await compress(body, request.headers.get('accept-encoding'))
  const { vary } = headers
  Object.assign(headers, encoded.headers)
  if (vary !== undefined) headers['vary'] = `${vary}, ${encoded.headers.vary}`
  return { status: answer.status, headers, body: encoded.body }
}

async function contractHeaders(
  ctx: Context,
  request: Asked,
  { caller, rate, commands: answered }: Progress,
  { fleet: newer, shut = [] }: Pick<DeviceAnswer, 'fleet' | 'shut'> = {},
): Promise<Record<string, string>> {
  const fleet = newer ?? caller?.fleet
  const commands = answered ?? (caller ? wireCommands(caller.device, ctx.clock.now()) : [])
  const headers = plainHeaders(ctx)
  if (request.headers.has('origin')) Object.assign(headers, await corsHeaders(ctx, request, caller))
  if (rate) addRateHeaders(headers, rate)
  if (fleet) {
    headers[HEADERS.config] = String(fleet.configVersion)
    headers[HEADERS.epoch] = String(fleet.epoch)
    const now = openNotices(ctx.breakers, caller)
    const earlier = shut.filter(({ scope }) => now.every((notice) => notice.scope !== scope))
    const notices = earlier.length === 0 ? now : [...earlier, ...now]
    const isNone = commands.length === 0 && notices.length === 0
    headers[HEADERS.commands] = isNone ? '[]' : JSON.stringify([...commands, ...notices])
  }
  return headers
}

function plainHeaders(ctx: Context): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    [HEADERS.version]: WIRE_VERSION,
    [HEADERS.now]: String(ctx.clock.now()),
  }
}

/** Of an answer that must cost nothing and ask nobody: what of the caller's origin is in memory. */
function headersFromMemory(ctx: Context, request: Asked): Record<string, string> {
  return { ...corsFromMemory(ctx, request), ...plainHeaders(ctx) }
}

export const DEVICE_API_PREFIX = '/api/v1/'

/** A path of the device API that there is none of: an error of the contract, as every other. Counted for no route. */
export function refuseUnknown(ctx: Context, request: Asked): Answer {
  return problemAnswer(new ApplicationError('not_found'), ctx.ids(), headersFromMemory(ctx, request))
}

async function fail(
  ctx: Context,
  route: DeviceRoute | OpenRoute,
  request: Asked,
  progress: Progress,
  error: unknown,
): Promise<Answer> {
  const requestId = ctx.ids()
  const told = tellable(error, ctx.random)
  if (!told) ctx.log.error('a request failed', { requestId, route: route.route, error: textOf(error) })
  const failure = told ?? new ApplicationError('internal')
  // With the database away, even the list of allowed origins may be out of reach.
  const fromMemory = headersFromMemory(ctx, request)
  const isRefused = progress.caller === null && statusClassOf(503, failure.tidemarkCode) === 'shed'
  const headers = isRefused
    ? fromMemory
    : await contractHeaders(ctx, request, progress).catch(() => fromMemory)
  if (isRefused) progress.fleetId = ctx.directory.rememberedFleet(progress.bearer)
  if (DENIALS.has(failure.tidemarkCode)) tellOf(ctx, route.route, request, progress, failure.tidemarkCode)
  const allow = failure.tidemarkCode === 'method_not_allowed' ? { allow: `${route.method}, OPTIONS` } : {}
  const response = problemAnswer(failure, requestId, { ...headers, ...allow })
  // A failure of ours is the fleet's too, even when it came before we knew who asked.
  if (response.status >= 500) progress.fleetId ??= ctx.directory.knownFleetOf(progress.bearer)
  count(ctx, route.route, progress, response.status, failure.tidemarkCode)
  return response
}

/** Refused for who asks (security check 43). */
const DENIALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unauthorized', 'forbidden', 'device_revoked'])

function tellOf(ctx: Context, route: Route, request: Asked, progress: Progress, code: ErrorCode): void {
  const { caller, bearer } = progress
  // A device that is revoked is refused before it is a caller; it was found all the same.
  const known = (caller ?? ctx.directory.remembered(bearer, DIRECTORY_FRESH_MS))?.device
  noteDenial(ctx, {
    actor: known ? { kind: 'device', id: known.id, name: known.name, roles: {} } : null,
    action: `${request.method} ${route}`,
    code,
    fleetId: progress.fleetId ?? ctx.directory.knownFleetOf(bearer),
    address: addressIn(request.headers),
  })
}

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

function count(ctx: Context, route: Route, progress: Progress, status: number, code: ErrorCode | null): void {
  const statusClass = statusClassOf(status, code)
  if (progress.fleetId === null) {
    const named = fleetNamedBy(progress.bearer)
    if (named !== null && (code === 'unauthorized' || code === 'device_revoked'))
      ctx.requests.countRejected(named)
    return ctx.metrics.observeUnauthenticated(statusClass)
  }
  const { platform, appVersion } = progress.app ?? { platform: 'other', appVersion: 'unknown' }
  ctx.requests.count(progress.fleetId, { route, statusClass, code, platform, appVersion })
}
