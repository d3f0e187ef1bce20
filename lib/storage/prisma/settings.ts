import type { Json } from '#lib/kernel/json.ts'
import type { SettingPort } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { fromJson } from './values.ts'

const GET: Statement = { name: 'setting_get', text: 'SELECT version, value FROM setting WHERE name = $1' }
const FIRST: Statement = {
  name: 'setting_first',
  text: 'INSERT INTO setting (name, version, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING version',
}
const NEXT: Statement = {
  name: 'setting_next',
  text: 'UPDATE setting SET version = $2, value = $3 WHERE name = $1 AND version = $2 - 1 RETURNING version',
}

export function postgresSettings(database: Database): SettingPort {
  return {
    get: async (name) => {
      const [row] = await database.inGlobal((send) => send<{ version: number; value: unknown }>(GET, [name]))
      return row ? { version: row.version, value: fromJson<Json>(row.value) } : null
    },
    save: (name, { version, value }, audit) =>
      database.inGlobal(async (send) => {
        const saved = await send(version === 1 ? FIRST : NEXT, [name, version, JSON.stringify(value)])
        if (saved.length === 0) return 'stale'
        await insertAudit(send, audit)
        return 'saved'
      }),
  }
}
