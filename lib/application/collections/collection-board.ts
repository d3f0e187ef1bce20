import { sliceOf } from '#lib/rollups/aggregate.ts'
import type { Collection } from '#lib/storage/ports.ts'
import type { CollectionRow } from '#lib/telemetry/overview.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { collectionRow } from '../pillars/collection-rows.ts'
import { limitsOf } from '../pillars/pillar.ts'
import { readWhole } from '../pillars/window.ts'

/** A larger collection is told as one of more records than these: counting reads each. */
export const RECORDS_COUNTED_MAX = 10_000

export interface BoardedCollection {
  readonly collection: Collection
  /** Live ones, at most RECORDS_COUNTED_MAX. */
  readonly records: number
  /** Devices that have read it whole. */
  readonly followers: number
  /** How it does in the range, by its own limits or the fleet's; null without telemetry of it. */
  readonly row: CollectionRow | null
}

/** A fleet's collections by name: what stands in each, who follows it, how it does. @throws ApplicationError `not_found` */
export async function collectionBoard(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: {
    readonly actor: Actor
    readonly fleetId: string
    readonly fromMs: number
    readonly toMs: number
    /** Only this one. */
    readonly id?: string
  },
): Promise<readonly BoardedCollection[]> {
  const { actor, fleetId, fromMs, toMs, id } = input
  authorize(actor, fleetId, 'viewer')
  const [fleet, all, { buckets }] = await Promise.all([
    ctx.storage.fleets.get(fleetId),
    ctx.storage.collections.list(fleetId),
    readWhole(ctx, { fleetId, fromMs, toMs }, { split: 'total' }),
  ])
  const collections = id === undefined ? all : all.filter((one) => one.id === id)
  const names = collections.map(({ name }) => name)
  const sizes = await ctx.storage.samples.sizes(fleetId, names, RECORDS_COUNTED_MAX)
  const limits = limitsOf(fleet, all)
  const whole = sliceOf(buckets)
  return collections.map((collection) => ({
    collection,
    records: sizes.get(collection.name)?.records ?? 0,
    followers: sizes.get(collection.name)?.followers ?? 0,
    row: collectionRow(collection.name, whole, limits),
  }))
}
