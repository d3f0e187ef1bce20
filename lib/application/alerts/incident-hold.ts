import { holdingAt } from '#lib/engine/breaker/override.ts'
import { authorize } from '../access/authorize.ts'
import type { Overrides } from '../breakers/overrides.ts'
import {
  appScope,
  collectionScope,
  ENGINE_SCOPE,
  fleetScope,
  scopeNamed,
  type Scope,
} from '../breakers/scopes.ts'
import type { ForcedKind } from '../breakers/terms.ts'
import type { Actor, Clock } from '../context.ts'
import type { IncidentImpact } from './incident-impact.ts'
import type { IncidentView } from './incidents.ts'

/** What people hold that an incident is about: when that ends, it is all there again. Times in Unix ms. */
export interface IncidentHold {
  readonly scope: Scope
  readonly kind: ForcedKind
  readonly by: string
  readonly reason: string
  readonly sinceMs: number
  readonly endsAtMs: number
}

/**
 * The override that holds for the part of the fleet that an open incident is about, the narrowest first; null where none
 * does, as this process knows it (BR6).
 * @throws ApplicationError `not_found`
 */
export function incidentHold(
  { overrides, clock }: { readonly overrides: Pick<Overrides, 'of'>; readonly clock: Clock },
  {
    actor,
    incident: { fleetId, state, group },
    impact: { appVersion, collection },
  }: {
    readonly actor: Actor
    readonly incident: Pick<IncidentView, 'fleetId' | 'state' | 'group'>
    readonly impact: Pick<IncidentImpact, 'appVersion' | 'collection'>
  },
): IncidentHold | null {
  authorize(actor, fleetId, 'viewer')
  if (state === 'resolved') return null
  const named = group.scope === undefined ? null : scopeNamed(group.scope)
  const scopes: readonly Scope[] = [
    ...(named === null ? [] : [named]),
    ...(appVersion === null ? [] : [appScope(fleetId, appVersion)]),
    ...(collection === null ? [] : [collectionScope(fleetId, collection)]),
    fleetScope(fleetId),
    ENGINE_SCOPE,
  ]
  const nowMs = clock.now()
  for (const scope of scopes) {
    const held = holdingAt(overrides.of(scope)?.overrides ?? [], nowMs)
    if (held === null) continue
    const { kind, by, reason, startsAtMs, approval, expiresAtMs } = held
    const sinceMs = Math.max(startsAtMs, approval?.atMs ?? 0)
    return { scope, kind, by: by.name, reason, sinceMs, endsAtMs: expiresAtMs }
  }
  return null
}
