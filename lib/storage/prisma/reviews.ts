import type { Answers, Measured, Recommendation, Settings } from '#lib/telemetry/review/review.ts'
import type { ReviewPort, StoredReview } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { pageOf } from './page.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, ms } from './values.ts'

const NEWEST: Statement = {
  name: 'review_newest',
  text: 'SELECT * FROM design_review WHERE fleet_id = $1 AND collection_id = $2 ORDER BY version DESC LIMIT 1',
}
/** The key decides between two who review at once. */
const ADD: Statement = {
  name: 'review_add',
  text: `INSERT INTO design_review
      (fleet_id, collection_id, version, id, answers, measured, recommendation, settings, note, actor, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (fleet_id, collection_id, version) DO NOTHING RETURNING version`,
}
const LIST: Statement = {
  name: 'review_list',
  text: `SELECT * FROM design_review WHERE fleet_id = $1 AND collection_id = $2
      AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::uuid))
    ORDER BY created_at DESC, id DESC LIMIT $5`,
}

interface Row extends Record<string, unknown> {
  readonly fleet_id: string
  readonly collection_id: string
  readonly version: number
  readonly id: string
  readonly answers: unknown
  readonly measured: unknown
  readonly recommendation: unknown
  readonly settings: unknown
  readonly note: string
  readonly actor: string
  readonly created_at: Date
}

export function postgresReviews(database: Database): ReviewPort {
  return {
    add: (review, max, audit) =>
      database.inFleet(review.fleetId, async (send) => {
        const { fleetId, collectionId, version } = review
        const [newest] = await send<Row>(NEWEST, [fleetId, collectionId])
        const before = newest?.version ?? 0
        if (before !== version - 1) return 'stale'
        if (before >= max) return 'full'
        const added = await send(ADD, [
          fleetId,
          collectionId,
          version,
          review.id,
          JSON.stringify(review.answers),
          JSON.stringify(review.measured),
          JSON.stringify(review.recommendation),
          JSON.stringify(review.settings),
          storableText(review.note),
          storableText(review.actor),
          at(review.atMs),
        ])
        if (added.length === 0) return 'stale'
        await insertAudit(send, audit)
        return 'added'
      }),
    newest: async (fleetId, collectionId) => {
      const [row] = await database.one<Row>(fleetId, NEWEST, [fleetId, collectionId])
      return row ? reviewOf(row) : null
    },
    list: async (fleetId, collectionId, { cursor, limit }) => {
      const after = cursor === null ? [null, null] : [at(cursor.atMs), cursor.id]
      const rows = await database.one<Row>(fleetId, LIST, [fleetId, collectionId, ...after, limit + 1])
      return pageOf(rows.map(reviewOf), ({ atMs, id }) => ({ atMs, id }), limit)
    },
  }
}

const reviewOf = (row: Row): StoredReview => ({
  id: row.id,
  fleetId: row.fleet_id,
  collectionId: row.collection_id,
  version: row.version,
  answers: fromJson<Answers>(row.answers),
  measured: fromJson<Measured>(row.measured),
  recommendation: fromJson<Recommendation>(row.recommendation),
  settings: fromJson<Settings>(row.settings),
  note: originalText(row.note),
  actor: originalText(row.actor),
  atMs: ms(row.created_at),
})
