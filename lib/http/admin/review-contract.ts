import { z } from 'zod'
import { reviewsQuery } from '#lib/application/reviews/list-reviews.ts'
import { answersInput, reviewInput } from '#lib/application/reviews/review-input.ts'
import { STRATEGIES, TIE_RULES } from '#lib/protocol/device.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { CHOICES } from '#lib/telemetry/review/review.ts'
import { listOf } from './contract-answers.ts'
import type { AdminOperation } from './operation.ts'

export const scarQuery = z.strictObject({
  format: z.enum(['json', 'md']).optional().describe('Without, as `Accept` says'),
})

const count = z.int().min(0)
const ms = z.int()
const figure = z.number().min(0)
const reason = z.object({ rule: z.string(), says: z.string() })
const advice = (value: z.ZodType) => z.object({ value: value.nullable(), reasons: z.array(reason) })
const strategy = z.enum(STRATEGIES)

const settings = z.object({
  strategy,
  tieRule: z.enum(TIE_RULES),
  fieldStrategies: z.record(z.string(), strategy),
})
/** What could not be measured is null. */
const measured = z.object({
  atMs: ms,
  fromMs: ms,
  toMs: ms,
  records: z
    .object({
      live: count,
      more: z.boolean(),
      sampled: count,
      bytesP50: figure,
      bytesP95: figure,
      bytesMax: figure,
    })
    .nullable(),
  followers: count,
  changes: z
    .object({
      sampled: count,
      fromMs: ms,
      toMs: ms,
      kinds: z.record(z.string(), count),
      bytesP50: figure,
      withAfter: count,
      records: count,
      shared: count,
      writersMax: count,
    })
    .nullable(),
  delta: z.object({ changes: count, changeBytes: count, documentBytes: count }).nullable(),
  waits: z.object({ count, p50Ms: figure, p95Ms: figure, maxMs: figure }).nullable(),
  gaps: z.object({ devices: count, count, p50Ms: figure, p95Ms: figure }).nullable(),
  rate: z.object({ conflicts: count, mutations: count, perDay: figure }).nullable(),
  conflicts: z
    .object({
      sampled: count,
      more: z.boolean(),
      fromMs: ms,
      toMs: ms,
      knownBase: count,
      disjoint: count,
      fields: z.array(z.object({ place: z.string(), conflicts: count })),
    })
    .nullable(),
})
const recommendation = z.object({
  strategy: advice(strategy),
  tieRule: advice(z.enum(TIE_RULES)),
  fields: z.array(z.object({ place: z.string(), strategy, reasons: z.array(reason) })),
  mode: advice(z.enum(['delta', 'full'])),
  ordering: advice(z.enum(CHOICES.ordering)),
  connectivity: advice(z.enum(CHOICES.connectivity)),
  doubts: z.array(reason),
})
const review = z.object({
  id: uuid,
  fleetId: uuid,
  collectionId: uuid,
  version: count,
  answers: answersInput,
  measured,
  recommendation,
  settings,
  note: z.string(),
  actor: z.string(),
  atMs: ms,
})
const row = z.object({ name: z.string(), value: z.string(), basis: z.string() })
const scar = z.object({
  collection: z.string(),
  fleet: z.string(),
  atMs: ms,
  reviewVersion: count.nullable(),
  verdict: z.string(),
  sections: z.array(
    z.object({
      letter: z.enum(['S', 'C', 'A', 'R']),
      title: z.string(),
      lead: z.string(),
      parts: z.array(z.object({ title: z.string(), rows: z.array(row) })),
    }),
  ),
})

/** By `METHOD pattern` of the route table. */
export const REVIEW_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /collections/:id/review': {
    summary: 'The newest design review of a collection beside what is measured now, and what comes of both',
    answer: z.object({
      review: review.nullable(),
      measured,
      recommendation,
      settings,
      differences: z.array(
        z.object({ what: z.string(), now: z.string(), advised: z.string(), because: z.string() }),
      ),
    }),
  },
  'GET /collections/:id/reviews': {
    summary: 'The versions of a collection’s design review, the latest first',
    query: reviewsQuery,
    answer: listOf(review),
  },
  'POST /collections/:id/reviews': {
    summary: 'Answer the five questions of a collection’s design review anew',
    body: reviewInput,
    answer: review,
    codes: ['stale_version'],
  },
  'GET /collections/:id/scar': {
    summary: 'The SCAR report of a collection: scope, core architecture, algorithms, resilience',
    query: scarQuery,
    answer: scar,
    markdown: true,
  },
}
