import type { AccessPort, ApiKey, Role } from '../ports.ts'
import { LAST_SEEN_STEP_MS } from '../retention.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import type { ApiKey as ApiKeyRow } from './generated/client.ts'
import { at, atOrNull, ms, msOrNull } from './values.ts'

const CREATE: Statement = {
  name: 'api_key_create',
  text: `INSERT INTO api_key (id, name, hash, role, scope_fleet_id, scopes, created_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
}
const UPDATE: Statement = {
  name: 'api_key_update',
  text: 'UPDATE api_key SET name = $2, role = $3, scopes = $4, expires_at = $5, revoked_at = $6 WHERE id = $1',
}
/** Columns by the names of Prisma's row. */
const LOCK: Statement = {
  name: 'api_key_lock',
  text: `SELECT id, name, hash, role, scope_fleet_id AS "scopeFleetId", scopes, created_at AS "createdAt",
      expires_at AS "expiresAt", revoked_at AS "revokedAt", last_used_at AS "lastUsedAt", last_used_address AS "lastUsedAddress" FROM api_key WHERE id = $1 FOR UPDATE`,
}

export function postgresApiKeys(
  database: Database,
): Pick<AccessPort, 'createApiKey' | 'findApiKey' | 'getApiKey' | 'listApiKeys' | 'updateApiKey'> {
  return {
    createApiKey: (key, audit) =>
      database.inGlobal(async (send) => {
        const { id, name, hash, role, fleetId, scopes } = key
        const times = [at(key.createdAtMs), atOrNull(key.expiresAtMs), atOrNull(key.revokedAtMs)]
        await send(CREATE, [id, name, hash, role, fleetId, scopes, ...times])
        await insertAudit(send, audit)
      }),
    findApiKey: (hash, nowMs, address) =>
      database.prismaInGlobal(async (tx) => {
        const row = await tx.apiKey.findFirst({
          where: { hash, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: at(nowMs) } }] },
        })
        if (!row) return null
        if (row.lastUsedAt !== null && ms(row.lastUsedAt) > nowMs - LAST_SEEN_STEP_MS) return keyOf(row)
        const use = { lastUsedAt: at(nowMs), lastUsedAddress: address }
        await tx.apiKey.updateMany({ where: { hash }, data: use })
        return keyOf({ ...row, ...use })
      }),
    getApiKey: async (id) => {
      const row = await database.prismaInGlobal((tx) => tx.apiKey.findUnique({ where: { id } }))
      return row && keyOf(row)
    },
    listApiKeys: async () => {
      const rows = await database.prismaInGlobal((tx) =>
        tx.apiKey.findMany({ orderBy: { createdAt: 'desc' } }),
      )
      return rows.map(keyOf)
    },
    updateApiKey: (id, change) =>
      database.inGlobal(async (send) => {
        const key = await lockKey(send, id)
        if (!key) return null
        const { next, audit } = change(key)
        const { name, role, scopes, expiresAtMs, revokedAtMs } = next
        await send(UPDATE, [id, name, role, scopes, atOrNull(expiresAtMs), atOrNull(revokedAtMs)])
        await insertAudit(send, audit)
        return next
      }),
  }
}

/** The key as it is, and stays until the transaction ends. */
export async function lockKey(send: Send, id: string): Promise<ApiKey | null> {
  const [row] = await send<ApiKeyRow>(LOCK, [id])
  return row ? keyOf(row) : null
}

const keyOf = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  hash: row.hash,
  role: row.role as Role,
  fleetId: row.scopeFleetId,
  scopes: row.scopes,
  createdAtMs: ms(row.createdAt),
  expiresAtMs: msOrNull(row.expiresAt),
  revokedAtMs: msOrNull(row.revokedAt),
  lastUsedMs: msOrNull(row.lastUsedAt),
  lastUsedAddress: row.lastUsedAddress,
})
