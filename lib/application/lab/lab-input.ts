import { z } from 'zod'
import { LAB_FINDINGS, LAB_OUTCOMES, LAB_RUN_STATES } from '#lib/engine/lab/lab-report.ts'
import { LAB_CLOCKS_OFF_MAX_MS } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { strategyInput } from '../collections/collection-input.ts'
import { bodyInstant } from '../page.ts'

export const labRunState = z.enum(LAB_RUN_STATES)
export const labFinding = z.enum(LAB_FINDINGS)
export const labOutcome = z.enum(LAB_OUTCOMES)

/** POST /lab/runs. */
export const labRunInput = z.strictObject({
  collection: uuid,
  from: bodyInstant,
  to: bodyInstant,
  clocksOffMs: z.int().min(0).max(LAB_CLOCKS_OFF_MAX_MS).optional(),
  proposed: z.strictObject(strategyInput).nullable().optional(),
})

const cost = z.number().min(0).max(1_000_000_000)

/** PATCH /collections/:id/lab-weights: what things cost the collection, in one unit of its own choice. */
export const labWeightsInput = z.strictObject({
  lostUpdate: cost,
  silentOverwrite: cost,
  wrongWinner: cost,
  brokenRule: cost,
  manualMinutes: cost,
  minute: cost,
})
export const labWeightsChange = z.strictObject({
  weights: labWeightsInput,
  /** 0 where none were set. */
  version: z.int().min(0),
  reason: z.string().trim().min(1).max(1_000).optional(),
})
