import type { BreakerNow, BreakersNow } from '#lib/telemetry/overview.ts'
import { isShutItself } from './is-shut.ts'
import { readBreakers, type BreakersContext, type ShownBreaker } from './list-breakers.ts'
import { nameOfScope, versionOfScope } from './scopes.ts'

/** What the overview tells of a fleet's breakers: one that a wider one shuts is not told of by itself. */
export async function breakersNow(ctx: BreakersContext, fleetId: string): Promise<BreakersNow> {
  const breakers = await readBreakers(ctx, fleetId)
  const notClosed = breakers.filter(({ state, processes }) => state !== 'closed' || processes.notClosed > 0)
  return {
    total: breakers.length,
    notClosed: notClosed.map(breakerNow),
    processes: {
      live: Math.max(0, ...breakers.map(({ processes }) => processes.live)),
      applied: Math.min(...breakers.map(({ processes }) => processes.applied)),
    },
  }
}

function breakerNow(breaker: ShownBreaker): BreakerNow {
  const { scope, state, overrides } = breaker
  const held = overrides.find(({ phase }) => phase === 'active')
  return {
    scope,
    name: nameOfScope(scope),
    appVersion: versionOfScope(scope),
    state,
    isShut: isShutItself(breaker),
    held: held === undefined ? null : { by: held.by.name, reason: held.reason, endsAtMs: held.expiresAtMs },
  }
}
