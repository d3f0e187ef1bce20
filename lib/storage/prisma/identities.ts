import type { SignInPort, UserIdentity } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { at, ms } from './values.ts'

/** Of one person; each is of another provider. */
const IDENTITIES_MAX = 100
const COLUMNS = 'issuer, subject, user_id, created_at'
const FIND: Statement = {
  name: 'identity_find',
  text: `SELECT ${COLUMNS} FROM user_identity WHERE issuer = $1 AND subject = $2`,
}
const LIST: Statement = {
  name: 'identity_list',
  text: `SELECT ${COLUMNS} FROM user_identity WHERE user_id = $1 ORDER BY issuer LIMIT ${IDENTITIES_MAX}`,
}
/** Either key of the table may be in the way: this identity, or this user at this provider. */
const LINK: Statement = {
  name: 'identity_link',
  text: `INSERT INTO user_identity (${COLUMNS}) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING user_id`,
}
const UNLINK: Statement = {
  name: 'identity_unlink',
  text: 'DELETE FROM user_identity WHERE user_id = $1 AND issuer = $2 RETURNING user_id',
}
interface Row extends Record<string, unknown> {
  readonly issuer: string
  readonly subject: string
  readonly user_id: string
  readonly created_at: Date
}

export function postgresIdentities(
  database: Database,
): Pick<SignInPort, 'findIdentity' | 'linkIdentity' | 'listIdentities' | 'unlinkIdentity'> {
  return {
    findIdentity: async (issuer, subject) => {
      const [row] = await database.inGlobal((send) => send<Row>(FIND, [issuer, subject]))
      return row ? identityOf(row) : null
    },
    linkIdentity: ({ issuer, subject, userId, createdAtMs }, audit) =>
      database.inGlobal(async (send) => {
        if ((await send(LINK, [issuer, subject, userId, at(createdAtMs)])).length === 0) return 'taken'
        await insertAudit(send, audit)
        return 'linked'
      }),
    listIdentities: async (userId) =>
      (await database.inGlobal((send) => send<Row>(LIST, [userId]))).map(identityOf),
    unlinkIdentity: (userId, issuer, audit) =>
      database.inGlobal(async (send) => {
        if ((await send(UNLINK, [userId, issuer])).length === 0) return false
        await insertAudit(send, audit)
        return true
      }),
  }
}

const identityOf = (row: Row): UserIdentity => ({
  issuer: row.issuer,
  subject: row.subject,
  userId: row.user_id,
  createdAtMs: ms(row.created_at),
})
