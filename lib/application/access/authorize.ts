import type { Actor } from '#lib/application/context.ts'
import { ApplicationError } from '#lib/application/errors.ts'
import type { Role } from '#lib/storage/ports.ts'

export const ROLES = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[]
/** Key of a role that holds in every fleet. */
export const EVERY_FLEET = '*'

const RANK: Record<Role, number> = { viewer: 1, operator: 2, admin: 3 }

export const isAtLeast = (role: Role | null, needed: Role): boolean =>
  role !== null && RANK[role] >= RANK[needed]

/** The stronger of the role in this fleet and the role in every fleet; null when there is neither. */
export function roleIn(actor: Actor, fleetId: string): Role | null {
  const own = ownRole(actor, fleetId)
  const everywhere = ownRole(actor, EVERY_FLEET)
  return isAtLeast(own, everywhere ?? 'viewer') ? own : everywhere
}

/** The strongest role that this actor has anywhere. */
export function strongestRole(actor: Actor): Role | null {
  const held = Object.values(actor.roles)
  return ROLES.toReversed().find((role) => held.includes(role)) ?? null
}

export const canSee = (actor: Actor, fleetId: string): boolean => roleIn(actor, fleetId) !== null

/**
 * Passes when the actor has this role in the fleet, or more.
 * @throws ApplicationError `not_found` for a fleet it cannot see, `forbidden` for too little (security checks 1 and 3)
 */
export function authorize(actor: Actor, fleetId: string, needed: Role): void {
  const role = roleIn(actor, fleetId)
  if (role === null) throw new ApplicationError('not_found')
  if (!isAtLeast(role, needed)) throw new ApplicationError('forbidden')
}

/** For what belongs to no fleet: passes when the role holds in every fleet. @throws ApplicationError `forbidden` */
export function authorizeEverywhere(actor: Actor, needed: Role): void {
  if (!isAtLeast(roleEverywhere(actor), needed)) throw new ApplicationError('forbidden')
}

/** The role that holds in every fleet; null without one. */
export const roleEverywhere = (actor: Actor): Role | null => ownRole(actor, EVERY_FLEET)

/** Authorizes in one fleet, or everywhere when none is named. */
export function authorizeScope(actor: Actor, fleetId: string | null, needed: Role): void {
  if (fleetId === null) authorizeEverywhere(actor, needed)
  else authorize(actor, fleetId, needed)
}

function ownRole(actor: Actor, key: string): Role | null {
  return Object.hasOwn(actor.roles, key) ? (actor.roles[key] ?? null) : null
}
