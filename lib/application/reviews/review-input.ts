import { z } from 'zod'
import { REVIEW_FIELDS_MAX } from '#lib/protocol/limits.ts'
import { CHOICES, FIELD_KINDS, type Question } from '#lib/telemetry/review/review.ts'

/** What people write beside an answer; line breaks stay. */
const note = z.string().max(2_000)

const answer = <Q extends Question>(question: Q) =>
  z.strictObject({ choice: z.enum(CHOICES[question]).nullable(), note: note.default('') })

export const answersInput = z.strictObject({
  shape: answer('shape'),
  semantics: answer('semantics'),
  connectivity: answer('connectivity'),
  volume: answer('volume'),
  ordering: answer('ordering'),
  fields: z
    .record(z.string().startsWith('/').max(200), z.enum(FIELD_KINDS))
    .refine((map) => Object.keys(map).length <= REVIEW_FIELDS_MAX, `at most ${REVIEW_FIELDS_MAX} fields`)
    .default({}),
})

export const reviewInput = z.strictObject({
  /** The newest version that it was made on; 0 where there is none. */
  version: z.int().min(0),
  answers: answersInput,
  /** What led to it; kept with the version and in the audit log. */
  reason: z.string().trim().min(1).max(1_000),
})
