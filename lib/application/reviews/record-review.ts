import { REVIEWS_PER_COLLECTION_MAX } from '#lib/protocol/limits.ts'
import type { StoredReview } from '#lib/storage/ports.ts'
import { recommend } from '#lib/telemetry/review/recommend.ts'
import type { Answers } from '#lib/telemetry/review/review.ts'
import { authorize } from '../access/authorize.ts'
import { auditEntry } from '../access/audit-entry.ts'
import type { Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { collectionOf, settingsOf, type OfCollection } from './collection-of.ts'
import { measureCollection } from './measure-collection.ts'
import { reviewInput } from './review-input.ts'

/**
 * POST /collections/:id/reviews: the five questions answered anew, with what is measured now and what comes of both. It
 * changes no setting.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`
 */
export async function recordReview(
  ctx: Context,
  { body, ...of }: OfCollection & { readonly body: unknown },
): Promise<StoredReview> {
  authorize(of.actor, of.fleetId, 'admin')
  const { version, answers, reason } = parsedOrThrow(reviewInput, body)
  const collection = await collectionOf(ctx, of, 'admin')
  const before = await ctx.storage.reviews.newest(of.fleetId, of.id)
  if ((before?.version ?? 0) !== version)
    throw new ApplicationError('stale_version', { extra: { version: before?.version ?? 0 } })
  const measured = await measureCollection(ctx, collection)
  const settings = settingsOf(collection)
  const recommendation = recommend(answers, measured, settings)
  const review: StoredReview = {
    id: ctx.ids(),
    fleetId: of.fleetId,
    collectionId: of.id,
    version: version + 1,
    answers,
    measured,
    recommendation,
    settings,
    note: reason,
    actor: of.actor.name,
    atMs: ctx.clock.now(),
  }
  const audit = auditEntry(ctx, of.actor, {
    action: 'collection.review',
    target: of.id,
    fleetId: of.fleetId,
    reason,
    before: before && { version: before.version, ...chosen(before.answers) },
    after: { version: review.version, ...chosen(answers), advised: recommendation.strategy.value },
  })
  const outcome = await ctx.storage.reviews.add(review, REVIEWS_PER_COLLECTION_MAX, audit)
  if (outcome === 'stale') throw new ApplicationError('stale_version')
  if (outcome === 'full')
    throw badRequest([
      { path: '', message: `a collection has at most ${REVIEWS_PER_COLLECTION_MAX} reviews` },
    ])
  return review
}

/** Without what people wrote beside. */
const chosen = ({ shape, semantics, connectivity, volume, ordering, fields }: Answers) => ({
  shape: shape.choice,
  semantics: semantics.choice,
  connectivity: connectivity.choice,
  volume: volume.choice,
  ordering: ordering.choice,
  fields: { ...fields },
})
