import type { Fleet } from '#lib/storage/ports.ts'
import { thresholdsOf, type Thresholds } from '#lib/telemetry/thresholds.ts'
import type { Surroundings } from '../surroundings.ts'

/** The bounds of a fleet, and of its collections that have their own; null: of the fleet as a whole. */
export type FleetLimits = (collection: string | null) => Thresholds

export async function readFleetLimits(
  { storage }: Pick<Surroundings, 'storage'>,
  { id, settings }: Pick<Fleet, 'id' | 'settings'>,
): Promise<FleetLimits> {
  const collections = await storage.collections.list(id)
  const own = new Map(
    collections.map(({ name, thresholds }) => [name, thresholdsOf(settings.thresholds, thresholds)]),
  )
  const whole = thresholdsOf(settings.thresholds)
  return (collection) => (collection === null ? whole : (own.get(collection) ?? whole))
}
