import type { Collection, StoredReview } from '#lib/storage/ports.ts'
import { recommend } from '#lib/telemetry/review/recommend.ts'
import type { Measured, Recommendation, Settings } from '#lib/telemetry/review/review.ts'
import { NO_ANSWERS } from '#lib/telemetry/review/review.ts'
import { differencesOf, type Difference } from '#lib/telemetry/review/review-verdict.ts'
import type { Context } from '../context.ts'
import { collectionOf, settingsOf, type OfCollection } from './collection-of.ts'
import { measureCollection } from './measure-collection.ts'

export interface ReviewBoard {
  readonly collection: Collection
  readonly settings: Settings
  /** The newest version; null where there is none. */
  readonly review: StoredReview | null
  /** As of now. */
  readonly measured: Measured
  /** What comes of the newest answers and what is measured now. */
  readonly recommendation: Recommendation
  /** Of that against the settings. */
  readonly differences: readonly Difference[]
}

/** The newest review of a collection beside what is measured now. @throws ApplicationError `not_found` */
export async function showReview(
  ctx: Pick<Context, 'storage' | 'clock' | 'measurements'>,
  of: OfCollection,
): Promise<ReviewBoard> {
  const collection = await collectionOf(ctx, of, 'viewer')
  const [review, measured] = await Promise.all([
    ctx.storage.reviews.newest(of.fleetId, of.id),
    measureCollection(ctx, collection),
  ])
  const settings = settingsOf(collection)
  const recommendation = recommend(review?.answers ?? NO_ANSWERS, measured, settings)
  const differences = differencesOf(recommendation, settings)
  return { collection, settings, review, measured, recommendation, differences }
}
