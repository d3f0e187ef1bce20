import type { ReviewPort, StoredReview } from '../ports.ts'
import { pageOf } from './page.ts'
import type { FleetTables, MemoryState } from './state.ts'
import { keyOf } from './state.ts'

export function memoryReviews(state: MemoryState): ReviewPort {
  return {
    add: (review, max, audit) =>
      state.inFleet(review.fleetId, (tables, undo) => {
        const { collectionId, version } = review
        const before = newestOf(tables, collectionId)?.version ?? 0
        if (before !== version - 1) return 'stale'
        if (before >= max) return 'full'
        tables.reviews.set(undo, keyOf(collectionId, version), review)
        state.audit.set(undo, audit.id, audit)
        return 'added'
      }),
    newest: (fleetId, collectionId) => state.inFleet(fleetId, (tables) => newestOf(tables, collectionId)),
    list: (fleetId, collectionId, page) =>
      state.inFleet(fleetId, (tables) =>
        pageOf(of(tables, collectionId), ({ atMs, id }) => ({ atMs, id }), page),
      ),
  }
}

const of = ({ reviews }: FleetTables, collectionId: string): readonly StoredReview[] =>
  reviews.values().filter((review) => review.collectionId === collectionId)

const newestOf = (tables: FleetTables, collectionId: string): StoredReview | null =>
  of(tables, collectionId).reduce<StoredReview | null>(
    (newest, review) => (newest === null || review.version > newest.version ? review : newest),
    null,
  )
