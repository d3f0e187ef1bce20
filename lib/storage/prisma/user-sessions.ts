import type { AccessPort, UserSession } from '../ports.ts'
import { LAST_SEEN_STEP_MS } from '../retention.ts'
import { userOf } from './access.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import type { UserSession as SessionRow } from './generated/client.ts'
import { at, ms } from './values.ts'

const END: Statement = { name: 'user_session_end', text: 'DELETE FROM user_session WHERE id = $1' }
const CREATE: Statement = {
  name: 'user_session_create',
  text: 'INSERT INTO user_session (id, user_id, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $4, $5)',
}

export function postgresUserSessions(
  database: Database,
): Pick<AccessPort, 'createSession' | 'findSession' | 'endSession'> {
  return {
    createSession: (session, audit) =>
      database.inGlobal(async (send) => {
        const { id, userId, createdAtMs, lastSeenMs, expiresAtMs } = session
        await send(CREATE, [id, userId, at(createdAtMs), at(lastSeenMs), at(expiresAtMs)])
        await insertAudit(send, audit)
      }),
    findSession: (id, nowMs, idleMs) =>
      database.prismaInGlobal(async (tx) => {
        const include = { user: { include: { roles: true } } }
        const row = await tx.userSession.findUnique({ where: { id }, include })
        if (!row || row.user.disabled || ms(row.expiresAt) <= nowMs) return null
        if (ms(row.lastSeenAt) <= nowMs - idleMs) return null
        const stale = ms(row.lastSeenAt) <= nowMs - LAST_SEEN_STEP_MS
        if (stale) await tx.userSession.updateMany({ where: { id }, data: { lastSeenAt: at(nowMs) } })
        const session = sessionOf(row)
        return { session: stale ? { ...session, lastSeenMs: nowMs } : session, user: userOf(row.user) }
      }),
    endSession: (id, audit) =>
      database.inGlobal(async (send) => {
        await send(END, [id])
        await insertAudit(send, audit)
      }),
  }
}

const sessionOf = (row: SessionRow): UserSession => ({
  id: row.id,
  userId: row.userId,
  createdAtMs: ms(row.createdAt),
  lastSeenMs: ms(row.lastSeenAt),
  expiresAtMs: ms(row.expiresAt),
})
