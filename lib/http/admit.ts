import { breakerOpen } from '#lib/application/breakers/breaker-open.ts'
import type { BreakerPass } from '#lib/application/breakers/pass.ts'
import type { Scope } from '#lib/application/breakers/scopes.ts'
import { appScope, ENGINE_SCOPE, fleetScope } from '#lib/application/breakers/scopes.ts'
import type { Context } from '#lib/application/context.ts'
import { ApplicationError } from '#lib/application/errors.ts'
import type { Route } from '#lib/application/request-counter.ts'

/** Least wait of a request that was shed for load, in ms; spread to three times as much. */
const RETRY_AFTER_MS = 1_000
/** The fleet that a credential names. Whether it is live only the storage knows. */
const FLEET_IN_TOKEN = /^tm[de]_([0-9a-f-]{36})_/
export const fleetNamedBy = (bearer: string | null): string | null =>
  FLEET_IN_TOKEN.exec(bearer ?? '')?.[1] ?? null

/**
 * What a request must get past before its body or the database is touched: how much this process has in hand, and the
 * breakers of engine, fleet and app version (BR2). What is in hand is to be left when the request has ended.
 * @throws ApplicationError `shed`, `breaker_open`
 */
export function admit(
  ctx: Context,
  route: Route,
  bearer: string | null,
  pass: BreakerPass,
  appVersion: string | null,
): void {
  if (!ctx.load.enter(route)) {
    throw new ApplicationError('shed', { retryAfterMs: RETRY_AFTER_MS * (1 + 2 * ctx.random()) })
  }
  const fleetId = fleetNamedBy(bearer)
  const refusal = pass.enter(fleetId === null ? [ENGINE_SCOPE] : scopesOf(ctx, fleetId, appVersion))
  if (refusal) {
    ctx.load.leave()
    throw breakerOpen(refusal)
  }
}

function scopesOf(ctx: Context, fleetId: string, appVersion: string | null): readonly Scope[] {
  const wide = [ENGINE_SCOPE, fleetScope(fleetId)]
  return appVersion === null ? wide : [...wide, appScopeOf(ctx, fleetId, appVersion)]
}

/** What people said of a version holds for it, also where it has no place among the live ones. */
function appScopeOf({ overrides, requests }: Context, fleetId: string, appVersion: string): Scope {
  const own = appScope(fleetId, appVersion)
  return overrides.of(own) === null ? appScope(fleetId, requests.knownVersion(fleetId, appVersion)) : own
}
