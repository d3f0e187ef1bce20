import { z } from 'zod'
import { sourceName } from '#lib/protocol/ingest.ts'
import { SCRAPE_EVERY_MS, SCRAPE_TARGETS_MAX } from '#lib/protocol/limits.ts'
import type { ScrapeTarget } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'

const reason = z.string().trim().min(1).max(1_000)

export const scrapeTargetInput = z.strictObject({
  /** The engine whose page it is, as it is shown. */
  source: sourceName,
  url: z.string().max(2_000),
  everyMs: z.int().min(SCRAPE_EVERY_MS.min).max(SCRAPE_EVERY_MS.max).default(SCRAPE_EVERY_MS.default),
  reason,
})

export const scrapeTargetRemoval = z.strictObject({ reason })

export type { ScrapeTarget } from '#lib/storage/ports.ts'

interface OfFleet {
  readonly actor: Actor
  readonly fleetId: string
}

/** Pages that are asked for a fleet's figures. @throws ApplicationError `forbidden` */
export async function listScrapeTargets(
  ctx: Context,
  { actor, fleetId }: OfFleet,
): Promise<readonly ScrapeTarget[]> {
  authorize(actor, fleetId, 'admin')
  return ctx.storage.ingest.targets(fleetId)
}

/**
 * Has the leader ask a page from now on. Where it may lead is the operator's to say (security check 40).
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function addScrapeTarget(
  ctx: Context,
  { actor, fleetId, body }: OfFleet & { readonly body: unknown },
): Promise<ScrapeTarget> {
  authorize(actor, fleetId, 'admin')
  const { source, url, everyMs, reason: why } = parsedOrThrow(scrapeTargetInput, body)
  const refusal = ctx.egress.refusal(url)
  if (refusal !== null) throw badRequest([{ path: '/url', message: refusal }])
  if (!(await ctx.storage.fleets.get(fleetId))) throw new ApplicationError('not_found')
  const createdAtMs = ctx.clock.now()
  const target: ScrapeTarget = { id: ctx.ids(), fleetId, source, url, everyMs, createdAtMs, last: null }
  const after = { source, url, everyMs }
  const audit = auditEntry(ctx, actor, {
    action: 'scrape-target.add',
    target: target.id,
    fleetId,
    reason: why,
    after,
  })
  if ((await ctx.storage.ingest.addTarget(target, SCRAPE_TARGETS_MAX, audit)) === 'too_many')
    throw badRequest([{ path: '/url', message: `a fleet has at most ${SCRAPE_TARGETS_MAX} pages` }])
  return target
}

/** What was read of it stays. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function removeScrapeTarget(
  ctx: Context,
  { actor, fleetId, id, body }: OfFleet & { readonly id: string; readonly body: unknown },
): Promise<ScrapeTarget> {
  authorize(actor, fleetId, 'admin')
  const { reason: why } = parsedOrThrow(scrapeTargetRemoval, body)
  const removed = await ctx.storage.ingest.removeTarget(fleetId, id, ({ source, url, everyMs }) =>
    auditEntry(ctx, actor, {
      action: 'scrape-target.remove',
      target: id,
      fleetId,
      reason: why,
      before: { source, url, everyMs },
    }),
  )
  if (!removed) throw new ApplicationError('not_found')
  return removed
}
