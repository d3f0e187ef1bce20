import type { ApiKey, AuditEntry, OneTimeLink, RowChange, User } from './rows.ts'
import type { SignInPort } from './sign-in-port.ts'

export interface AccessPort extends SignInPort {
  countAdmins(): Promise<number>
  createUser(user: User, audit: AuditEntry): Promise<'created' | 'email_taken'>
  /**
   * The first administrator: while there is none, uses up the link (null: asked for by the environment) and creates
   * the user in one transaction. Of any number of claims at once, by whatever links, one is `created`.
   */
  claimSetUp(
    linkHash: string | null,
    user: User,
    nowMs: number,
    audit: AuditEntry,
  ): Promise<'created' | 'gone'>
  findUserByEmail(email: string): Promise<User | null>
  getUser(id: string): Promise<User | null>
  listUsers(): Promise<readonly User[]>
  /** Of these users: when a session of theirs was last used, within a minute; without those who never were here. */
  usersSeen(ids: readonly string[]): Promise<ReadonlyMap<string, number>>
  /**
   * One user at a time over all processes; `admins` is how many administrators of every fleet there are. Whoever is
   * disabled then has no session left, and whoever is removed is linked with no provider: what comes back begins anew.
   */
  updateUser(id: string, change: (user: User, admins: number) => RowChange<User>): Promise<User | null>
  createLink(link: OneTimeLink, audit: AuditEntry): Promise<void>
  /** Whether this link still leads somewhere; looking uses nothing up. */
  isLinkLive(hash: string, kind: OneTimeLink['kind'], nowMs: number): Promise<boolean>
  /** Uses up a live sign-in link, once. */
  useLink(hash: string, nowMs: number): Promise<OneTimeLink | null>
  createApiKey(key: ApiKey, audit: AuditEntry): Promise<void>
  /** The live key. Its use is noted at most once a minute, with where it came from. */
  findApiKey(hash: string, nowMs: number, address: string | null): Promise<ApiKey | null>
  getApiKey(id: string): Promise<ApiKey | null>
  listApiKeys(): Promise<readonly ApiKey[]>
  /** Saves name, role, scopes and both ends as they then are; null for an unknown key. */
  updateApiKey(id: string, change: (key: ApiKey) => RowChange<ApiKey>): Promise<ApiKey | null>
}
