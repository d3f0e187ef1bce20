import type { StatusKind } from '#components/ui/status.tsx'
import type { ByRule, ByRuleCount } from '#lib/application/conflicts/by-rule.ts'

/** Each rule by name, and what it does. */
export const RULES: readonly { readonly value: ByRule; readonly label: string; readonly does: string }[] = [
  {
    value: 'theirs',
    label: 'Keep the server’s side',
    does: 'The records stay as they are now; what the devices wanted is kept and can be restored.',
  },
  {
    value: 'mine',
    label: 'Keep the device’s side',
    does: 'What the devices wanted is written; where a collection merges by field, what others did elsewhere stays.',
  },
  {
    value: 'newest',
    label: 'The newest wins',
    does: 'Of each the side that was written last, by its stamp; a clock that was wrong decides wrongly.',
  },
  {
    value: 'merge',
    label: 'Merge by field',
    does: 'What the device changed is joined with the record as it is now. Where both changed the same field, it stays open.',
  },
]

/** A rule by name; its own word where a newer release has made it. Pure. */
export const ruleLabel = (rule: string): string => RULES.find(({ value }) => value === rule)?.label ?? rule

const DONE: Readonly<Record<'mine' | 'theirs' | 'merged', string>> = {
  mine: 'keep the device’s side',
  theirs: 'keep the server’s side',
  merged: 'are merged',
}
const WHY: Readonly<Record<NonNullable<ByRuleCount['why']>, string>> = {
  time_unknown: 'stay open: when the device wrote is no longer known',
  base_unknown: 'stay open: what they were made on is no longer kept',
  same_field: 'stay open: both sides changed the same field',
  record_gone: 'stay open: one side deleted the record',
  no_collection: 'stay open: their collection is no more',
  schema: 'stay open: the collection’s schema refuses what would be written',
  rule: 'stay open: a rule of the collection refuses what would be written',
  decided_against:
    'stay open: the schema, a rule or the authority of the collection refused what was written',
  changed: 'stay open: the record changed, or somebody decided, meanwhile',
  not_now: 'stay open: they cannot be decided for the moment',
}

/** What is said of so many conflicts, as shape and words. Pure. */
export function outcomeWords({ outcome, why }: Pick<ByRuleCount, 'outcome' | 'why'>): {
  readonly kind: StatusKind
  readonly words: string
} {
  if (outcome === 'skipped' || outcome === 'refused')
    return { kind: outcome === 'skipped' ? 'held' : 'warn', words: why === null ? 'stay open' : WHY[why] }
  return { kind: 'ok', words: DONE[outcome] }
}
