import { z } from 'zod'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'
import { badRequest, type InputIssue } from './errors.ts'

/** Of what is shown in minutes, less is a slip. */
const TIME_MIN_MS = 1_000
const milliseconds = z.int().min(TIME_MIN_MS, 'must be a second (1000) at least').nullable().optional()
const ratio = z.number().min(0).max(1).nullable().optional()
const changes = z.int().min(0).nullable().optional()

/** Thresholds of a fleet or of a collection: left out, one stays as it is; null, it is not set here any more. */
export const thresholdsInput = z.strictObject({
  lagWarnMs: milliseconds,
  lagCriticalMs: milliseconds,
  conflictWarn: ratio,
  conflictFriction: ratio,
  failureWarn: ratio,
  failureBreaker: ratio,
  queueWarn: changes,
  queueCritical: changes,
  oldestWarnMs: milliseconds,
  conflictWaitMs: milliseconds,
})

/** What is set after a change. */
export function thresholdsWith(
  before: Partial<Thresholds>,
  change: z.infer<typeof thresholdsInput>,
): Partial<Thresholds> {
  const kept = Object.entries({ ...before, ...change }).filter(
    ([name, value]) => value !== null && (value !== undefined || Object.hasOwn(before, name)),
  )
  return Object.fromEntries(kept)
}

const WARNED_BEFORE = [
  ['lagWarnMs', 'lagCriticalMs'],
  ['conflictWarn', 'conflictFriction'],
  ['failureWarn', 'failureBreaker'],
  ['queueWarn', 'queueCritical'],
] as const

/** Where a warning comes after what it warns of, and so would never be seen. @param at pointer of the thresholds */
export const orderIssues = (all: Thresholds, at: string): readonly InputIssue[] =>
  WARNED_BEFORE.filter(([warn, grave]) => all[warn] > all[grave]).map(([warn, grave]) => ({
    path: `${at}/${warn}`,
    message: `must be at most ${grave}, which is ${all[grave]}`,
  }))

/** @throws ApplicationError `bad_request` with the places */
export function requireOrdered(all: Thresholds, at: string): void {
  const issues = orderIssues(all, at)
  if (issues.length > 0) throw badRequest(issues)
}
