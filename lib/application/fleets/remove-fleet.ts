import { z } from 'zod'
import { auditEntry } from '../access/audit-entry.ts'
import { authorizeEverywhere } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { forgetFleet } from './forget-fleets.ts'

export const fleetRemoval = z.strictObject({
  /** Typed, since all that it holds goes with it. */
  name: z.string().max(120),
  reason: z.string().trim().min(1).max(1_000),
})

/** What was removed; what it held goes in batches. */
export interface RemovedFleet {
  readonly id: string
  readonly name: string
}

/**
 * DELETE /fleets/:id: with all its collections, records and history, its keys and the roles in it. Devices that are
 * enrolled hold changes that would have nowhere to go, so that each is revoked first. The audit log stays.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `devices_enrolled`
 */
export async function removeFleet(
  ctx: Context,
  { actor, id, body }: { readonly actor: Actor; readonly id: string; readonly body: unknown },
): Promise<RemovedFleet> {
  authorizeEverywhere(actor, 'admin')
  const { name, reason } = parsedOrThrow(fleetRemoval, body)
  const before = await ctx.storage.fleets.get(id)
  if (!before) throw new ApplicationError('not_found')
  if (before.name !== name) throw badRequest([{ path: '/name', message: `must be ${before.name}` }])
  const told = { action: 'fleet.remove', target: id, fleetId: id, reason, before: { name } }
  const outcome = await ctx.storage.fleets.remove(id, ctx.clock.now(), auditEntry(ctx, actor, told))
  if (outcome === 'unknown') throw new ApplicationError('not_found')
  if (outcome === 'devices_enrolled') throw new ApplicationError('devices_enrolled')
  await forgetFleet(ctx, id)
  return { id, name }
}
