import { z } from 'zod'
import { checkSchema } from '#lib/engine/check-schema.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import { TIE_RULES } from '#lib/protocol/device.ts'
import { jsonObject } from '#lib/protocol/mutation.ts'
import { ApplicationError } from '../errors.ts'

const FIELD_STRATEGIES_MAX = 100
const milliseconds = z.int().min(0)
const ratio = z.number().min(0).max(1)

export const schemaInput = z.union([z.boolean(), jsonObject])
export const thresholdsInput = z.strictObject({
  lagWarnMs: milliseconds.optional(),
  lagCriticalMs: milliseconds.optional(),
  conflictWarn: ratio.optional(),
  conflictFriction: ratio.optional(),
  failureWarn: ratio.optional(),
  failureBreaker: ratio.optional(),
  queueWarn: z.int().min(0).optional(),
  queueCritical: z.int().min(0).optional(),
  oldestWarnMs: milliseconds.optional(),
})

/** What collections can be made of: a name of the contract is offered once its engine stands. */
const OFFERED = ['lww', 'fww', 'field-merge', 'manual'] as const satisfies readonly StrategyName[]

/** How a collection decides conflicts (protocol.md, POST /collections). */
export const strategyInput = {
  strategy: z.enum(OFFERED),
  tieRule: z.enum(TIE_RULES),
  fieldStrategies: z
    .record(z.string().startsWith('/').max(200), z.enum(OFFERED))
    .refine(
      (map) => Object.keys(map).length <= FIELD_STRATEGIES_MAX,
      `at most ${FIELD_STRATEGIES_MAX} fields`,
    ),
}

/** @throws ApplicationError `schema_refused` with the places */
export function requirePublishable(schema: JsonSchema): void {
  const check = checkSchema(schema)
  if (check.ok) return
  throw new ApplicationError('schema_refused', { extra: { errors: check.issues as unknown as Json } })
}

/** Leaves out what was not given: the stored form has no `undefined` members. */
export const given = <T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
