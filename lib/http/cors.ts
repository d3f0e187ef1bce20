import type { Context } from '#lib/application/context.ts'
import type { Caller } from '#lib/application/devices/directory.ts'
import { HEADERS } from '#lib/protocol/device.ts'
import type { Answer } from './answer.ts'
import type { Asked } from './asked.ts'

const PREFLIGHT_SECONDS = '600'
const ASKED_HEADERS = ['authorization', 'content-type', 'if-none-match', HEADERS.app, HEADERS.report].join(
  ', ',
)
const SHOWN_HEADERS = [
  HEADERS.version,
  HEADERS.now,
  HEADERS.config,
  HEADERS.epoch,
  HEADERS.commands,
  HEADERS.rateLimit,
  HEADERS.rateLimitPolicy,
  'etag',
  'retry-after',
].join(', ')

/**
 * Lets a page of another origin read an answer: one that the caller's fleet allows; before a request has shown its
 * fleet, one that any fleet allows. Never with credentials. The token, not the origin, is what grants access.
 */
export async function corsHeaders(
  ctx: Context,
  request: Asked,
  caller: Caller | null,
): Promise<Record<string, string>> {
  const origin = request.headers.get('origin')
  if (origin === null) return {}
  const isAllowed = caller
    ? caller.fleet.settings.allowedOrigins.includes(origin)
    : await ctx.directory.isAnyFleetsOrigin(origin)
  return grantTo(origin, isAllowed)
}

/** The same for an answer that asks nobody: by the origins that this process saw last. */
export function corsFromMemory(ctx: Context, request: Asked): Record<string, string> {
  const origin = request.headers.get('origin')
  return origin === null ? {} : grantTo(origin, ctx.directory.isRememberedOrigin(origin))
}

function grantTo(origin: string, isAllowed: boolean): Record<string, string> {
  if (!isAllowed) return { vary: 'origin' }
  return {
    vary: 'origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': SHOWN_HEADERS,
  }
}

/** The answer to a browser's question before the request itself; it carries no token. */
export async function preflight(ctx: Context, request: Asked, methods: string): Promise<Answer> {
  const allowed = await corsHeaders(ctx, request, null)
  const isAllowed = allowed['access-control-allow-origin'] !== undefined
  const grants = isAllowed
    ? {
        'access-control-allow-methods': methods,
        'access-control-allow-headers': ASKED_HEADERS,
        'access-control-max-age': PREFLIGHT_SECONDS,
      }
    : {}
  const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  return { status: 204, body: null, headers: { ...allowed, ...grants, ...always } }
}
