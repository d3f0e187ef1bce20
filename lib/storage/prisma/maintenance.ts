import type { MaintenancePort, RetentionBatches } from '../ports.ts'
import type { Keep } from '../partitions.ts'
import { dayOf, dayStartMs, KEEP_MS } from '../retention.ts'
import type { Database, Statement } from './database.ts'
import { adoptStrays, countStrays, dropPast, ensurePartitions, eventsWholeFromMs } from './partitions.ts'
import { at } from './values.ts'

const HOLD: Statement = {
  name: 'lease_hold',
  text: `INSERT INTO lease (name, holder, until) VALUES ($1, $2, $4) ON CONFLICT (name) DO UPDATE SET holder = $2, until = $4
    WHERE lease.holder = $2 OR lease.until <= $3 OR lease.until > $4 + ($4 - $3) RETURNING name`,
}

const ANALYZE_GROWN: Statement = {
  name: 'analyze_grown',
  text: 'SELECT tidemark_analyze_grown() AS name',
}

/** Deletes at most $3 rows of one table whose time is before $2: a batch that never holds its locks for long. */
const expire = (table: string, condition: string): Statement => ({
  name: `expire_${table}_${condition.length}`,
  text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${table} WHERE fleet_id = $1 AND ${condition} LIMIT $3)) AND fleet_id = $1 RETURNING 1)
    SELECT count(*) AS count FROM gone`,
})
/** The oldest changes of a stream have its lowest versions: an index by time would cost every push a fifth. */
const EXPIRE_VERSIONS: Statement = {
  name: 'expire_change_log_versions',
  text: `WITH old AS (SELECT c.mutation_id FROM stream_head h, LATERAL (
      SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.collection = h.collection AND x.version > 0 ORDER BY x.version LIMIT $3) c
      WHERE h.fleet_id = $1 AND c.committed_at < $2 LIMIT $3),
    gone AS (DELETE FROM change_log WHERE fleet_id = $1 AND mutation_id IN (SELECT mutation_id FROM old) RETURNING 1)
    SELECT count(*) AS count FROM gone`,
}
/** What a person may still act upon is kept with its row in the log, however old it is (DL22). */
const UNDECIDED = `SELECT mutation_id FROM dead_letter WHERE fleet_id = $1 AND status = 'open'
    UNION ALL SELECT mutation_id FROM conflict WHERE fleet_id = $1 AND status = 'open'
    UNION ALL SELECT mutation_id FROM held_mutation WHERE fleet_id = $1`
/**
 * Of each path goes what has a successor from before $2, which tells that none is missing after it. Then no token is
 * live, and no replaced document is kept, that is older than what stays.
 */
const COMPACT_OT: Statement = {
  name: 'compact_ot_op',
  text: `WITH gone AS (DELETE FROM ot_op WHERE ctid = ANY (ARRAY(SELECT o.ctid FROM ot_op o WHERE o.fleet_id = $1 AND (
        EXISTS (SELECT 1 FROM ot_op n WHERE n.fleet_id = $1 AND n.collection = o.collection AND n.record_id = o.record_id
          AND n.path = o.path AND n.revision = o.revision + 1
          AND NOT EXISTS (SELECT 1 FROM change_log c WHERE c.fleet_id = $1 AND c.mutation_id = n.mutation_id AND c.committed_at >= $2))
        OR NOT EXISTS (SELECT 1 FROM record r WHERE r.fleet_id = $1 AND r.collection = o.collection AND r.record_id = o.record_id)
      ) LIMIT $3)) AND fleet_id = $1 RETURNING 1)
    SELECT count(*) AS count FROM gone`,
}
/**
 * Streams are locked before records, as pushes do, and only where something is to go; each notes how far its
 * tombstones are gone (TK5).
 */
const EXPIRE_TOMBSTONES: Statement = {
  name: 'expire_tombstones',
  text: `WITH old AS MATERIALIZED (SELECT collection, record_id, version FROM record
      WHERE fleet_id = $1 AND deleted AND committed_at < $2 LIMIT $3),
    heads AS MATERIALIZED (SELECT collection FROM stream_head WHERE fleet_id = $1 AND collection IN (SELECT collection FROM old)
      ORDER BY collection FOR UPDATE),
    gone AS (DELETE FROM record r USING old, heads WHERE r.fleet_id = $1 AND r.collection = old.collection
      AND heads.collection = old.collection AND r.record_id = old.record_id AND r.version = old.version RETURNING r.collection, r.version),
    noted AS (UPDATE stream_head h SET purged_version = greatest(h.purged_version, g.version)
      FROM (SELECT collection, max(version) AS version FROM gone GROUP BY collection) g
      WHERE h.fleet_id = $1 AND h.collection = g.collection RETURNING 1)
    SELECT count(*) AS count FROM gone`,
}
/** What finds rows of a partition goes no earlier than the partition, which is whole days. */
const wholeDays = (beforeMs: number): number => dayStartMs(dayOf(beforeMs))
const ago =
  (ms: number) =>
  (nowMs: number): number =>
    nowMs - ms
const EXPIRE: readonly { statement: Statement; beforeMs: (nowMs: number, keep: Keep) => number }[] = [
  { statement: expire('enrollment', 'at < $2'), beforeMs: ago(KEEP_MS.enrollment) },
  { statement: expire('stored_response', 'created_at < $2'), beforeMs: ago(KEEP_MS.response) },
  { statement: EXPIRE_TOMBSTONES, beforeMs: ago(KEEP_MS.tombstone) },
  { statement: expire('record_base', 'replaced_at < $2'), beforeMs: ago(KEEP_MS.base) },
  { statement: COMPACT_OT, beforeMs: ago(KEEP_MS.otLog) },
  { statement: expire('full_sync_ticket', 'admit_at < $2'), beforeMs: ago(KEEP_MS.fullSync) },
  { statement: EXPIRE_VERSIONS, beforeMs: ago(KEEP_MS.change) },
  {
    statement: expire(
      'change_log',
      `version IS NULL AND committed_at < $2 AND mutation_id NOT IN (${UNDECIDED})`,
    ),
    beforeMs: ago(KEEP_MS.change),
  },
  { statement: expire('failed_try', 'last_at < $2'), beforeMs: ago(KEEP_MS.failedTry) },
  { statement: expire('regained_mutation', 'at < $2'), beforeMs: ago(KEEP_MS.regained) },
  { statement: expire('incident', 'resolved_at < $2'), beforeMs: ago(KEEP_MS.incident) },
  { statement: expire('incident_entry', 'at < $2'), beforeMs: ago(KEEP_MS.incident) },
  { statement: expire('silence', 'over_at < $2'), beforeMs: ago(KEEP_MS.incident) },
  { statement: expire('told_series', 'heard_at < $2'), beforeMs: ago(KEEP_MS.toldSeries) },
  { statement: expire('told_log', 'at < $2'), beforeMs: (nowMs, keep) => nowMs - keep.sessionsMs },
  {
    statement: expire('session_push', 'committed_at < $2'),
    beforeMs: (nowMs, keep) => wholeDays(nowMs - keep.sessionsMs),
  },
  {
    statement: expire('session_index', 'received_at < $2'),
    beforeMs: (nowMs, keep) => wholeDays(nowMs - keep.sessionsMs),
  },
  {
    statement: expire('event_index', 'at < $2'),
    beforeMs: (nowMs, keep) => wholeDays(nowMs - keep.eventsMs),
  },
]

/** Links and sessions that have ended by themselves; at most $2 rows. */
const EXPIRE_GLOBAL: readonly Statement[] = ['one_time_link', 'user_session'].map((table) => ({
  name: `expire_global_${table}`,
  text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${table} WHERE expires_at < $1 LIMIT $2)) AND expires_at < $1 RETURNING 1)
    SELECT count(*) AS count FROM gone`,
}))

/** Rows of streams whose collection is no more, at most $2: found by the streams, which are few. */
const ofRemoved = (table: string): Statement => ({
  name: `purge_removed_${table}`,
  text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT x.ctid FROM stream_head h CROSS JOIN LATERAL (
        SELECT r.ctid FROM ${table} r WHERE r.fleet_id = $1 AND r.collection = h.collection LIMIT $2) x
      WHERE h.fleet_id = $1 AND NOT EXISTS (SELECT FROM collection c WHERE c.fleet_id = $1 AND c.name = h.collection)
      LIMIT $2)) AND fleet_id = $1 RETURNING 1)
    SELECT count(*) AS count FROM gone`,
})
const OF_REMOVED: readonly Statement[] = ['record', 'record_base', 'ot_op', 'device_position'].map(ofRemoved)

/** Every table of a fleet, but sessions and events, whose days are dropped. A test holds it to the catalog. */
export const FLEET_TABLES: readonly string[] = [
  'alert_rule',
  'alert_state',
  'app_release',
  'change_log',
  'collection',
  'collection_schema',
  'conflict',
  'dead_letter',
  'dead_token_use',
  'design_review',
  'device',
  'device_diagnostics',
  'device_position',
  'device_token',
  'enrollment',
  'enrollment_key',
  'event_index',
  'failed_try',
  'fold_position',
  'full_sync_ticket',
  'held_mutation',
  'incident',
  'incident_entry',
  'ingest_key',
  'lab_run',
  'lab_weights',
  'letter_group',
  'open_session',
  'operation',
  'operation_item',
  'ot_op',
  'record',
  'record_base',
  'regained_mutation',
  'restoration',
  'restored_device',
  'rollup',
  'saved_view',
  'scrape_target',
  'session_index',
  'session_push',
  'silence',
  'stored_response',
  'stream_head',
  'told_log',
  'told_series',
]
const OF_REMOVED_FLEET: readonly Statement[] = FLEET_TABLES.map((table) => ({
  name: `purge_fleet_${table}`,
  text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${table} WHERE fleet_id = $1 LIMIT $2)) AND fleet_id = $1 RETURNING 1)
    SELECT count(*) AS count FROM gone`,
}))
const REMOVED_FLEETS: Statement = { name: 'fleets_removed', text: 'SELECT id FROM removed_fleet ORDER BY id' }
const FORGET_FLEET: Statement = {
  name: 'fleet_forget',
  text: 'DELETE FROM removed_fleet WHERE id = $1 AND removed_at < $2',
}

export function postgresMaintenance(database: Database): MaintenancePort {
  return {
    holdLease: async (name, holder, nowMs, untilMs) =>
      (await database.inGlobal((send) => send(HOLD, [name, holder, at(nowMs), at(untilMs)]))).length === 1,
    ensurePartitions: (nowMs, aheadDays) => ensurePartitions(database, nowMs, aheadDays),
    analyzeGrown: async () =>
      (await database.inGlobal((send) => send<{ name: string }>(ANALYZE_GROWN, []))).map(({ name }) => name),
    applyRetention: async (nowMs, keep, batches) => {
      const past = await dropPast(database, nowMs, keep, batches)
      let { deleted, more } = past
      more = !(await adoptStrays(database, nowMs)) || more
      const fleets = await database.prismaInGlobal((tx) => tx.fleet.findMany({ select: { id: true } }))
      const global = await expireGlobal(database, nowMs, batches)
      deleted += global.deleted
      more ||= global.more
      for (const { id } of fleets) {
        const expired = await expireFleet(database, id, nowMs, keep, batches)
        deleted += expired.deleted
        more ||= expired.more
      }
      return { dropped: past.dropped, deleted, more }
    },
    purgeRemoved: async (fleetId, batches) => {
      return purge(database, fleetId, OF_REMOVED, batches)
    },
    purgeRemovedFleets: async (nowMs, batches) => {
      let deleted = 0
      let more = false
      for (const { id } of await database.inGlobal((send) => send<{ id: string }>(REMOVED_FLEETS, []))) {
        const purged = await purge(database, id, OF_REMOVED_FLEET, batches)
        deleted += purged.deleted
        more ||= purged.more
        if (purged.deleted === 0)
          await database.inGlobal((send) => send(FORGET_FLEET, [id, at(nowMs - KEEP_MS.removedFleet)]))
      }
      return { deleted, more }
    },
    strayRows: () => countStrays(database),
    eventsWholeFromMs: () => eventsWholeFromMs(database),
  }
}

/** What belongs to no fleet: of each table at most `rounds` batches of `size`. */
async function expireGlobal(
  database: Database,
  nowMs: number,
  { size, rounds }: RetentionBatches,
): Promise<{ deleted: number; more: boolean }> {
  let deleted = 0
  let more = false
  for (const statement of EXPIRE_GLOBAL) {
    let last = size
    for (let round = 0; round < rounds && last >= size; round++) {
      const [row] = await database.inGlobal((send) => send<{ count: number }>(statement, [at(nowMs), size]))
      last = row?.count ?? 0
      deleted += last
    }
    more ||= last >= size
  }
  return { deleted, more }
}

async function expireFleet(
  database: Database,
  fleetId: string,
  nowMs: number,
  keep: Keep,
  batches: RetentionBatches,
): Promise<{ deleted: number; more: boolean }> {
  let deleted = 0
  let more = false
  for (const { statement, beforeMs } of EXPIRE) {
    const values = [at(beforeMs(nowMs, keep)), batches.size]
    const expired = await inBatches(database, fleetId, statement, values, batches)
    deleted += expired.deleted
    more ||= expired.more
  }
  return { deleted, more }
}

async function purge(
  database: Database,
  fleetId: string,
  statements: readonly Statement[],
  batches: RetentionBatches,
): Promise<{ deleted: number; more: boolean }> {
  let deleted = 0
  let more = false
  for (const statement of statements) {
    const purged = await inBatches(database, fleetId, statement, [batches.size], batches)
    deleted += purged.deleted
    more ||= purged.more
  }
  return { deleted, more }
}

/** One transaction a batch: what was deleted stays deleted when the next one fails. */
async function inBatches(
  database: Database,
  fleetId: string,
  statement: Statement,
  values: readonly unknown[],
  { size, rounds }: RetentionBatches,
): Promise<{ deleted: number; more: boolean }> {
  let deleted = 0
  let last = size
  for (let round = 0; round < rounds && last >= size; round++) {
    const [row] = await database.inFleet(fleetId, (send) =>
      send<{ count: number }>(statement, [fleetId, ...values]),
    )
    last = row?.count ?? 0
    deleted += last
  }
  return { deleted, more: last >= size }
}
