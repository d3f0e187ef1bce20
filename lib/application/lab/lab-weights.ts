import { DEFAULT_WEIGHTS } from '#lib/engine/lab/lab-report.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { Collection, StoredWeights } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { labWeightsChange } from './lab-input.ts'

interface WeightsCall {
  readonly actor: Actor
  readonly fleetId: string
  /** Of the collection. */
  readonly id: string
}

/** GET /collections/:id/lab-weights: the collection's own, or the ones that stand until it has some. @throws ApplicationError `not_found`, `bad_request` */
export async function getLabWeights(
  ctx: Context,
  { actor, fleetId, id }: WeightsCall,
): Promise<StoredWeights> {
  authorize(actor, fleetId, 'viewer')
  await collectionOrThrow(ctx, fleetId, id)
  return (await ctx.storage.lab.weights(fleetId, id)) ?? { weights: DEFAULT_WEIGHTS, version: 0 }
}

/** PATCH /collections/:id/lab-weights. @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version` */
export async function setLabWeights(
  ctx: Context,
  input: WeightsCall & { readonly body: unknown },
): Promise<StoredWeights> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'admin')
  const { weights, version, reason = null } = parsedOrThrow(labWeightsChange, input.body)
  const target = input.id
  await collectionOrThrow(ctx, fleetId, target)
  const before = (await ctx.storage.lab.weights(fleetId, target)) ?? { weights: DEFAULT_WEIGHTS, version: 0 }
  const entry = auditEntry(ctx, actor, {
    action: 'lab.weights',
    target,
    fleetId,
    reason,
    before: before.weights as unknown as Json,
    after: weights as unknown as Json,
  })
  const set = await ctx.storage.lab.setWeights(fleetId, target, { version, weights }, entry)
  if (set === 'stale') throw new ApplicationError('stale_version', { extra: { version: before.version } })
  return set
}

/** @throws ApplicationError `not_found` */
export async function collectionOrThrow(ctx: Context, fleetId: string, id: string): Promise<Collection> {
  const collection = await ctx.storage.collections.get(fleetId, id)
  if (!collection) throw new ApplicationError('not_found')
  return collection
}
