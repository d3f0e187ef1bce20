import { z } from 'zod'
import { DEFAULT_WEIGHTS } from '#lib/engine/lab/lab-report.ts'
import type { Json } from '#lib/kernel/json.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { StoredWeights } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { labWeightsChange } from './lab-input.ts'

export const labWeightsQuery = z.strictObject({ collection: uuid })

interface WeightsCall {
  readonly actor: Actor
  readonly fleetId: string
  readonly query: unknown
}

/** GET /lab/weights: the collection's own, or the ones that stand until it has some. @throws ApplicationError `not_found`, `bad_request` */
export async function getLabWeights(
  ctx: Context,
  { actor, fleetId, query }: WeightsCall,
): Promise<StoredWeights> {
  authorize(actor, fleetId, 'viewer')
  const collectionId = await idOf(ctx, fleetId, query)
  return (await ctx.storage.lab.weights(fleetId, collectionId)) ?? { weights: DEFAULT_WEIGHTS, version: 0 }
}

/** PATCH /lab/weights. @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version` */
export async function setLabWeights(
  ctx: Context,
  input: WeightsCall & { readonly body: unknown },
): Promise<StoredWeights> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'admin')
  const { weights, version, reason = null } = parsedOrThrow(labWeightsChange, input.body)
  const target = await idOf(ctx, fleetId, input.query)
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

async function idOf(ctx: Context, fleetId: string, query: unknown): Promise<string> {
  const { collection } = parsedOrThrow(labWeightsQuery, query)
  if (!(await ctx.storage.collections.get(fleetId, collection))) throw new ApplicationError('not_found')
  return collection
}
