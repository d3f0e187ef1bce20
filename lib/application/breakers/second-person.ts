import type { ForcedKind } from '#lib/engine/breaker/breaker.ts'
import { FORCED_KINDS } from '#lib/engine/breaker/breaker.ts'
import type { Context } from '../context.ts'
import { affectedBy } from './affected.ts'
import type { Scope } from './scopes.ts'
import { ENGINE_SCOPE, fleetOfScope } from './scopes.ts'

/** Of a fleet that doesn't say otherwise: more devices than these need a second person. */
export const DEVICES_ALONE_MAX = 1_000

type Asking = Pick<Context, 'storage' | 'clock' | 'requests'>

/** Letting everything in, and the lever that everybody hangs on, are nothing for one person alone; nor are many devices (BR4). */
export async function needsSecondPerson(ctx: Asking, scope: Scope, kind: ForcedKind): Promise<boolean> {
  if (isNeverAlone(scope, kind)) return true
  const { devices } = await affectedBy(ctx, scope)
  return devices > (await devicesAloneMax(ctx, scope))
}

/** The kinds of override that need a second person in a scope with so many devices. */
export async function secondPersonKinds(
  ctx: Asking,
  scope: Scope,
  devices: number,
): Promise<readonly ForcedKind[]> {
  const isMany = devices > (await devicesAloneMax(ctx, scope))
  return FORCED_KINDS.filter((kind) => isMany || isNeverAlone(scope, kind))
}

const isNeverAlone = (scope: Scope, kind: ForcedKind): boolean =>
  kind === 'forced_closed' || scope === ENGINE_SCOPE

async function devicesAloneMax({ storage }: Asking, scope: Scope): Promise<number> {
  const fleetId = fleetOfScope(scope)
  const fleet = fleetId === null ? null : await storage.fleets.get(fleetId)
  return fleet?.settings.secondPersonAbove ?? DEVICES_ALONE_MAX
}
