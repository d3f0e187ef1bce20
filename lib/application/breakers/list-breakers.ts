import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import type { BreakerSnapshot } from './breakers.ts'
import type { Scope } from './scopes.ts'
import { ENGINE_SCOPE, collectionScope, fleetOfScope, fleetScope } from './scopes.ts'

/** A breaker as the process that was asked sees it: each has its own (BR6). */
export type ShownBreaker = BreakerSnapshot & { readonly process: string }

type ListContext = Pick<Context, 'storage' | 'breakers' | 'processId'>
interface ListInput {
  readonly actor: Actor
  readonly fleetId: string
}

/**
 * The breakers that a fleet's devices meet, by scope: the engine's, the fleet's, one a collection, and those of the
 * backends that were called. A scope that saw no call is closed. @throws ApplicationError `not_found`
 */
export async function listBreakers(ctx: ListContext, input: ListInput): Promise<readonly ShownBreaker[]> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'viewer')
  const collections = await ctx.storage.collections.list(fleetId)
  const always = [
    ENGINE_SCOPE,
    fleetScope(fleetId),
    ...collections.map(({ name }) => collectionScope(fleetId, name)),
  ]
  const isOfFleet = (scope: Scope): boolean => scope === ENGINE_SCOPE || fleetOfScope(scope) === fleetId
  const shown = new Map(always.map((scope) => [scope, untouched(scope)]))
  for (const breaker of ctx.breakers.list(isOfFleet)) shown.set(breaker.scope, breaker)
  return [...shown.values()].map((breaker) => ({ process: ctx.processId, ...breaker }))
}

/** @throws ApplicationError `not_found` */
export async function getBreaker(
  ctx: ListContext,
  input: ListInput & { readonly scope: string },
): Promise<ShownBreaker> {
  const found = (await listBreakers(ctx, input)).find(({ scope }) => scope === input.scope)
  if (!found) throw new ApplicationError('not_found')
  return found
}

const untouched = (scope: Scope): BreakerSnapshot => ({
  scope,
  state: 'closed',
  retryAfterMs: 0,
  window: [],
  trips: [],
})
