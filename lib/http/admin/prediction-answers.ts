import { z } from 'zod'
import { itemOutcome } from '#lib/application/operations/operation-input.ts'
import { uuid } from '#lib/protocol/mutation.ts'

/** What a dry run answers, of one letter and of many. `later`: it would get no lasting answer for the moment. */
const outcomeOrLater = z.union([itemOutcome, z.literal('later')])
export const outcomeCount = z.object({
  outcome: outcomeOrLater,
  code: z.string().nullable(),
  count: z.int().min(0),
})
export const prediction = z.object({
  ordinal: z.int().min(0),
  letterId: uuid,
  behind: uuid.nullable(),
  outcome: outcomeOrLater,
  code: z.string().nullable(),
  detail: z.string().nullable(),
  /** The place that would be refused, a JSON Pointer or a rule's id, where there is one to blame. */
  path: z.string().nullable(),
})
