import type { Invitation } from './invitation-port.ts'

export const isOpenAt = (invitation: Invitation, nowMs: number): boolean =>
  invitation.acceptedAtMs === null && invitation.revokedAtMs === null && invitation.expiresAtMs > nowMs

/** When it came to its end, of whichever kind; the future for one that is open. */
export const closedAtMs = ({ acceptedAtMs, revokedAtMs, expiresAtMs }: Invitation): number =>
  acceptedAtMs ?? revokedAtMs ?? expiresAtMs
