import type { ApiKey, AuditEntry, Role, RowChange, User } from './rows.ts'

/** Who was asked to come, and what they may do then. Times in Unix ms. */
export interface Invitation {
  readonly id: string
  readonly email: string
  /** By fleet id, or `*` for every fleet. */
  readonly roles: Readonly<Record<string, Role>>
  /** Of the link's token, which is shown once. */
  readonly hash: string
  readonly invitedBy: AuditEntry['actor']
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly acceptedAtMs: number | null
  readonly revokedAtMs: number | null
}

/** Null for one that is not there, or of another kind. */
export interface Inviter {
  readonly user: User | null
  readonly key: ApiKey | null
}

/** As many of the newest are listed. */
export const INVITATIONS_LISTED_MAX = 1_000

/** Invitations (ports.ts). A throw of what the caller gives is its refusal: nothing is written then. */
export interface InvitationPort {
  /**
   * One at a time over all processes, with those that are open at `createdAtMs` before its eyes. Those that closed before
   * `forgetBeforeMs` are deleted with it.
   */
  create(
    invitation: Invitation,
    forgetBeforeMs: number,
    judge: (open: readonly Invitation[]) => void,
    audit: AuditEntry,
  ): Promise<void>
  /** Newest first, of those with a role in one of these scopes (null: of all). */
  list(scopes: readonly string[] | null): Promise<readonly Invitation[]>
  /** The open one of this e-mail, in any case of its letters. */
  findOpenByEmail(email: string, nowMs: number): Promise<Invitation | null>
  find(hash: string): Promise<Invitation | null>
  /** Saves hash and times as they then are; null for an unknown one. */
  update(id: string, change: (invitation: Invitation) => RowChange<Invitation>): Promise<Invitation | null>
  /**
   * Uses up an open invitation and puts the user that `make` makes of it, in one transaction: of any number at once one
   * succeeds. `known` is who has its e-mail already, `inviter` who invited, as they are then: a user or
   * an operator key that is kept. Null when it is not open.
   */
  accept(
    hash: string,
    nowMs: number,
    make: (invitation: Invitation, known: User | null, inviter: Inviter) => RowChange<User>,
  ): Promise<User | null>
}
