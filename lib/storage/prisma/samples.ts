import type { Mutation } from '#lib/protocol/mutation.ts'
import type { SamplePort } from '../ports.ts'
import { texts } from './arrays.ts'
import type { Database, Statement } from './database.ts'
import type { RecordRow } from './record-row.ts'
import { RECORD_COLUMNS, recordOf } from './record-row.ts'
import { originalText, storableText } from './storable-text.ts'
import { ms, parsedJson } from './values.ts'

const RECORDS: Statement = {
  name: 'sample_records',
  text: `SELECT ${RECORD_COLUMNS} FROM record r WHERE r.fleet_id = $1 AND r.collection = $2 AND NOT r.deleted
    AND r.version < coalesce($3::bigint, 9223372036854775807) ORDER BY r.version DESC LIMIT $4`,
}
const CHANGES: Statement = {
  name: 'sample_changes',
  text: `SELECT c.version, c.mutation, c.device_id, c.app_version, c.committed_at FROM change_log c
    WHERE c.fleet_id = $1 AND c.collection = $2
    AND c.version < coalesce($3::bigint, 9223372036854775807) ORDER BY c.version DESC LIMIT $4`,
}
/** Each collection's records no further than the bound: a large one is told as "more than". */
const SIZES = `SELECT n.name, (SELECT count(*) FROM (SELECT FROM record r WHERE r.fleet_id = $1 AND r.collection = n.name
        AND NOT r.deleted LIMIT $3) x) AS records, coalesce(f.followers, 0) AS followers
    FROM unnest($2::text[]) AS n(name) LEFT JOIN (
      SELECT p.collection, count(*) AS followers FROM device_position p JOIN device d ON d.fleet_id = $1 AND d.id = p.device_id
      WHERE p.fleet_id = $1 AND p.first_complete_at IS NOT NULL AND d.status <> 'revoked' GROUP BY p.collection) f
    ON f.collection = n.name`

export function postgresSamples(database: Database): SamplePort {
  return {
    records: async (fleetId, collection, below, limit) => {
      const values = [fleetId, storableText(collection), below, limit]
      return (await database.one<RecordRow>(fleetId, RECORDS, values)).map(recordOf)
    },
    changes: async (fleetId, collection, below, limit) => {
      const values = [fleetId, storableText(collection), below, limit]
      const rows = await database.one<{
        version: number
        mutation: string
        device_id: string
        app_version: string
        committed_at: Date
      }>(fleetId, CHANGES, values)
      return rows.map((row) => ({
        version: row.version,
        mutation: parsedJson<Mutation>(row.mutation),
        deviceId: row.device_id,
        appVersion: originalText(row.app_version),
        committedAtMs: ms(row.committed_at),
      }))
    },
    sizes: async (fleetId, collections, recordsMax) => {
      // The planner is free here: positions are joined as a whole, which a plan for pushes must not do.
      const rows = await database.oneOff<{ name: string; records: number; followers: number }>(
        fleetId,
        SIZES,
        [fleetId, texts(collections), recordsMax],
      )
      return new Map(rows.map(({ name, records, followers }) => [originalText(name), { records, followers }]))
    },
  }
}
