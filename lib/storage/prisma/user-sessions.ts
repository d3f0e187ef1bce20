import type { SignInPort, UserSession } from '../ports.ts'
import { LAST_SEEN_STEP_MS } from '../retention.ts'
import { SESSIONS_PER_USER_MAX } from '../sign-in-port.ts'
import { LOCK_ADMINS, putUser, readUser, userOf } from './access.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import type { UserSession as SessionRow } from './generated/client.ts'
import { at, ms } from './values.ts'

const END: Statement = { name: 'user_session_end', text: 'DELETE FROM user_session WHERE id = $1' }
const END_OF_USER: Statement = {
  name: 'user_session_end_of_user',
  text: `WITH gone AS (DELETE FROM user_session WHERE user_id = $1 AND id IS DISTINCT FROM $2 RETURNING 1)
    SELECT count(*) AS count FROM gone`,
}
const END_OLDEST: Statement = {
  name: 'user_session_end_oldest',
  text: `DELETE FROM user_session WHERE id IN (
      SELECT id FROM user_session WHERE user_id = $1 ORDER BY last_seen_at DESC, id DESC OFFSET $2)`,
}
const PROVE: Statement = {
  name: 'user_session_prove',
  text: 'UPDATE user_session SET proved_at = $2 WHERE id = $1 RETURNING id',
}
const CREATE: Statement = {
  name: 'user_session_create',
  text: `INSERT INTO user_session (id, user_id, created_at, last_seen_at, expires_at, proved_at, how, address, user_agent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
}

/** Its row lock holds who signs in as they were found, until the session stands: what ends sessions then finds it. */
const SEEN: Statement = {
  name: 'user_seen',
  text: `UPDATE app_user SET last_seen_at = greatest(last_seen_at, $2)
    WHERE id = $1 AND NOT disabled AND ($3::text IS NULL OR password_hash = $3) RETURNING id`,
}

export function postgresUserSessions(
  database: Database,
): Pick<
  SignInPort,
  | 'createSession'
  | 'findSession'
  | 'endSession'
  | 'listSessions'
  | 'proveSession'
  | 'endSessionsOf'
  | 'updatePassword'
> {
  return {
    createSession: (session, audit, passwordHash) =>
      database.inGlobal(async (send) => {
        const checked = [session.userId, at(session.lastSeenMs), passwordHash ?? null]
        if ((await send(SEEN, checked)).length === 0) return false
        await send(END_OLDEST, [session.userId, SESSIONS_PER_USER_MAX - 1])
        await send(CREATE, valuesOf(session))
        await insertAudit(send, audit)
        return true
      }),
    findSession: (id, nowMs, idleMs) =>
      database.prismaInGlobal(async (tx) => {
        const include = { user: { include: { roles: true } } }
        const row = await tx.userSession.findUnique({ where: { id }, include })
        if (!row || row.user.disabled || ms(row.expiresAt) <= nowMs) return null
        if (ms(row.lastSeenAt) <= nowMs - idleMs) return null
        const stale = ms(row.lastSeenAt) <= nowMs - LAST_SEEN_STEP_MS
        // The user before the session, as whoever changes both locks them.
        if (stale) await tx.user.updateMany({ where: { id: row.userId }, data: { lastSeenAt: at(nowMs) } })
        if (stale) await tx.userSession.updateMany({ where: { id }, data: { lastSeenAt: at(nowMs) } })
        const session = sessionOf(row)
        return { session: stale ? { ...session, lastSeenMs: nowMs } : session, user: userOf(row.user) }
      }),
    endSession: (id, audit) =>
      database.inGlobal(async (send) => {
        await send(END, [id])
        await insertAudit(send, audit)
      }),
    listSessions: async (userId, nowMs, idleMs) => {
      const rows = await database.prismaInGlobal((tx) =>
        tx.userSession.findMany({
          where: { userId, expiresAt: { gt: at(nowMs) }, lastSeenAt: { gt: at(nowMs - idleMs) } },
          orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }],
          take: SESSIONS_PER_USER_MAX,
        }),
      )
      return rows.map(sessionOf)
    },
    proveSession: (id, provedAtMs, audit) =>
      database.inGlobal(async (send) => {
        if ((await send(PROVE, [id, at(provedAtMs)])).length === 0) return false
        await insertAudit(send, audit)
        return true
      }),
    endSessionsOf: (userId, exceptId, audit) =>
      database.inGlobal(async (send) => {
        const [row] = await send<{ count: number }>(END_OF_USER, [userId, exceptId])
        await insertAudit(send, audit)
        return row?.count ?? 0
      }),
    updatePassword: (userId, exceptId, change) =>
      database.inGlobal(async (send) => {
        await send(LOCK_ADMINS, [])
        const user = await readUser(send, userId)
        if (!user) return null
        const { next, audit, ended } = change(user)
        await putUser(send, next)
        const [row] = await send<{ count: number }>(END_OF_USER, [userId, exceptId])
        await insertAudit(send, audit)
        await insertAudit(send, ended)
        return { user: next, endedSessions: row?.count ?? 0 }
      }),
  }
}

const valuesOf = (session: UserSession): unknown[] => [
  session.id,
  session.userId,
  at(session.createdAtMs),
  at(session.lastSeenMs),
  at(session.expiresAtMs),
  at(session.provedAtMs),
  session.how,
  session.address,
  session.userAgent,
]

/** Rows of the release before this one tell neither how nor from where. */
const sessionOf = (row: SessionRow): UserSession => ({
  id: row.id,
  userId: row.userId,
  createdAtMs: ms(row.createdAt),
  lastSeenMs: ms(row.lastSeenAt),
  expiresAtMs: ms(row.expiresAt),
  provedAtMs: ms(row.provedAt ?? row.createdAt),
  how: (row.how ?? 'password') as UserSession['how'],
  address: row.address,
  userAgent: row.userAgent,
})
