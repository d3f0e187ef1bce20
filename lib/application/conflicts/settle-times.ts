import { z } from 'zod'
import type { SettleTimes } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { badRequest, parsedOrThrow } from '../errors.ts'
import { rangeInput } from '../page.ts'

export const settleTimesQuery = z.strictObject(rangeInput)
const DAY_MS = 86_400_000
const RANGE_MAX_MS = 400 * DAY_MS

/**
 * How long people took for the conflicts that they closed in [from, to), from their rise to the decision; the last 24 hours
 * without. @throws ApplicationError `not_found`, `bad_request`
 */
export async function settleTimes(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<SettleTimes> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { from, to = ctx.clock.now() } = parsedOrThrow(settleTimesQuery, input.query)
  const fromMs = from ?? to - DAY_MS
  if (to - fromMs > RANGE_MAX_MS)
    throw badRequest([{ path: '/from', message: 'must be within 400 days of to' }])
  return ctx.storage.conflicts.settleTimes(input.fleetId, fromMs, to)
}
