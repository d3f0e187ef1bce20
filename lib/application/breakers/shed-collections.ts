import type { Breakers, Refusal } from './breakers.ts'
import type { BreakerPass } from './pass.ts'
import { backendScope, collectionScope } from './scopes.ts'

/**
 * Takes a push past the breakers of its collections (BR2), each with its business backend's: those that are shut, with
 * why. The others are entered.
 */
export function shedCollections(
  breakers: Breakers,
  pass: BreakerPass,
  fleetId: string,
  collections: Iterable<string>,
): ReadonlyMap<string, Refusal> {
  const shut = new Map<string, Refusal>()
  for (const collection of collections) {
    // A backend's probes are taken by the calls to it.
    const refusal =
      breakers.refuse(backendScope(fleetId, collection)) ?? pass.enter([collectionScope(fleetId, collection)])
    if (refusal) shut.set(collection, refusal)
  }
  return shut
}
