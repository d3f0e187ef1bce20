import type { AccessPort, OneTimeLink, Role, User } from '../ports.ts'
import { postgresApiKeys } from './api-keys.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import type { Prisma } from './generated/client.ts'
import { postgresIdentities } from './identities.ts'
import { postgresSignInTries } from './sign-in-tries.ts'
import { postgresUserSessions } from './user-sessions.ts'
import { at, atOrNull, ms, msOrNull } from './values.ts'

const CREATE_USER: Statement = {
  name: 'user_create',
  text: `INSERT INTO app_user (id, email, email_key, name, password_hash, disabled, created_at, removed_at)
    VALUES ($1, $2, lower($2), $3, $4, $5, $6, $7) ON CONFLICT (email_key) DO NOTHING RETURNING id`,
}
const UPDATE_USER: Statement = {
  name: 'user_update',
  text: `UPDATE app_user SET email = $2, email_key = lower($2), name = $3, password_hash = $4, disabled = $5, created_at = $6,
    removed_at = $7 WHERE id = $1`,
}
const USERS_SEEN: Statement = {
  name: 'users_seen',
  text: 'SELECT id, last_seen_at AS seen FROM app_user WHERE id = ANY($1) AND last_seen_at IS NOT NULL',
}
/** Columns by the names of Prisma's row. */
const GET_USER: Statement = {
  name: 'user_get',
  text: `SELECT id, email, email_key AS "emailKey", name, password_hash AS "passwordHash", disabled, created_at AS "createdAt",
    removed_at AS "removedAt" FROM app_user WHERE id = $1`,
}
const GET_ROLES: Statement = {
  name: 'user_get_roles',
  text: 'SELECT user_id AS "userId", scope, role FROM user_role WHERE user_id = $1 ORDER BY scope',
}
const DROP_ROLES: Statement = { name: 'user_drop_roles', text: 'DELETE FROM user_role WHERE user_id = $1' }
const ADD_ROLES: Statement = {
  name: 'user_add_roles',
  text: 'INSERT INTO user_role (user_id, scope, role) SELECT $1, s, r FROM unnest($2::text[], $3::text[]) k(s, r)',
}
const DROP_SESSIONS: Statement = {
  name: 'user_drop_sessions',
  text: 'DELETE FROM user_session WHERE user_id = $1',
}
const DROP_IDENTITIES: Statement = {
  name: 'user_drop_identities',
  text: 'DELETE FROM user_identity WHERE user_id = $1',
}
/** One change at a time of who administers: the first administrator is one, the last one stays; ends with its transaction. */
export const LOCK_ADMINS: Statement = {
  name: 'admins_lock',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('tidemark.set-up', 0))`,
}
const COUNT_ADMINS: Statement = {
  name: 'admins_count',
  text: `SELECT count(*) AS count FROM app_user u JOIN user_role r ON r.user_id = u.id
    WHERE NOT u.disabled AND r.scope = '*' AND r.role = 'admin'`,
}
/** Of parallel claims the row lock lets one through; the others then see it used. */
const USE_LINK: Statement = {
  name: 'link_use',
  text: `UPDATE one_time_link SET used_at = $3 WHERE hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3
    RETURNING hash, kind, user_id, expires_at, used_at`,
}
const IS_LINK_LIVE: Statement = {
  name: 'link_live',
  text: 'SELECT FROM one_time_link WHERE hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3',
}
const CREATE_LINK: Statement = {
  name: 'link_create',
  text: 'INSERT INTO one_time_link (hash, kind, user_id, expires_at, used_at) VALUES ($1, $2, $3, $4, $5)',
}
interface LinkRow extends Record<string, unknown> {
  readonly hash: string
  readonly kind: string
  readonly user_id: string | null
  readonly expires_at: Date
  readonly used_at: Date | null
}

export type UserWithRoles = Prisma.UserGetPayload<{ include: { roles: true } }>

export function userOf(row: UserWithRoles): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    passwordHash: row.passwordHash,
    disabled: row.disabled,
    createdAtMs: ms(row.createdAt),
    removedAtMs: msOrNull(row.removedAt),
    roles: Object.fromEntries(row.roles.map(({ scope, role }) => [scope, role as Role])),
  }
}

export function postgresAccess(database: Database): AccessPort {
  const findUser = async (where: Prisma.UserWhereUniqueInput): Promise<User | null> => {
    const row = await database.prismaInGlobal((tx) => tx.user.findUnique({ where, include: { roles: true } }))
    return row && userOf(row)
  }
  return {
    countAdmins: () => database.inGlobal(countAdmins),
    createUser: (user, audit) =>
      database.inGlobal(async (send) => {
        if (!(await createUser(send, user))) return 'email_taken'
        await insertAudit(send, audit)
        return 'created'
      }),
    findUserByEmail: (email) => findUser({ emailKey: email.toLowerCase() }),
    getUser: (id) => findUser({ id }),
    listUsers: async () => {
      const rows = await database.prismaInGlobal((tx) =>
        tx.user.findMany({ orderBy: { emailKey: 'asc' }, include: { roles: true } }),
      )
      return rows.map(userOf)
    },
    usersSeen: (ids) =>
      database.inGlobal(async (send) => {
        const rows = await send<{ id: string; seen: Date }>(USERS_SEEN, [ids])
        return new Map(rows.map(({ id, seen }) => [id, ms(seen)]))
      }),
    updateUser: (id, change) =>
      database.inGlobal(async (send) => {
        await send(LOCK_ADMINS, [])
        const user = await readUser(send, id)
        if (!user) return null
        const { next, audit } = change(user, await countAdmins(send))
        await putUser(send, next)
        if (next.disabled) await send(DROP_SESSIONS, [id])
        if (next.removedAtMs !== null) await send(DROP_IDENTITIES, [id])
        await insertAudit(send, audit)
        return next
      }),
    claimSetUp: (linkHash, user, nowMs, audit) =>
      database.inGlobal(async (send) => {
        // In the order of their locks: the second one must see what the first committed.
        await send(LOCK_ADMINS, [])
        if ((await countAdmins(send)) > 0) return 'gone'
        if (linkHash !== null && !(await useLink(send, linkHash, 'set_up', nowMs))) return 'gone'
        if (!(await createUser(send, user))) return 'gone'
        await insertAudit(send, audit)
        return 'created'
      }),
    createLink: (link, audit) =>
      database.inGlobal(async (send) => {
        const { hash, kind, userId, expiresAtMs, usedAtMs } = link
        await send(CREATE_LINK, [hash, kind, userId, at(expiresAtMs), atOrNull(usedAtMs)])
        await insertAudit(send, audit)
      }),
    isLinkLive: (hash, kind, nowMs) =>
      database.inGlobal(async (send) => (await send(IS_LINK_LIVE, [hash, kind, at(nowMs)])).length > 0),
    useLink: (hash, nowMs) => database.inGlobal((send) => useLink(send, hash, 'sign_in', nowMs)),
    ...postgresUserSessions(database),
    ...postgresIdentities(database),
    ...postgresSignInTries(database),
    ...postgresApiKeys(database),
  }
}

async function countAdmins(send: Send): Promise<number> {
  const [row] = await send<{ count: number }>(COUNT_ADMINS, [])
  return row?.count ?? 0
}

export async function readUser(send: Send, id: string): Promise<User | null> {
  const [row] = await send<Omit<UserWithRoles, 'roles'>>(GET_USER, [id])
  if (!row) return null
  return userOf({ ...row, roles: await send<UserWithRoles['roles'][number]>(GET_ROLES, [id]) })
}

const userValues = (user: User): unknown[] => [
  user.id,
  user.email,
  user.name,
  user.passwordHash,
  user.disabled,
  at(user.createdAtMs),
  atOrNull(user.removedAtMs),
]

export async function createUser(send: Send, user: User): Promise<boolean> {
  if ((await send(CREATE_USER, userValues(user))).length === 0) return false
  await addRoles(send, user)
  return true
}

/** What the row and its roles become. */
export async function putUser(send: Send, next: User): Promise<void> {
  await send(UPDATE_USER, userValues(next))
  await send(DROP_ROLES, [next.id])
  await addRoles(send, next)
}

const addRoles = (send: Send, user: User) =>
  send(ADD_ROLES, [user.id, Object.keys(user.roles), Object.values(user.roles)])

async function useLink(
  send: Send,
  hash: string,
  kind: OneTimeLink['kind'],
  nowMs: number,
): Promise<OneTimeLink | null> {
  const [row] = await send<LinkRow>(USE_LINK, [hash, kind, at(nowMs)])
  if (!row) return null
  return { hash, kind, userId: row.user_id, expiresAtMs: ms(row.expires_at), usedAtMs: msOrNull(row.used_at) }
}
