import type { DeadTokenPort, DeadTokenUse } from '../dead-token-port.ts'
import { LAST_SEEN_STEP_MS } from '../retention.ts'
import type { Database, Statement } from './database.ts'
import { at, ms } from './values.ts'

/** What is counted already makes no row again, and so no answer. */
const NOTE: Statement = {
  name: 'dead_token_note',
  text: `INSERT INTO dead_token_use AS u (fleet_id, device_id, first_at, last_at, uses)
    SELECT $1, t.device_id, $3, $3, 1 FROM device_token t WHERE t.fleet_id = $1 AND t.hash = $2 AND t.ends_at <= $3
    ON CONFLICT (fleet_id, device_id) DO UPDATE SET last_at = $3, uses = u.uses + 1 WHERE u.last_at <= $4
    RETURNING device_id, first_at, last_at, uses`,
}
const OF: Statement = {
  name: 'dead_token_of',
  text: 'SELECT device_id, first_at, last_at, uses FROM dead_token_use WHERE fleet_id = $1 AND device_id = $2',
}
const COUNT: Statement = {
  name: 'dead_token_count',
  text: 'SELECT count(*) AS count FROM dead_token_use WHERE fleet_id = $1 AND last_at >= $2',
}

interface Row extends Record<string, unknown> {
  readonly device_id: string
  readonly first_at: Date
  readonly last_at: Date
  readonly uses: number
}
const useOf = (row: Row | undefined): DeadTokenUse | null =>
  row === undefined
    ? null
    : { deviceId: row.device_id, firstMs: ms(row.first_at), lastMs: ms(row.last_at), uses: row.uses }

export function postgresDeadTokens(database: Database): DeadTokenPort {
  return {
    note: async (fleetId, tokenHash, nowMs) => {
      const values = [fleetId, tokenHash, at(nowMs), at(nowMs - LAST_SEEN_STEP_MS)]
      return useOf((await database.one<Row>(fleetId, NOTE, values))[0])
    },
    of: async (fleetId, deviceId) => useOf((await database.one<Row>(fleetId, OF, [fleetId, deviceId]))[0]),
    countSince: async (fleetId, sinceMs) => {
      const [row] = await database.one<{ count: number }>(fleetId, COUNT, [fleetId, at(sinceMs)])
      return row?.count ?? 0
    },
  }
}
