import type { Mutation } from '#lib/protocol/mutation.ts'
import type { KeptSide } from '#lib/query/conflict-fields.ts'
import { CONFLICTS_PER_SESSION_MAX } from '../change-rows.ts'
import type { ConflictPort, ConflictSide, SettleTimes } from '../ports.ts'
import { insertAudit } from './audit.ts'
import { uuids } from './arrays.ts'
import {
  conflictOf,
  listConflicts,
  readConflictFacets,
  readConflictGroups,
  readConflictPairs,
  type ConflictSqlRow,
} from './conflict-list.ts'
import type { Database, Statement } from './database.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, ms, parsedJson } from './values.ts'

const ONE: Statement = {
  name: 'conflict_one',
  text: 'SELECT * FROM conflict WHERE fleet_id = $1 AND id = $2',
}
const HOLD: Statement = { name: 'conflict_hold', text: `${ONE.text} FOR UPDATE` }
const OF_SESSION: Statement = {
  name: 'conflict_of_session',
  text: 'SELECT * FROM conflict WHERE fleet_id = $1 AND session_id = $2 ORDER BY created_at, id LIMIT $3',
}
const OPEN: Statement = {
  name: 'conflict_open',
  text: `SELECT count(*) AS count FROM conflict WHERE fleet_id = $1 AND status = 'open'`,
}
const ANNOTATE: Statement = {
  name: 'conflict_annotate',
  text: 'UPDATE conflict SET assigned = $3, note = $4, desk_version = $5 WHERE fleet_id = $1 AND id = $2',
}
/** The change that made each side: the device's by its id, the other by the version that it made. */
const SIDES: Statement = {
  name: 'conflict_sides',
  text: `SELECT c.id, s.side, l.mutation_id, l.device_id, d.name AS device_name, l.app_version, l.mutation, l.made_at, l.committed_at
    FROM unnest($2::uuid[]) k(id)
    CROSS JOIN LATERAL (SELECT * FROM conflict x WHERE x.fleet_id = $1 AND x.id = k.id LIMIT 1) c
    CROSS JOIN (VALUES ('local'), ('remote')) s(side)
    LEFT JOIN LATERAL (
      SELECT * FROM change_log a WHERE s.side = 'local' AND a.fleet_id = $1 AND a.mutation_id = c.mutation_id
      UNION ALL
      SELECT * FROM change_log b
        WHERE s.side = 'remote' AND b.fleet_id = $1 AND b.collection = c.collection AND b.version = c.remote_version
      LIMIT 1) l ON true
    LEFT JOIN device d ON d.fleet_id = $1 AND d.id = l.device_id`,
}
const SETTLE_TIMES: Statement = {
  name: 'conflict_settle_times',
  text: `SELECT count(*) AS count, percentile_disc(0.5) WITHIN GROUP (ORDER BY t.took) AS p50,
      percentile_disc(0.95) WITHIN GROUP (ORDER BY t.took) AS p95, count(*) FILTER (WHERE t.closed_kept = 'mine') AS mine,
      count(*) FILTER (WHERE t.closed_kept = 'theirs') AS theirs, count(*) FILTER (WHERE t.closed_kept = 'merged') AS merged
    FROM (SELECT closed_kept, (extract(epoch FROM closed_at - created_at) * 1000)::bigint AS took FROM conflict
      WHERE fleet_id = $1 AND closed_at >= $2 AND closed_at < $3) t`,
}

interface SideRow extends Record<string, unknown> {
  readonly id: string
  readonly side: 'local' | 'remote'
  readonly mutation_id: string | null
  readonly device_id: string
  readonly device_name: string | null
  readonly app_version: string
  readonly mutation: string
  readonly made_at: Date
  readonly committed_at: Date
}

type TimesRow = Record<KeptSide, number> &
  Record<string, unknown> & {
    readonly count: number
    readonly p50: number | null
    readonly p95: number | null
  }

export function postgresConflicts(database: Database): ConflictPort {
  return {
    list: (fleetId, filter, page) => listConflicts(database, fleetId, filter, page),
    facets: (fleetId, filter) => readConflictFacets(database, fleetId, filter),
    groups: (fleetId, filter, limit) => readConflictGroups(database, fleetId, filter, limit),
    pairs: (fleetId, filter, limit) => readConflictPairs(database, fleetId, filter, limit),
    get: async (fleetId, id) => {
      const [row] = await database.one<ConflictSqlRow>(fleetId, ONE, [fleetId, id])
      return row ? conflictOf(row) : null
    },
    ofSession: async (fleetId, sessionId) => {
      const values = [fleetId, sessionId, CONFLICTS_PER_SESSION_MAX]
      return (await database.one<ConflictSqlRow>(fleetId, OF_SESSION, values)).map(conflictOf)
    },
    countOpen: async (fleetId) => {
      const [row] = await database.one<{ count: number }>(fleetId, OPEN, [fleetId])
      return row?.count ?? 0
    },
    sides: async (fleetId, ids) => {
      const rows = await database.one<SideRow>(fleetId, SIDES, [fleetId, uuids(ids)])
      const sides = new Map<string, { local: ConflictSide | null; remote: ConflictSide | null }>()
      for (const row of rows) {
        const both = sides.get(row.id) ?? { local: null, remote: null }
        both[row.side] = sideOf(row)
        sides.set(row.id, both)
      }
      return sides
    },
    settleTimes: async (fleetId, fromMs, toMs) => {
      const [row] = await database.one<TimesRow>(fleetId, SETTLE_TIMES, [fleetId, at(fromMs), at(toMs)])
      return timesOf(row)
    },
    annotate: (fleetId, id, change) =>
      database.inFleet(fleetId, async (send) => {
        const [row] = await send<ConflictSqlRow>(HOLD, [fleetId, id])
        if (!row) return null
        const { desk, audit } = change(conflictOf(row))
        const assigned = desk.assigned === null ? null : storableText(desk.assigned)
        await Promise.all([
          send(ANNOTATE, [fleetId, id, assigned, storableText(desk.note), desk.version]),
          insertAudit(send, audit),
        ])
        return { ...conflictOf(row), desk }
      }),
  }
}

function sideOf(row: SideRow): ConflictSide | null {
  if (row.mutation_id === null) return null
  const { hlc, madeOffsetMs } = parsedJson<Mutation>(row.mutation)
  return {
    mutationId: row.mutation_id,
    deviceId: row.device_id,
    deviceName: row.device_name === null ? null : originalText(row.device_name),
    appVersion: originalText(row.app_version),
    hlc,
    madeAtMs: ms(row.made_at),
    committedAtMs: ms(row.committed_at),
    offsetMs: madeOffsetMs ?? null,
  }
}

const timesOf = (row: TimesRow | undefined): SettleTimes => ({
  count: row?.count ?? 0,
  p50Ms: row?.p50 ?? null,
  p95Ms: row?.p95 ?? null,
  kept: { mine: row?.mine ?? 0, theirs: row?.theirs ?? 0, merged: row?.merged ?? 0 },
})
