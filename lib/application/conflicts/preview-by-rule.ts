import { z } from 'zod'
import { CONFLICTS_BY_RULE_MAX, PREVIEW_SLICE } from '#lib/protocol/limits.ts'
import type { Cursor } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import {
  byRuleAsked,
  countByRule,
  openOnes,
  outcomeOf,
  ruleOn,
  type ByRuleCount,
  type ByRuleItem,
} from './by-rule.ts'

export const previewByRuleInput = z.strictObject(byRuleAsked)

export interface ByRulePreview {
  /** Open conflicts that the filter takes, at most CONFLICTS_BY_RULE_MAX. */
  readonly matched: number
  /** There are more: the rule runs on none before the filter is narrowed. */
  readonly capped: boolean
  readonly counts: readonly ByRuleCount[]
}

/**
 * What a rule would make of the open conflicts that a filter takes, if it ran now. Writes nothing. Of several conflicts of
 * one record each is looked at as if it were the only one.
 * @throws ApplicationError `forbidden`, `bad_request`
 */
export async function previewByRule(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<ByRulePreview> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const asked = parsedOrThrow(previewByRuleInput, input.body)
  const filter = openOnes(asked, ctx.clock.now())
  const items: ByRuleItem[] = []
  let cursor: Cursor | null = null
  do {
    const limit: number = Math.min(PREVIEW_SLICE, CONFLICTS_BY_RULE_MAX - items.length)
    const page: Awaited<ReturnType<typeof ctx.storage.conflicts.list>> = await ctx.storage.conflicts.list(
      fleetId,
      filter,
      { limit, cursor },
    )
    items.push(...(await ruleOn(ctx, fleetId, asked.rule, page.items)).map(outcomeOf))
    cursor = page.next
  } while (cursor !== null && items.length < CONFLICTS_BY_RULE_MAX)
  return { matched: items.length, capped: cursor !== null, counts: countByRule(items) }
}
