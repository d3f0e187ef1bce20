import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { liveAt } from '#lib/engine/breaker/override.ts'
import type { Override } from '#lib/engine/breaker/override.ts'
import type { BreakerControl, Role } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize, authorizeEverywhere } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { BREAKERS_HELD_PER_FLEET_MAX } from '#lib/protocol/limits.ts'
import { ApplicationError, badRequest } from '../errors.ts'
import { BREAKER_LIFE_MS } from './journal.ts'
import type { Scope } from './scopes.ts'
import { collectionOfScope, ENGINE_SCOPE, fleetOfScope, scopeNamed } from './scopes.ts'

/** What a person says to a breaker. */
export interface BreakerInput {
  readonly actor: Actor
  readonly fleetId: string
  readonly scope: string
  readonly body: unknown
}

/** Long enough to say why; kept in the audit log. */
export const overrideReason = z.string().trim().min(10).max(1_000)
/** The one that the person saw; 0 where nobody ever said anything of the scope. */
export const controlVersion = z.int().min(0)

/**
 * The scope that is meant, for somebody who may command it: the engine's is everybody's.
 * @throws ApplicationError `not_found`, `forbidden`
 */
export async function commandedScope(
  ctx: Pick<Context, 'storage'>,
  { actor, fleetId, scope: text }: BreakerInput,
  needed: Role,
): Promise<Scope> {
  authorize(actor, fleetId, 'viewer')
  const scope = scopeNamed(text)
  if (scope === ENGINE_SCOPE) {
    authorizeEverywhere(actor, needed)
    return scope
  }
  if (!scope || fleetOfScope(scope) !== fleetId) throw new ApplicationError('not_found')
  authorize(actor, fleetId, needed)
  const collection = collectionOfScope(scope)
  if (
    collection !== null &&
    !(await ctx.storage.collections.list(fleetId)).some(({ name }) => name === collection)
  )
    throw new ApplicationError('not_found')
  return scope
}

/** What was said of a scope, as the person saw it. @throws ApplicationError `stale_version` */
export async function controlSeen(ctx: Context, scope: Scope, version: number): Promise<BreakerControl> {
  const stored = await ctx.storage.breakers.control(scope)
  if ((stored?.version ?? 0) !== version)
    throw new ApplicationError('stale_version', { extra: { version: stored?.version ?? 0 } })
  return (
    stored ?? {
      scope,
      fleetId: fleetOfScope(scope),
      version: 0,
      settings: null,
      overrides: [],
      changedAtMs: 0,
    }
  )
}

interface ControlChange {
  readonly before: BreakerControl
  readonly next: Partial<Pick<BreakerControl, 'settings' | 'overrides'>>
  readonly actor: Actor
  readonly action: string
  readonly reason: string | null
}

/** Saves what was said, with its entry in the audit log; every process hears of it. @throws ApplicationError `stale_version`, `bad_request` */
export async function saveControl(ctx: Context, change: ControlChange): Promise<BreakerControl> {
  const { before, next, actor, action, reason } = change
  if (before.version === 0) await requireRoom(ctx, before.fleetId)
  const nowMs = ctx.clock.now()
  const control = { ...before, ...next, version: before.version + 1, changedAtMs: nowMs }
  const shown = ({ settings, overrides }: BreakerControl): Json =>
    JSON.parse(JSON.stringify({ settings, overrides: liveAt(overrides, nowMs) })) as Json
  const audit = auditEntry(ctx, actor, {
    action,
    target: control.scope,
    fleetId: control.fleetId,
    reason,
    before: shown(before),
    after: shown(control),
  })
  if ((await ctx.storage.breakers.save(control, audit)) === 'stale')
    throw new ApplicationError('stale_version')
  // The others are woken by the save; this one needn't be, and its caller sees what it did.
  await ctx.overrides.look()
  return control
}

/** @throws ApplicationError `bad_request` */
async function requireRoom({ storage }: Pick<Context, 'storage'>, fleetId: string | null): Promise<void> {
  if (fleetId === null || (await storage.breakers.countControls(fleetId)) < BREAKERS_HELD_PER_FLEET_MAX)
    return
  const message = `people said something of ${BREAKERS_HELD_PER_FLEET_MAX} breakers of this fleet already; what was released is forgotten after ${BREAKER_LIFE_MS.control / DAY_MS} days`
  throw badRequest([{ path: '', message }])
}

const DAY_MS = 86_400_000

export const personOf = ({ id, name }: Actor): Override['by'] => ({ id, name })
