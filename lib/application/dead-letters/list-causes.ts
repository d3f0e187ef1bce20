import type { CauseTotals } from '#lib/telemetry/open-causes.ts'
import { OPEN_CAUSES_MAX, totalsOf } from '#lib/telemetry/open-causes.ts'
import type { DeadLetterCause } from '#lib/telemetry/overview.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

export type { CauseTotals } from '#lib/telemetry/open-causes.ts'
/** Open dead letters of one cause. */
export type DeadLetterCauseRow = DeadLetterCause

export interface CauseList {
  /** Most frequent first, bounded. */
  readonly causes: readonly DeadLetterCauseRow[]
  /** Of all, those past the bound among them. */
  readonly totals: CauseTotals
}

/** A fleet's open dead letters by cause. @throws ApplicationError `not_found` */
export async function listCauses(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<CauseList> {
  authorize(input.actor, input.fleetId, 'viewer')
  const open = await ctx.storage.deadLetters.openByCause(input.fleetId, OPEN_CAUSES_MAX)
  return { causes: open.causes, totals: totalsOf(open) }
}
