import { unreachable } from '#lib/kernel/result.ts'
import type { Signals } from '#lib/telemetry/alerts/signals.ts'
import type { FleetFigures } from './fleet-figures.ts'
import type { FleetLimits } from './fleet-limits.ts'
import type { ScopeStanding } from './standing.ts'

/** What is known of a fleet beside the rollups. */
export interface Beside {
  readonly scopes: ReadonlyMap<string, ScopeStanding>
  readonly foldLagMs: number
  readonly deadTokenDevices: number
  /** Null where nothing waits for a person. */
  readonly oldestUnresolvedAgeMs: number | null
  readonly limitsOf: FleetLimits
}

/** The figures of a fleet as they are now. */
export function liveSignals(
  figures: Pick<FleetFigures, 'keysOf' | 'sum' | 'gauge'>,
  { scopes, foldLagMs, deadTokenDevices, oldestUnresolvedAgeMs, limitsOf }: Beside,
): Signals {
  return {
    keys: (by) => (by === 'fleet' ? [''] : by === 'scope' ? [...scopes.keys()] : figures.keysOf(by)),
    sum: (counter, part, windowMs, agoMs) => figures.sum(counter, part, windowMs, agoMs),
    gauge: (gauge, part) => {
      const scope = scopes.get(part.key)
      switch (gauge) {
        case 'breakerOpen':
          return scope?.isOpen === true ? 1 : 0
        case 'breakGlass':
          return scope?.breakGlass === true ? 1 : 0
        case 'overrideEndsInMs':
          return scope?.overrideEndsInMs ?? Infinity
        case 'foldLagMs':
          return foldLagMs
        case 'deadTokenDevices':
          return deadTokenDevices
        case 'oldestUnresolvedAgeMs':
          return oldestUnresolvedAgeMs ?? 0
        case 'devices':
        case 'silentDevices':
        case 'stuckDevices':
        case 'pendingAgeOnlineP95Ms':
        case 'oldestPendingAgeMs':
        case 'queueDepthMax':
        case 'clockSkewMaxMs':
        case 'openDeadLetters':
        case 'openConflicts':
          return figures.gauge(gauge, part)
        default:
          return unreachable(gauge)
      }
    },
    limits: (part) => limitsOf(part.by === 'collection' ? part.key : null),
  }
}
