import { holdingAt, type Override } from '#lib/engine/breaker/override.ts'
import type { BreakerControl, SeenProcess } from '#lib/storage/ports.ts'
import { standingOf } from '../breakers/list-breakers.ts'
import { ENGINE_SCOPE, fleetOfScope } from '../breakers/scopes.ts'
import type { Surroundings } from '../surroundings.ts'

/** How breakers stand now, in all processes: read once for a round over all fleets. */
export interface BreakerStanding {
  readonly processes: readonly SeenProcess[]
  readonly controls: readonly BreakerControl[]
}

/** What is said of one scope. */
export interface ScopeStanding {
  readonly isOpen: boolean
  /** People hold it open. */
  readonly isHeldShut: boolean
  /** Infinity where nothing holds it, or for a short time only: who asked for that knows. */
  readonly overrideEndsInMs: number
  readonly breakGlass: boolean
}

export async function readBreakers({ storage }: Pick<Surroundings, 'storage'>): Promise<BreakerStanding> {
  const [processes, { controls }] = await Promise.all([
    storage.breakers.processes(),
    storage.breakers.controls(),
  ])
  return { processes, controls }
}

/** The scopes that a fleet's devices meet and that there is something to say of. Pure. */
export function scopesOf(
  { processes, controls }: BreakerStanding,
  fleetId: string,
  nowMs: number,
): ReadonlyMap<string, ScopeStanding> {
  const isOfFleet = (scope: string): boolean => scope === ENGINE_SCOPE || fleetOfScope(scope) === fleetId
  const live = processes.filter((process) => standingOf(process, processes, 0) !== 'stale')
  const open = new Set(
    live.flatMap(({ scopes }) =>
      Object.entries(scopes).flatMap(([scope, { state }]) => (state === 'open' ? [scope] : [])),
    ),
  )
  const found = new Map<string, ScopeStanding>()
  for (const scope of [...live.flatMap(({ scopes }) => Object.keys(scopes)), ...open])
    if (isOfFleet(scope))
      found.set(scope, {
        isOpen: open.has(scope),
        isHeldShut: false,
        overrideEndsInMs: Infinity,
        breakGlass: false,
      })
  for (const { scope, overrides } of controls) {
    const held = isOfFleet(scope) ? holdingAt(overrides, nowMs) : null
    if (held === null) continue
    found.set(scope, {
      isOpen: open.has(scope),
      isHeldShut: held.kind === 'forced_open',
      overrideEndsInMs: isLong(held) ? held.expiresAtMs - nowMs : Infinity,
      breakGlass: held.breakGlass,
    })
  }
  return found
}

/** That one which holds for less is about to end is no news. */
const SHORT_MS = 30 * 60_000

const isLong = ({ startsAtMs, expiresAtMs, approval }: Override): boolean =>
  expiresAtMs - Math.max(startsAtMs, approval?.atMs ?? 0) > SHORT_MS
