import { z } from 'zod'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'

export const collectionRemoval = z.strictObject({
  /** The version that the person saw. */
  version: z.int().min(1),
  /** Typed, since all its records go with it. */
  name: z.string().max(64),
  reason: z.string().trim().min(1).max(1_000),
})

/** What was removed. Its records go in batches, and until then its name cannot be used again. */
export interface RemovedCollection {
  readonly id: string
  readonly fleet: string
  readonly name: string
}

/**
 * DELETE /collections/:id: devices stop syncing it, and what they still hold for it become dead letters
 * (`unknown_collection`), which run again under a new collection of that name. Open conflicts are decided first.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`, `conflicts_open`
 */
export async function removeCollection(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<RemovedCollection> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'admin')
  const { version, name, reason } = parsedOrThrow(collectionRemoval, input.body)
  const before = await ctx.storage.collections.get(fleetId, id)
  if (!before) throw new ApplicationError('not_found')
  if (before.name !== name) throw badRequest([{ path: '/name', message: `must be ${before.name}` }])
  const { strategy, schemaVersion } = before
  const shown = { name, strategy, schemaVersion, version: before.version }
  const told = { action: 'collection.remove', target: id, fleetId, reason, before: shown }
  const outcome = await ctx.storage.collections.remove(fleetId, id, version, auditEntry(ctx, actor, told))
  if (outcome === 'stale') throw new ApplicationError('stale_version', { extra: { version: before.version } })
  if (outcome === 'conflicts_open') throw new ApplicationError('conflicts_open')
  ctx.directory.forget()
  return { id, fleet: fleetId, name }
}
