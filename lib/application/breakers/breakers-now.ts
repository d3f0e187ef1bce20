import type { BreakerNow, BreakersNow, DevicesNow, VersionRow } from '#lib/telemetry/overview.ts'
import { isShutItself, shuts } from './is-shut.ts'
import { readBreakers, type BreakersContext, type ShownBreaker } from './list-breakers.ts'
import { isWide, nameOfScope, versionOfScope } from './scopes.ts'

/** What the overview tells of a fleet's breakers: one that a wider one shuts is not told of by itself. */
export async function breakersNow(
  ctx: BreakersContext,
  fleetId: string,
): Promise<Omit<BreakersNow, 'shutOut'>> {
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

/** How many devices are refused whatever they ask, by the process that was asked. Pure. */
export function shutOutOf(
  { notClosed }: Pick<BreakersNow, 'notClosed'>,
  devices: Pick<DevicesNow, 'heard' | 'paused'>,
  versions: readonly Pick<VersionRow, 'appVersion' | 'devices'>[],
): number {
  const shut = notClosed.filter(({ state }) => shuts(state))
  if (shut.some(({ isWide }) => isWide)) return devices.heard - devices.paused
  const named = new Set(shut.map(({ appVersion }) => appVersion))
  return versions.reduce((sum, row) => sum + (named.has(row.appVersion) ? row.devices : 0), 0)
}

function breakerNow(breaker: ShownBreaker): BreakerNow {
  const { scope, state, overrides } = breaker
  const held = overrides.find(({ phase }) => phase === 'active')
  return {
    scope,
    name: nameOfScope(scope),
    appVersion: versionOfScope(scope),
    isWide: isWide(scope),
    state,
    isShut: isShutItself(breaker),
    held: held === undefined ? null : { by: held.by.name, reason: held.reason, endsAtMs: held.expiresAtMs },
  }
}
