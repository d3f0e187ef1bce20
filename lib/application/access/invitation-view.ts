import type { Actor } from '#lib/application/context.ts'
import type { Invitation, Role } from '#lib/storage/ports.ts'
import { EVERY_FLEET, isAtLeast, roleIn } from './authorize.ts'

export type InvitationState = 'open' | 'accepted' | 'revoked' | 'expired'

/** An invitation as the API lists it: never with its hash. Times in Unix ms. */
export interface InvitationView {
  readonly id: string
  readonly email: string
  /** Those that the reader could give. */
  readonly roles: Readonly<Record<string, Role>>
  readonly state: InvitationState
  readonly invitedBy: Invitation['invitedBy']
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

export function invitationState(
  { acceptedAtMs, revokedAtMs, expiresAtMs }: Invitation,
  nowMs: number,
): InvitationState {
  if (acceptedAtMs !== null) return 'accepted'
  if (revokedAtMs !== null) return 'revoked'
  return expiresAtMs <= nowMs ? 'expired' : 'open'
}

/** Whether this actor could give the role that holds in this scope. */
export const administers = (actor: Actor, scope: string): boolean => isAtLeast(roleIn(actor, scope), 'admin')

/** Which other fleets there are is not for everybody. */
export function invitationView(actor: Actor, invitation: Invitation, nowMs: number): InvitationView {
  const { id, email, invitedBy, createdAtMs, expiresAtMs } = invitation
  const roles = Object.fromEntries(
    Object.entries(invitation.roles).filter(([scope]) => administers(actor, scope)),
  )
  const state = invitationState(invitation, nowMs)
  return { id, email, roles, state, invitedBy, createdAtMs, expiresAtMs }
}

/** The fleet in whose audit log it belongs: its only one; null for several or all. */
export function fleetOfRoles(roles: Readonly<Record<string, Role>>): string | null {
  const [scope, ...others] = Object.keys(roles)
  return scope === undefined || scope === EVERY_FLEET || others.length > 0 ? null : scope
}

/** Where the link leads; relative to the server's URL. The token stands in it this once. */
export const invitationPath = (token: string): string => `/invitation?token=${token}`
