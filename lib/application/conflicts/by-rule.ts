import { z } from 'zod'
import { findViolation } from '#lib/engine/business-rules.ts'
import { SERVER_ACTOR_ID } from '#lib/engine/clock-offset.ts'
import { BULK_RULES, ruleChoice, type BulkRule, type RuleSkip } from '#lib/engine/conflict/rule-choice.ts'
import { resolutionOf } from '#lib/engine/conflict/resolution.ts'
import { documentOfToday, sidesOfToday } from '#lib/engine/conflict/sides-of-today.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import type { CollectionRules, RecordState } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import {
  CONFLICTS_BY_RULE_LOOKS_MAX,
  CONFLICTS_BY_RULE_MAX,
  CONFLICTS_NAMED_MAX,
  PREVIEW_SLICE,
} from '#lib/protocol/limits.ts'
import { CONFLICT_FIELDS, type ConflictKey } from '#lib/query/conflict-fields.ts'
import { isAmong } from '#lib/query/field.ts'
import type { ConflictFilter, ConflictRow, Cursor, Page } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { filterInput } from '../filter.ts'
import { bodyInstant } from '../page.ts'
import { conflictFilter } from './conflict-conditions.ts'
import type { ResolveInput } from './resolve-conflict.ts'

/** For those who ask. */
export type ByRule = BulkRule

/** What a rule over many conflicts is asked by. */
export const byRuleAsked = {
  rule: z.enum(BULK_RULES),
  q: filterInput(CONFLICT_FIELDS),
  /** Those that arose before: what comes while a person looks is none of theirs. */
  before: bodyInstant,
}

/** What became of a conflict, or would. `refused` is by the collection's schema or rules, or because it changed meanwhile. */
export type ByRuleOutcome = 'mine' | 'theirs' | 'merged' | 'skipped' | 'refused'
export type ByRuleWhy =
  | RuleSkip
  | 'no_collection'
  | 'schema'
  | 'rule'
  | 'decided_against'
  | 'changed'
  | 'not_now'

export interface ByRuleItem {
  readonly id: string
  readonly outcome: ByRuleOutcome
  /** Null where it is decided. */
  readonly why: ByRuleWhy | null
}
export interface ByRuleCount extends Omit<ByRuleItem, 'id'> {
  readonly count: number
  /** The first of them. */
  readonly ids: readonly string[]
}

/** The open conflicts that a rule takes, longest wait first: in that order each stays where it is while others are decided. */
export function openOnes(
  { q, before }: { readonly q?: string | undefined; readonly before: number },
  nowMs: number,
): ConflictFilter {
  const { conditions } = conflictFilter({ q, to: before }, nowMs)
  return { conditions: [isAmong<ConflictKey>('status', 'open'), ...conditions], sort: 'waiting' }
}

/** How many conflicts a rule takes. */
export interface OpenCount {
  /** At most CONFLICTS_BY_RULE_MAX. */
  readonly matched: number
  /** There are more than that. */
  readonly capped: boolean
  /** So few of so many match that not all were looked through. */
  readonly unread: boolean
}

/**
 * Counts the open conflicts that a filter takes, and hands them over by the page, none past CONFLICTS_BY_RULE_MAX. A preview and
 * a run both go by it. At most CONFLICTS_BY_RULE_LOOKS_MAX pages are read.
 */
export async function countOpenOnes(
  ctx: Pick<Context, 'storage'>,
  fleetId: string,
  filter: ConflictFilter,
  onPage: (rows: readonly ConflictRow[]) => Promise<void> = () => Promise.resolve(),
): Promise<OpenCount> {
  let found = 0
  let cursor: Cursor | null = null
  for (let looks = 0; looks < CONFLICTS_BY_RULE_LOOKS_MAX; looks++) {
    // One more than a rule takes tells that there are more.
    const limit = Math.min(PREVIEW_SLICE, CONFLICTS_BY_RULE_MAX + 1 - found)
    const page: Page<ConflictRow> = await ctx.storage.conflicts.list(fleetId, filter, { limit, cursor })
    await onPage(page.items.slice(0, CONFLICTS_BY_RULE_MAX - found))
    found += page.items.length
    if (found > CONFLICTS_BY_RULE_MAX) return { matched: CONFLICTS_BY_RULE_MAX, capped: true, unread: false }
    if (page.next === null) return { matched: found, capped: false, unread: false }
    cursor = page.next
  }
  return { matched: found, capped: false, unread: true }
}

/** A conflict with what decides it. */
export interface Ruled {
  readonly conflict: ConflictRow
  readonly record: RecordState | null
  readonly decision: { readonly body: Decision } | Pick<ByRuleItem, 'outcome' | 'why'>
}
type Decision = Extract<ResolveInput, { choice: 'mine' | 'theirs' | 'merged' }>

/** What a rule makes of these conflicts, on the records as they are now; nothing is written. Two queries. */
export async function ruleOn(
  ctx: Pick<Context, 'storage' | 'groupCommit'>,
  fleetId: string,
  rule: BulkRule,
  conflicts: readonly ConflictRow[],
): Promise<readonly Ruled[]> {
  const { collections } = await ctx.groupCommit.rules.get(fleetId)
  const keys = new Map(conflicts.map((row) => [recordKey(row.collection, row.recordId), row]))
  const [found, sides] = await Promise.all([
    ctx.storage.sync.getRecords(fleetId, [...keys.values()]),
    rule === 'newest'
      ? ctx.storage.conflicts.sides(
          fleetId,
          conflicts.map(({ id }) => id),
        )
      : null,
  ])
  const records = new Map(found.map((record) => [recordKey(record.collection, record.recordId), record]))
  return conflicts.map((conflict): Ruled => {
    const record = records.get(recordKey(conflict.collection, conflict.recordId)) ?? null
    const rules = collections.get(conflict.collection)
    if (!rules) return { conflict, record, decision: { outcome: 'skipped', why: 'no_collection' } }
    const localHlc = sides?.get(conflict.id)?.local?.hlc ?? null
    return { conflict, record, decision: decide(rule, rules, { conflict, record, localHlc }) }
  })
}

function decide(
  rule: BulkRule,
  rules: CollectionRules,
  question: {
    readonly conflict: ConflictRow
    readonly record: RecordState | null
    readonly localHlc: string | null
  },
): Ruled['decision'] {
  const conflict = sidesOfToday(rules, question.conflict)
  const data = question.record?.data
    ? documentOfToday(rules, question.record.data, question.record.schemaVersion)
    : null
  const record = question.record && { ...question.record, data }
  const answer = ruleChoice(rule, { conflict, record, localHlc: question.localHlc })
  if ('skip' in answer) return { outcome: 'skipped', why: answer.skip }
  const { choice } = answer
  const why = objectionTo(rules, resolutionOf(conflict, choice, data, rules), data)
  if (why !== null) return { outcome: 'refused', why }
  const version = record?.version ?? 0
  return {
    body:
      choice.kind === 'merged'
        ? { choice: 'merged', version, data: choice.data }
        : { choice: choice.kind, version },
  }
}

/** What the schema or a rule has against it; an authority is asked only when it runs. */
function objectionTo(
  rules: CollectionRules,
  op: ReturnType<typeof resolutionOf>,
  old: RecordState['data'],
): 'schema' | 'rule' | null {
  const applied = op && applyOperation(old, op)
  if (!applied?.ok) return 'schema'
  if (applied.value !== null && !validateDocument(rules, applied.value).ok) return 'schema'
  if (rules.rules.length === 0) return null
  return findViolation(rules.rules, { old, new: applied.value, device: DESK }) === null ? null : 'rule'
}

/** Who acts, as the collection's rules see it. */
const DESK = { id: SERVER_ACTOR_ID, platform: 'other', appVersion: 'desk' } as const

/** How many of each outcome and reason, most first, the first of each named. Pure. */
export function countByRule(items: readonly ByRuleItem[]): readonly ByRuleCount[] {
  const counts = new Map<string, ByRuleCount>()
  for (const { id, outcome, why } of items) {
    const key = `${outcome} ${why ?? ''}`
    const known = counts.get(key) ?? { outcome, why, count: 0, ids: [] }
    const ids = known.ids.length < CONFLICTS_NAMED_MAX ? [...known.ids, id] : known.ids
    counts.set(key, { ...known, count: known.count + 1, ids })
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)
}

export const outcomeOf = ({ conflict: { id }, decision }: Ruled): ByRuleItem =>
  'body' in decision ? { id, outcome: decision.body.choice, why: null } : { id, ...decision }
