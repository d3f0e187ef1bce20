import type { DeadLetterPort } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

/** Open dead letters of one cause. */
export type DeadLetterCauseRow = Awaited<ReturnType<DeadLetterPort['openByCause']>>[number]

/** A fleet's open dead letters by cause, most frequent first. @throws ApplicationError `not_found` */
export async function listCauses(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<readonly DeadLetterCauseRow[]> {
  authorize(input.actor, input.fleetId, 'viewer')
  const causes = await ctx.storage.deadLetters.openByCause(input.fleetId)
  return causes.toSorted((a, b) => b.count - a.count || b.newestAtMs - a.newestAtMs)
}
