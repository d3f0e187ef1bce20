import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import type { Surroundings } from '../surroundings.ts'

/** Tells `/metrics` what a fleet and its collections are judged by, for the rules of ops/prometheus. */
export async function showThresholds(
  { storage, metrics }: Pick<Surroundings, 'storage' | 'metrics'>,
  fleetId: string,
): Promise<void> {
  const fleet = await storage.fleets.get(fleetId)
  if (fleet === null) return
  const { thresholds } = fleet.settings
  const own = (await storage.collections.list(fleetId)).map(
    (collection) => [collection.name, thresholdsOf(thresholds, collection.thresholds)] as const,
  )
  metrics.showThresholds(fleetId, thresholdsOf(thresholds), new Map(own))
}
