import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { Platform } from '#lib/protocol/device.ts'
import type { BusinessRule } from '#lib/protocol/rules.ts'
import { compileCel } from './cel/compile.ts'
import { CelData } from './cel/values.ts'
import type { PushWork } from './push-work.ts'
import type { SchemaIssue } from './types.ts'

/** Who made a change, as rules and the authority see it. */
export interface ActingDevice {
  readonly id: string
  readonly platform: Platform
  readonly appVersion: string
}

/** One of which only the id is known. */
export const unknownDevice = (id: string): ActingDevice => ({ id, platform: 'other', appVersion: '' })

const VARIABLES = ['old', 'new', 'device'] as const

/** What is wrong with rules that somebody wants to publish; paths point into the list. Empty when nothing is. */
export function checkRules(rules: readonly BusinessRule[]): readonly SchemaIssue[] {
  return rules.flatMap(({ id, cel }, index): SchemaIssue[] => {
    if (rules.findIndex((other) => other.id === id) < index)
      return [{ path: `/${index}/id`, message: `${id} stands there twice` }]
    const made = compileCel(cel, VARIABLES, 'bool')
    if (made.ok) return []
    const { message, position } = made.error
    return [{ path: `/${index}/cel`, message: position === null ? message : `at ${position}: ${message}` }]
  })
}

/** The documents before and after; null where there is none. */
export interface Outcome {
  readonly old: JsonObject | null
  readonly new: JsonObject | null
  readonly device: ActingDevice
}

export interface Violation {
  readonly ruleId: string
  readonly detail: string
}

/**
 * The first rule that an outcome breaks (BL1). A rule that can't be evaluated on it is broken.
 * What it takes is noted in `work`. A delete leaves no document, so that only rules that ask for it (`new == null`, `new != null`) are about it.
 */
export function findViolation(
  rules: readonly BusinessRule[],
  outcome: Outcome,
  work?: PushWork,
): Violation | null {
  const data = new CelData({ old: outcome.old, new: outcome.new, device: outcome.device as unknown as Json })
  for (const { id, cel, message } of rules) {
    const made = compileCel(cel, VARIABLES, 'bool')
    if (!made.ok) return { ruleId: id, detail: `rule ${id} can't be used: ${made.error.message}` }
    if (outcome.new === null && !made.value.comparesWithNull('new')) continue
    const given = made.value.evaluate(data, work)
    if (given.ok && given.value === true) continue
    const detail = given.ok ? `rule ${id}: ${message}` : `rule ${id} could not be evaluated: ${given.error}`
    return { ruleId: id, detail }
  }
  return null
}
