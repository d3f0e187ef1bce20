import { compareHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { RecordState } from '../types.ts'
import { decideFieldMerge } from './field-merge.ts'
import type { Choice, DecidableConflict } from './resolution.ts'

/** How a person decides many conflicts at once. */
export const BULK_RULES = ['mine', 'theirs', 'newest', 'merge'] as const
export type BulkRule = (typeof BULK_RULES)[number]

/** Why a rule says nothing of a conflict, which then stays open. */
export const RULE_SKIPS = ['time_unknown', 'base_unknown', 'same_field', 'record_gone'] as const
export type RuleSkip = (typeof RULE_SKIPS)[number]

export interface RuleQuestion {
  /** Its sides as today's schema has them. */
  readonly conflict: DecidableConflict
  /** The record as it is now, its data as today's schema has it; null where there never was one. */
  readonly record: RecordState | null
  /** When the device's side was written; null where the change log has it no more. */
  readonly localHlc: string | null
}

export type RuleAnswer =
  | { readonly choice: Exclude<Choice, { kind: 'restore' }> }
  | { readonly skip: RuleSkip }

/**
 * What a rule makes of one open conflict. `newest` keeps the side that was written last by its stamp, as LWW does; `merge`
 * joins the device's changes with the record as it is now and leaves a conflict alone in which both changed the same field,
 * as it leaves a deleted record. Pure.
 */
export function ruleChoice(rule: BulkRule, question: RuleQuestion): RuleAnswer {
  switch (rule) {
    case 'mine':
    case 'theirs':
      return { choice: { kind: rule } }
    case 'newest':
      return newest(question)
    case 'merge':
      return merged(question)
  }
}

function newest({ record, localHlc }: RuleQuestion): RuleAnswer {
  if (localHlc === null) return { skip: 'time_unknown' }
  const isMine = record === null || compareHlc(localHlc, record.hlc) > 0
  return { choice: { kind: isMine ? 'mine' : 'theirs' } }
}

function merged({ conflict, record }: RuleQuestion): RuleAnswer {
  const { base, baseKnown, local } = conflict
  if (!baseKnown) return { skip: 'base_unknown' }
  if (local === null || record === null || record.data === null) return { skip: 'record_gone' }
  const decision = decideFieldMerge({ kind: 'known', data: base, crdt: {} }, record, STAMPLESS, {
    strategy: 'field-merge',
    fieldStrategies: {},
    tieRule: 'manual',
    local,
  })
  switch (decision.kind) {
    case 'person':
      return { skip: 'same_field' }
    case 'same':
    case 'remote':
      return { choice: { kind: 'theirs' } }
    case 'local':
      return mergedTo(local)
    case 'merge':
      // What the device changed stands there already.
      return jsonEqual(decision.data, record.data) ? { choice: { kind: 'theirs' } } : mergedTo(decision.data)
  }
}

const mergedTo = (data: JsonObject): RuleAnswer => ({ choice: { kind: 'merged', data } })

/** With the tie rule `manual` no stamp is ever compared: a field that both changed goes to a person. */
const STAMPLESS = { hlc: '' } as Mutation
