import { z } from 'zod'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
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
} from './by-rule.ts'

export const previewByRuleInput = z.strictObject(byRuleAsked)

/** Where it is capped or not all is read, the rule runs on none before the filter is narrowed. */
export interface ByRulePreview extends OpenCount {
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
  const count = await countOpenOnes(ctx, fleetId, filter, async (rows) => {
    items.push(...(await ruleOn(ctx, fleetId, asked.rule, rows)).map(outcomeOf))
  })
  return { ...count, counts: countByRule(items) }
}
