import { z } from 'zod'
import type { BulkRule } from '#lib/engine/conflict/rule-choice.ts'
import { recordKey } from '#lib/engine/types.ts'
import { CONFLICTS_BY_RULE_BATCH, CONFLICTS_BY_RULE_MAX } from '#lib/protocol/limits.ts'
import type { ConflictRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, isApplicationError, parsedOrThrow } from '../errors.ts'
import { itemList, pageRequest } from '../page.ts'
import {
  byRuleAsked,
  countByRule,
  countOpenOnes,
  openOnes,
  outcomeOf,
  ruleOn,
  type ByRuleCount,
  type ByRuleItem,
  type OpenCount,
  type Ruled,
} from './by-rule.ts'
import { decideConflict } from './resolve-conflict.ts'

export const resolveByRuleInput = z.strictObject({
  ...byRuleAsked,
  reason: z.string().trim().min(1).max(1_000),
  /** How many the filter takes, as it was shown: the first call is refused where that is another number by now. */
  count: z.int().min(0).optional(),
  /** Where the call before this one ended. */
  cursor: z.string().max(200).optional(),
})

export interface ByRuleRun {
  /** Open conflicts that this call looked at. */
  readonly looked: number
  readonly counts: readonly ByRuleCount[]
  /** Where the next call goes on; null once all were looked at. */
  readonly nextCursor: string | null
}

/** Decisions that are under way at once: the fleet's queue takes them together. */
const AT_ONCE = 50

/**
 * Decides the next CONFLICTS_BY_RULE_BATCH open conflicts of a filter by a rule, each as a decision of its own: a mutation
 * through push with its entry in the audit log. What the rule says nothing of stays open and is passed by. The same call
 * again finds those that are left.
 * @throws ApplicationError `forbidden`, `bad_request`, `count_changed`, `shed`, `database_unavailable`
 */
export async function resolveByRule(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<ByRuleRun> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { rule, reason, cursor, count, ...asked } = parsedOrThrow(resolveByRuleInput, input.body)
  const filter = openOnes(asked, ctx.clock.now())
  if (cursor === undefined) acceptOrThrow(await countOpenOnes(ctx, fleetId, filter), count)
  const page = await ctx.storage.conflicts.list(
    fleetId,
    filter,
    pageRequest({ cursor, limit: CONFLICTS_BY_RULE_BATCH }),
  )
  const items: ByRuleItem[] = []
  for (const wave of waves(page.items))
    items.push(...(await runWave(ctx, { actor, fleetId, rule, reason }, wave)))
  return {
    looked: items.length,
    counts: countByRule(items),
    nextCursor: itemList(page, (row) => row).nextCursor,
  }
}

/** Whoever begins has seen what it takes, and it is no more than a preview looks at. */
function acceptOrThrow({ matched, capped, unread }: OpenCount, count: number | undefined): void {
  if (capped || unread) {
    const why = capped
      ? `takes more than ${CONFLICTS_BY_RULE_MAX} conflicts: narrow it`
      : 'takes few of so many that not all were looked through: narrow it by what is found at once, as a time or a record'
    throw badRequest([{ path: '/q', message: why }])
  }
  if (count !== undefined && count !== matched)
    throw new ApplicationError('count_changed', { extra: { matched } })
}

/** One conflict of each record, then the next one of each: a decision changes the record that the next one is about. Pure. */
function waves(rows: readonly ConflictRow[]): readonly (readonly ConflictRow[])[] {
  const made: ConflictRow[][] = []
  const places = new Map<string, number>()
  for (const row of rows) {
    const key = recordKey(row.collection, row.recordId)
    const place = places.get(key) ?? 0
    places.set(key, place + 1)
    const wave = made[place]
    if (wave) wave.push(row)
    else made.push([row])
  }
  return made
}

interface Order {
  readonly actor: Actor
  readonly fleetId: string
  readonly rule: BulkRule
  readonly reason: string
}

async function runWave(
  ctx: Context,
  order: Order,
  wave: readonly ConflictRow[],
): Promise<readonly ByRuleItem[]> {
  const items: ByRuleItem[] = []
  for (let at = 0; at < wave.length; at += AT_ONCE) {
    const ruled = await ruleOn(ctx, order.fleetId, order.rule, wave.slice(at, at + AT_ONCE))
    items.push(...(await Promise.all(ruled.map((one) => runOne(ctx, order, one)))))
  }
  return items
}

async function runOne(ctx: Context, { actor, fleetId, reason }: Order, ruled: Ruled): Promise<ByRuleItem> {
  const { conflict, record, decision } = ruled
  if (!('body' in decision)) return outcomeOf(ruled)
  try {
    const body = { ...decision.body, reason }
    await decideConflict(ctx, { actor, fleetId, detail: { conflict, record }, body })
    return outcomeOf(ruled)
  } catch (error) {
    if (!isApplicationError(error) || ENDS_ALL.has(error.tidemarkCode)) throw error
    const why = REFUSED[error.tidemarkCode] ?? 'not_now'
    return { id: conflict.id, outcome: 'refused', why }
  }
}

/** Whatever else keeps one from being decided is of the moment: the others go on, and it stays open. */
const REFUSED: Readonly<Record<string, ByRuleItem['why']>> = {
  stale_version: 'changed',
  // By the schema, a rule or the collection's authority: which, a person sees who decides it by hand.
  resolution_refused: 'decided_against',
}

/** Of the whole server: whoever calls stops, and comes back for those that are left. */
const ENDS_ALL: ReadonlySet<string> = new Set(['shed', 'database_unavailable'])
