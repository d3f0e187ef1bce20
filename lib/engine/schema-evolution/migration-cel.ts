import type { Result } from '#lib/kernel/result.ts'
import type { CelFault, CompiledCel } from '../cel/compile.ts'
import { compileCel } from '../cel/compile.ts'

/** An expression of an up-migration: `doc` is the document at this step, `value` what stands at the path, or null. */
export const compileMigrationCel = (cel: string): Result<CompiledCel, CelFault> =>
  compileCel(cel, ['doc', 'value'], 'any')

/** Passed to what takes steps: a device without computing ones doesn't load the evaluator. */
export type MigrationCel = typeof compileMigrationCel
