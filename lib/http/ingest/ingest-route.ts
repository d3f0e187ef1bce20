import { bearerOf } from '#lib/application/access/credentials.ts'
import { noteDenial } from '#lib/application/audit/denials.ts'
import { breakerOpen } from '#lib/application/breakers/breaker-open.ts'
import { ENGINE_SCOPE } from '#lib/application/breakers/scopes.ts'
import type { Context } from '#lib/application/context.ts'
import { ApplicationError, isStorageError } from '#lib/application/errors.ts'
import type { IngestKey } from '#lib/application/ingest/live-key.ts'
import { liveIngestKey } from '#lib/application/ingest/live-key.ts'
import { addressIn } from '../address-in.ts'
import type { Answer } from '../answer.ts'
import { tellable } from '../problem.ts'

/** Exports a minute and process, by key and by fleet: a collector sends one every few seconds. */
const LIMITS = { devicePerMinute: 600, fleetPerMinute: 6_000 }
const RETRY_AFTER_MS = 1_000

/** What a receiver of telemetry does with a request whose key is good. */
export interface IngestRoute {
  answer(ctx: Context, key: IngestKey, request: Request): Promise<Answer>
  /** How this receiver's callers want to be told of a failure. */
  problem(error: ApplicationError, requestId: string, request: Request): Answer
}

/**
 * One wrapper around every receiver: method, load, key, limits, errors. Nothing here counts in a fleet's failure rate:
 * it is no device that asks.
 */
export async function serveIngest(ctx: Context, route: IngestRoute, request: Request): Promise<Answer> {
  try {
    return withHeaders(await admitted(ctx, route, request))
  } catch (thrown) {
    const error = isStorageError(thrown, 'fleet_gone') ? new ApplicationError('unauthorized') : thrown
    const requestId = ctx.ids()
    const told = tellable(error, ctx.random)
    if (!told)
      ctx.log.error('an export failed', {
        requestId,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    if (told?.tidemarkCode === 'unauthorized' || told?.tidemarkCode === 'forbidden')
      noteDenial(ctx, {
        actor: null,
        action: `${request.method} ${new URL(request.url).pathname}`,
        code: told.tidemarkCode,
        fleetId: null,
        address: addressIn(request.headers),
      })
    const answer = route.problem(told ?? new ApplicationError('internal'), requestId, request)
    return told?.tidemarkCode === 'method_not_allowed'
      ? withHeaders({ ...answer, headers: { ...answer.headers, allow: 'POST' } })
      : withHeaders(answer)
  }
}

async function admitted(ctx: Context, route: IngestRoute, request: Request): Promise<Answer> {
  if (request.method !== 'POST') throw new ApplicationError('method_not_allowed')
  const refusal = ctx.breakers.refusal(ENGINE_SCOPE)
  if (refusal) throw breakerOpen(refusal)
  if (!ctx.ingesting.enter())
    throw new ApplicationError('shed', { retryAfterMs: RETRY_AFTER_MS * (1 + 2 * ctx.random()) })
  try {
    const key = await liveIngestKey(ctx, bearerOf(request.headers))
    const { retryAfterMs } = ctx.rateLimiter.take(`ingest/${key.fleetId}`, key.id, LIMITS)
    if (retryAfterMs !== null) throw new ApplicationError('rate_limited', { retryAfterMs })
    return await route.answer(ctx, key, request)
  } finally {
    ctx.ingesting.leave()
  }
}

const withHeaders = (answer: Answer): Answer => ({
  ...answer,
  headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...answer.headers },
})
