import {
  INVITATIONS_LISTED_MAX,
  type Invitation,
  type InvitationPort,
  type Inviter,
} from '../invitation-port.ts'
import { isOpenAt } from '../invitation-values.ts'
import { lockKey } from './api-keys.ts'
import { createUser, LOCK_ADMINS, putUser, readUser } from './access.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { at, atOrNull, fromJson, ms, msOrNull } from './values.ts'

/** One invitation at a time, so that bounds hold. */
const LOCK: Statement = {
  name: 'invitation_lock',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('tidemark.invitation', 0))`,
}
const OPEN: Statement = {
  name: 'invitation_open',
  text: 'SELECT * FROM invitation WHERE accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $1',
}
const FORGET: Statement = {
  name: 'invitation_forget',
  text: 'DELETE FROM invitation WHERE coalesce(accepted_at, revoked_at, expires_at) < $1',
}
const CREATE: Statement = {
  name: 'invitation_create',
  text: `INSERT INTO invitation (id, email, email_key, roles, hash, invited_by, created_at, expires_at, accepted_at, revoked_at)
    VALUES ($1, $2, lower($2), $3, $4, $5, $6, $7, $8, $9)`,
}
const LIST: Statement = {
  name: 'invitation_list',
  text: `SELECT * FROM invitation WHERE $2::text[] IS NULL OR EXISTS (
      SELECT FROM json_object_keys(roles) scope WHERE scope = ANY ($2))
    ORDER BY created_at DESC, id DESC LIMIT $1`,
}
const OPEN_BY_EMAIL: Statement = {
  name: 'invitation_open_by_email',
  text: `SELECT * FROM invitation WHERE email_key = lower($1) AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $2
    ORDER BY created_at DESC LIMIT 1`,
}
const FIND: Statement = { name: 'invitation_find', text: 'SELECT * FROM invitation WHERE hash = $1' }
const TAKE: Statement = {
  name: 'invitation_take',
  text: 'SELECT * FROM invitation WHERE hash = $1 FOR UPDATE',
}
const LOCK_ROW: Statement = {
  name: 'invitation_lock_row',
  text: 'SELECT * FROM invitation WHERE id = $1 FOR UPDATE',
}
const UPDATE: Statement = {
  name: 'invitation_update',
  text: 'UPDATE invitation SET hash = $2, expires_at = $3, accepted_at = $4, revoked_at = $5 WHERE id = $1',
}
const USER_BY_EMAIL: Statement = {
  name: 'invitation_user',
  text: 'SELECT id FROM app_user WHERE email_key = lower($1)',
}

interface Row extends Record<string, unknown> {
  readonly id: string
  readonly email: string
  readonly roles: unknown
  readonly hash: string
  readonly invited_by: unknown
  readonly created_at: Date
  readonly expires_at: Date
  readonly accepted_at: Date | null
  readonly revoked_at: Date | null
}

export function postgresInvitations(database: Database): InvitationPort {
  return {
    create: (invitation, forgetBeforeMs, judge, audit) =>
      database.inGlobal(async (send) => {
        await send(LOCK, [])
        judge((await send<Row>(OPEN, [at(invitation.createdAtMs)])).map(invitationOf))
        await send(FORGET, [at(forgetBeforeMs)])
        const { id, email, roles, hash, invitedBy, createdAtMs } = invitation
        const told = [id, email, JSON.stringify(roles), hash, JSON.stringify(invitedBy), at(createdAtMs)]
        await send(CREATE, [...told, ...endsOf(invitation)])
        await insertAudit(send, audit)
      }),
    list: (scopes) =>
      database.inGlobal(async (send) =>
        (await send<Row>(LIST, [INVITATIONS_LISTED_MAX, scopes])).map(invitationOf),
      ),
    findOpenByEmail: (email, nowMs) =>
      database.inGlobal(async (send) => {
        const [row] = await send<Row>(OPEN_BY_EMAIL, [email, at(nowMs)])
        return row ? invitationOf(row) : null
      }),
    find: (hash) =>
      database.inGlobal(async (send) => {
        const [row] = await send<Row>(FIND, [hash])
        return row ? invitationOf(row) : null
      }),
    update: (id, change) =>
      database.inGlobal(async (send) => {
        const [row] = await send<Row>(LOCK_ROW, [id])
        if (!row) return null
        const { next, audit } = change(invitationOf(row))
        await put(send, next)
        await insertAudit(send, audit)
        return next
      }),
    accept: (hash, nowMs, make) =>
      database.inGlobal(async (send) => {
        // In this order everywhere: who administers changes one at a time (access.ts).
        await send(LOCK_ADMINS, [])
        const [row] = await send<Row>(TAKE, [hash])
        const invitation = row && invitationOf(row)
        if (!invitation || !isOpenAt(invitation, nowMs)) return null
        const [user] = await send<{ id: string }>(USER_BY_EMAIL, [invitation.email])
        const known = user ? await readUser(send, user.id) : null
        const { next, audit } = make(invitation, known, await inviterOf(send, invitation))
        if (known) await putUser(send, next)
        else if (!(await createUser(send, next))) return null
        await put(send, { ...invitation, acceptedAtMs: nowMs })
        await insertAudit(send, audit)
        return next
      }),
  }
}

const inviterOf = async (send: Send, { invitedBy: { kind, id } }: Invitation): Promise<Inviter> => ({
  user: kind === 'user' ? await readUser(send, id) : null,
  key: kind === 'key' ? await lockKey(send, id) : null,
})

const endsOf = ({ expiresAtMs, acceptedAtMs, revokedAtMs }: Invitation): unknown[] => [
  at(expiresAtMs),
  atOrNull(acceptedAtMs),
  atOrNull(revokedAtMs),
]

const put = (send: Send, invitation: Invitation): Promise<unknown> =>
  send(UPDATE, [invitation.id, invitation.hash, ...endsOf(invitation)])

const invitationOf = (row: Row): Invitation => ({
  id: row.id,
  email: row.email,
  roles: fromJson<Invitation['roles']>(row.roles),
  hash: row.hash,
  invitedBy: fromJson<Invitation['invitedBy']>(row.invited_by),
  createdAtMs: ms(row.created_at),
  expiresAtMs: ms(row.expires_at),
  acceptedAtMs: msOrNull(row.accepted_at),
  revokedAtMs: msOrNull(row.revoked_at),
})
