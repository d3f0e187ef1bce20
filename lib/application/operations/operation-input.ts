import { z } from 'zod'
import { BULK_RULES } from '#lib/engine/conflict/rule-choice.ts'
import { isSafePatch, type PatchStep } from '#lib/engine/json-patch.ts'
import {
  ITEM_OUTCOMES,
  ITEM_STATES,
  LETTER_KINDS,
  OPERATION_KINDS,
  OPERATION_STATES,
  type ItemOutcome,
} from '#lib/engine/operation-machine.ts'
import { fromPointer } from '#lib/kernel/json-pointer.ts'
import type { Json } from '#lib/kernel/json.ts'
import {
  JSON_PATCH_CHARS_MAX,
  JSON_PATCH_STEPS_MAX,
  OPERATION_LETTERS_MAX,
  OPERATION_RATE,
} from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import { filterInput } from '../filter.ts'

const pointer = z
  .string()
  .max(2_000)
  .refine((text) => fromPointer(text) !== null, 'must be a JSON Pointer')
const json = z.custom<Json>((value) => value !== undefined, 'must be JSON')

/** One step of a JSON Patch (RFC 6902). */
const step = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('add'), path: pointer, value: json }),
  z.strictObject({ op: z.literal('replace'), path: pointer, value: json }),
  z.strictObject({ op: z.literal('test'), path: pointer, value: json }),
  z.strictObject({ op: z.literal('remove'), path: pointer }),
  z.strictObject({ op: z.literal('move'), from: pointer, path: pointer }),
  z.strictObject({ op: z.literal('copy'), from: pointer, path: pointer }),
])

export const editOfOperation = z.union([
  z.strictObject({
    patch: z
      .array(step)
      .min(1)
      .max(JSON_PATCH_STEPS_MAX)
      .refine(
        (steps) => isSafePatch(steps as PatchStep[]),
        'must not name __proto__, constructor or prototype',
      )
      .refine((steps) => JSON.stringify(steps).length <= JSON_PATCH_CHARS_MAX, 'is too long'),
  }),
  z.strictObject({ upMigrateFrom: z.int().min(1) }),
])

export const operationKind = z.enum(OPERATION_KINDS)
/** What decides each conflict of a `resolve`. */
export const bulkRule = z.enum(BULK_RULES)
export const operationState = z.enum(OPERATION_STATES)
export const itemState = z.enum(ITEM_STATES)
export const itemOutcome = z.enum(ITEM_OUTCOMES as readonly [ItemOutcome, ...ItemOutcome[]])

const asked = {
  kind: z.enum(LETTER_KINDS),
  q: filterInput(LETTER_FIELDS),
  /** Instead of a filter: these, the poisoned ones among them. */
  letters: z.array(uuid).min(1).max(OPERATION_LETTERS_MAX).optional(),
  /** Of kind `edit` only. */
  edit: editOfOperation.optional(),
}

export const previewInput = z.strictObject(asked)

export const createOperationInput = z.strictObject({
  ...asked,
  /** Made by whoever asks: sent again it is the same operation. */
  id: uuid.optional(),
  reason: z.string().trim().min(1).max(1_000),
  rate: z.int().min(OPERATION_RATE.min).max(OPERATION_RATE.max).optional(),
  /** All letters, by a filter that names none; with `count`. */
  allowAll: z.boolean().optional(),
  /** How many the filter takes, as it was shown: refused where that is another number by now. */
  /** How many the filter takes, as a person typed it; of more than 1,000 letters it must be given. */
  count: z.int().min(0).optional(),
})

const version = z.int().min(1).optional()
/** Of an operation's own dry run: it has all that it needs. */
export const previewOwnInput = z.strictObject({})

export const turnInput = z.strictObject({
  reason: z.string().trim().min(1).max(1_000).optional(),
  /** Refused where it has moved on since. */
  version,
})
export const rateInput = z.strictObject({
  rate: z.int().min(OPERATION_RATE.min).max(OPERATION_RATE.max),
  version,
})
