import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { CEL_LENGTH_MAX } from './limits.ts'

/** Bounds of what a collection may declare. */
export const RULES_MAX = 20
export const UP_MIGRATIONS_MAX = 100
export const UP_MIGRATION_OPS_MAX = 100

const celText = z.string().min(1).max(CEL_LENGTH_MAX)
const pointer = z.string().max(400)
const json = z.custom<Json>((value) => value !== undefined, 'must be JSON')

export const businessRule = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, dots and dashes'),
  cel: celText,
  message: z.string().trim().min(1).max(500),
})

/** A condition over `old`, `new` and `device` that every outcome must meet, and what to say when it doesn't. */
export type BusinessRule = z.infer<typeof businessRule>

export const upMigrationOp = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('rename'), path: pointer, to: pointer }),
  z.strictObject({ op: z.literal('remove'), path: pointer }),
  z.strictObject({ op: z.literal('default'), path: pointer, value: json }),
  z.strictObject({ op: z.literal('cel'), path: pointer, cel: celText }),
])
export type UpMigrationOp = z.infer<typeof upMigrationOp>

export const upMigration = z.strictObject({
  from: z.int().min(1),
  to: z.int().min(2),
  ops: z.array(upMigrationOp).min(1).max(UP_MIGRATION_OPS_MAX),
})

/** How documents of schema version `from` become documents of version `to`: the steps in order. */
export type UpMigration = z.infer<typeof upMigration>
