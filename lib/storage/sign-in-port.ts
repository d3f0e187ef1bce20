import type { AuditEntry, RowChange, User, UserIdentity, UserSession } from './rows.ts'

/** Sessions of one user that live at a time: the one that was used longest ago ends for another. */
export const SESSIONS_PER_USER_MAX = 100

/** What becomes of somebody whose password changes, and what is said of the sessions that end by it. */
export interface PasswordChange extends RowChange<User> {
  readonly ended: AuditEntry
}

/** Sessions of people, who they are elsewhere, and their tries to sign in. */
export interface SignInPort {
  /**
   * False, and nothing is written, for somebody who is disabled.
   * @param passwordHash what the password was checked against, when it was: false once theirs is another
   */
  createSession(session: UserSession, audit: AuditEntry, passwordHash?: string): Promise<boolean>
  /** The live session with its user, null once idle for `idleMs`; moves `lastSeenMs` at most once a minute. */
  findSession(id: string, nowMs: number, idleMs: number): Promise<{ session: UserSession; user: User } | null>
  endSession(id: string, audit: AuditEntry): Promise<void>
  /** The live ones of a user, used last first. */
  listSessions(userId: string, nowMs: number, idleMs: number): Promise<readonly UserSession[]>
  /** Notes that somebody showed again who they are; false when the session is no more, and then nothing is written. */
  proveSession(id: string, provedAtMs: number, audit: AuditEntry): Promise<boolean>
  /** Ends all of a user's but the one that is named; how many there were. */
  endSessionsOf(userId: string, exceptId: string | null, audit: AuditEntry): Promise<number>
  /**
   * `updateUser` for a password: with it every session of theirs ends but the one that is named. How many ended; null for
   * an unknown user.
   */
  updatePassword(
    userId: string,
    exceptId: string | null,
    change: (user: User) => PasswordChange,
  ): Promise<{ readonly user: User; readonly endedSessions: number } | null>
  findIdentity(issuer: string, subject: string): Promise<UserIdentity | null>
  /** `taken` when this identity, or this user at this provider, stands already; then nothing is written. */
  linkIdentity(identity: UserIdentity, audit: AuditEntry): Promise<'linked' | 'taken'>
  /** At most one a provider. */
  listIdentities(userId: string): Promise<readonly UserIdentity[]>
  /** False when there was none. */
  unlinkIdentity(userId: string, issuer: string, audit: AuditEntry): Promise<boolean>
  /**
   * Counts one try under each key, before its outcome is known, so that parallel guesses count too, over all processes;
   * or under none, when one of them has had `max` in its window. Ms until the last such window ends, null to go on.
   */
  countTries(keys: readonly string[], nowMs: number, max: number, windowMs: number): Promise<number | null>
  /** Takes back one try of each, which turned out good. */
  forgiveTries(keys: readonly string[]): Promise<void>
  /** The owner of this key showed who they are: its bad tries are forgotten. */
  clearTries(key: string): Promise<void>
}
