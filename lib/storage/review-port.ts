import type { Review } from '#lib/telemetry/review/review.ts'
import type { AuditEntry, Page, PageRequest } from './rows.ts'

/** A version of a collection's design review. */
export interface StoredReview extends Review {
  readonly id: string
  readonly fleetId: string
  readonly collectionId: string
}

/** Design reviews (ports.ts, decision 0074): appended, never changed. They outlive their collection, not their fleet. */
export interface ReviewPort {
  /** `stale` when the newest version isn't the one before it, `full` when there are `max`. */
  add(review: StoredReview, max: number, audit: AuditEntry): Promise<'added' | 'stale' | 'full'>
  /** Null where there is none. */
  newest(fleetId: string, collectionId: string): Promise<StoredReview | null>
  /** The latest first. */
  list(fleetId: string, collectionId: string, page: PageRequest): Promise<Page<StoredReview>>
}
