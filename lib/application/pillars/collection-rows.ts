import type { Bucket } from '#lib/rollups/bucket.ts'
import type { Slice } from '#lib/rollups/aggregate.ts'
import { partOf, sliceOf } from '#lib/rollups/aggregate.ts'
import type { Collection } from '#lib/storage/ports.ts'
import type { CollectionRow } from '#lib/telemetry/overview.ts'
import { CONFLICTS } from './conflicts.ts'
import { LAG } from './lag.ts'
import type { Limits } from './pillar.ts'

/** The collections that are judged by limits of their own. Those of a quiet one say nothing. Pure. */
export function collectionRows(
  collections: readonly Pick<Collection, 'name' | 'thresholds'>[],
  buckets: readonly Bucket[],
  limits: Limits,
): readonly CollectionRow[] {
  const whole = sliceOf(buckets)
  return collections.flatMap(({ name, thresholds }) => {
    if (Object.keys(thresholds).length === 0) return []
    return collectionRow(name, whole, limits) ?? []
  })
}

/** How a collection does in what the slice holds; null without telemetry of it. Pure. */
export function collectionRow(name: string, whole: Slice, { ofCollection }: Limits): CollectionRow | null {
  const part = partOf(whole, ({ collection }) => collection === name)
  const [lag, conflicts] = [LAG.figureOf(part), CONFLICTS.figureOf(part)]
  if (part.buckets.length === 0 || lag === null || conflicts === null) return null
  const limits = ofCollection(name)
  return {
    name,
    limits,
    uploadLag: lag.upload,
    lagLevel: LAG.levelOf(lag, limits),
    conflicts: conflicts.mutations,
    conflictLevel: CONFLICTS.levelOf(conflicts, limits),
  }
}
