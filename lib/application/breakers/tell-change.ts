import type { Surroundings } from '../surroundings.ts'
import type { Pokes } from '../sync/pokes.ts'
import type { BreakerChange } from './breakers.ts'
import { fleetOfScope } from './scopes.ts'

/** A breaker of this process changed: its gauge, and the streams of the devices that it concerns. */
export function tellChange(
  { metrics, pokes }: Pick<Surroundings, 'metrics'> & { readonly pokes: Pokes },
  change: BreakerChange,
): void {
  metrics.showBreaker(change.scope, change.state)
  const fleetId = fleetOfScope(change.scope)
  for (const listening of fleetId === null ? pokes.listened() : [fleetId])
    pokes.tell(listening, { event: 'breaker', ...change })
}
