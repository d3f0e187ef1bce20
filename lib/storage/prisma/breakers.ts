import type { BreakerKind, BreakerSettings } from '#lib/engine/breaker/breaker.ts'
import { FORCED_KINDS } from '#lib/engine/breaker/breaker.ts'
import type { Override } from '#lib/engine/breaker/override.ts'
import { APPLIED_KEPT_MAX, BREAKER_CONTROLS_MAX, scopesOfCollection } from '../breaker-port.ts'
import type {
  Applied,
  BreakerMinute,
  BreakerPort,
  BreakerTransition,
  CountedSecond,
  SeenProcess,
  StoredControl,
  ToldScope,
  TripCause,
} from '../ports.ts'
import { floats, jsons, plainTexts, texts, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { CONTROLLED_CHANNEL } from './signals.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, jsonText, ms } from './values.ts'

const COLUMNS = 'scope, scope_fleet_id, version, revision, settings, overrides, changed_at'
/** Numbers are taken under this lock: whoever reads one has all before it. */
const NEXT_REVISION: Statement = {
  name: 'breaker_next_revision',
  text: 'UPDATE breaker_revision SET revision = revision + 1 RETURNING revision',
}
const FIRST: Statement = {
  name: 'breaker_first',
  text: `INSERT INTO breaker_control (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
    ON CONFLICT DO NOTHING RETURNING version`,
}
const NEXT: Statement = {
  name: 'breaker_next',
  text: `UPDATE breaker_control SET scope_fleet_id = $2, version = $3, revision = $4, settings = $5, overrides = $6,
    changed_at = clock_timestamp() WHERE scope = $1 AND version = $3 - 1 RETURNING version`,
}
const WAKE: Statement = { name: 'breaker_wake', text: `SELECT pg_notify('${CONTROLLED_CHANNEL}', '')` }
const ALL: Statement = {
  name: 'breaker_controls',
  text: `SELECT ${COLUMNS} FROM breaker_control ORDER BY scope_fleet_id NULLS FIRST, scope LIMIT ${BREAKER_CONTROLS_MAX}`,
}
const COUNT: Statement = {
  name: 'breaker_controls_of',
  text: 'SELECT count(*) AS count FROM breaker_control WHERE scope_fleet_id = $1',
}
const REVISION: Statement = { name: 'breaker_revision', text: 'SELECT revision FROM breaker_revision' }
const ONE: Statement = {
  name: 'breaker_control',
  text: `SELECT ${COLUMNS} FROM breaker_control WHERE scope = $1`,
}
/** What is told is of the moment: a crash may lose it. */
const LAZY: Statement = { name: 'breaker_lazy', text: `SELECT set_config('synchronous_commit', 'off', true)` }
const APPLIED = `jsonb_build_object('revision', $4::bigint, 'atMs', floor(extract(epoch FROM clock_timestamp()) * 1000))`
const BEAT: Statement = {
  name: 'breaker_beat',
  text: `INSERT INTO breaker_process AS p (process_id, name, started_at, revision, applied, seen_at, scopes)
    VALUES ($1, $2, $3, $4, jsonb_build_array(${APPLIED}), clock_timestamp(), $5)
    ON CONFLICT (process_id) DO UPDATE SET revision = $4, seen_at = clock_timestamp(), scopes = $5,
      applied = CASE WHEN p.revision = $4 THEN p.applied
        ELSE jsonb_path_query_array(jsonb_build_array(${APPLIED}) || p.applied, '$[0 to ${APPLIED_KEPT_MAX - 1}]') END
    RETURNING (SELECT revision FROM breaker_revision) AS newest`,
}
/** What was said of what is no more; every process finds it gone. */
const FORGET: Statement = {
  name: 'breaker_forget',
  text: `WITH gone AS (DELETE FROM breaker_control WHERE scope = ANY ($1::text[]) RETURNING 1)
    UPDATE breaker_revision SET revision = revision + 1 WHERE EXISTS (SELECT 1 FROM gone)`,
}
const FORGET_FLEET: Statement = {
  name: 'breaker_forget_fleet',
  text: `WITH gone AS (DELETE FROM breaker_control WHERE scope_fleet_id = $1 RETURNING 1)
    UPDATE breaker_revision SET revision = revision + 1 WHERE EXISTS (SELECT 1 FROM gone)`,
}
/** Nobody may hold a version of what is dropped, so the revision grows with it. */
const FORGET_UNUSED: Statement = {
  name: 'breaker_forget_unused',
  text: `WITH gone AS (DELETE FROM breaker_control WHERE ctid = ANY (ARRAY(SELECT ctid FROM breaker_control
      WHERE changed_at < $1 AND (settings IS NULL OR settings::text = 'null') LIMIT $2)) RETURNING 1),
    grown AS (UPDATE breaker_revision SET revision = revision + 1 WHERE EXISTS (SELECT 1 FROM gone))
    SELECT count(*) AS count FROM gone`,
}
const PROCESSES: Statement = {
  name: 'breaker_processes',
  text: 'SELECT process_id, name, started_at, revision, applied, seen_at, scopes FROM breaker_process ORDER BY name, process_id LIMIT 1000',
}
const NOTE_MINUTES: Statement = {
  name: 'breaker_note_minutes',
  text: `INSERT INTO breaker_minute (scope, minute, process_id, scope_fleet_id, seconds)
    SELECT s, to_timestamp(m / 1000), p, f, j FROM unnest($1::text[], $2::float8[], $3::uuid[], $4::uuid[], $5::json[]) u(s, m, p, f, j)
    ORDER BY s, m, p ON CONFLICT (scope, minute, process_id) DO UPDATE SET seconds = excluded.seconds`,
}
const NOTE_CHANGES: Statement = {
  name: 'breaker_note_changes',
  text: `INSERT INTO breaker_change (id, scope, scope_fleet_id, process_id, at, before, after, trip)
    SELECT i, s, f, p, to_timestamp(a / 1000), b, n, t FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::float8[], $6::text[], $7::text[], $8::json[])
      u(i, s, f, p, a, b, n, t) ON CONFLICT DO NOTHING`,
}
const MINUTES: Statement = {
  name: 'breaker_minutes',
  text: `SELECT scope, minute, process_id, scope_fleet_id, seconds FROM breaker_minute
    WHERE scope = $1 AND minute >= $2 AND minute < $3 ORDER BY minute, process_id`,
}
const CHANGES: Statement = {
  name: 'breaker_changes',
  text: `SELECT c.* FROM unnest($1::text[]) k(scope) CROSS JOIN LATERAL (SELECT * FROM breaker_change x
      WHERE x.scope = k.scope AND x.at >= $2 AND x.at < $3 ORDER BY x.at DESC, x.id DESC LIMIT $4) c
    ORDER BY c.at DESC, c.id DESC LIMIT $4`,
}
const FORCED = FORCED_KINDS.map((kind) => `'${kind}'`).join(', ')
const turnsWhere = (
  whose: string,
): string => `(SELECT * FROM breaker_change WHERE ${whose} AND at >= $2 AND at < $3
  AND (before = 'closed' AND after = 'open' OR before IN (${FORCED}) OR after IN (${FORCED})) ORDER BY at DESC, id DESC LIMIT $4)`
/** Two scans of one index, each as far as its limit: an OR would read the whole range. */
const TURNS: Statement = {
  name: 'breaker_turns',
  text: `SELECT * FROM (${turnsWhere('scope_fleet_id = $1')} UNION ALL ${turnsWhere('scope_fleet_id IS NULL')}) c
    ORDER BY at DESC, id DESC LIMIT $4`,
}
const expire = (table: string, column: string): Statement => ({
  name: `expire_${table}`,
  text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${column} < $1 LIMIT $2)) RETURNING 1)
    SELECT count(*) AS count FROM gone`,
})
const EXPIRE_MINUTES = expire('breaker_minute', 'minute')
const EXPIRE_CHANGES = expire('breaker_change', 'at')
const EXPIRE_PROCESSES = expire('breaker_process', 'seen_at')

interface ControlRow extends Record<string, unknown> {
  readonly scope: string
  readonly scope_fleet_id: string | null
  readonly version: number
  readonly revision: number
  readonly settings: unknown
  readonly overrides: unknown
  readonly changed_at: Date
}
interface ProcessRow extends Record<string, unknown> {
  readonly process_id: string
  readonly name: string
  readonly started_at: Date
  readonly revision: number
  readonly applied: unknown
  readonly seen_at: Date
  readonly scopes: unknown
}
interface MinuteRow extends Record<string, unknown> {
  readonly scope: string
  readonly minute: Date
  readonly process_id: string
  readonly scope_fleet_id: string | null
  readonly seconds: unknown
}
interface ChangeRow extends Record<string, unknown> {
  readonly id: string
  readonly scope: string
  readonly scope_fleet_id: string | null
  readonly process_id: string
  readonly at: Date
  readonly before: string
  readonly after: string
  readonly trip: unknown
}

export function postgresBreakers(database: Database): BreakerPort {
  return {
    controls: () =>
      database.inGlobal(async (send) => {
        // The number first: a control that changes in between is then read again, and none is missed.
        const [[newest], rows] = await Promise.all([
          send<{ revision: number }>(REVISION, []),
          send<ControlRow>(ALL, []),
        ])
        return { revision: newest?.revision ?? 0, controls: rows.map(controlOf) }
      }),
    control: async (scope) => {
      const [row] = await database.oneGlobal<ControlRow>(ONE, [storableText(scope)])
      return row ? controlOf(row) : null
    },
    save: (control, audit) =>
      database.inGlobal(async (send) => {
        const { scope, fleetId, version, settings, overrides } = control
        const [next] = await send<{ revision: number }>(NEXT_REVISION, [])
        const values = [
          storableText(scope),
          fleetId,
          version,
          next?.revision,
          jsonText(settings),
          JSON.stringify(overrides),
        ]
        const saved = await send(version === 1 ? FIRST : NEXT, values)
        if (saved.length === 0) return 'stale'
        await insertAudit(send, audit)
        await send(WAKE, [])
        return 'saved'
      }),
    beat: ({ id, name, startedAtMs, revision, scopes }) =>
      database.inGlobal(async (send) => {
        const values = [id, storableText(name), at(startedAtMs), revision, JSON.stringify(scopes)]
        const [, [row]] = await Promise.all([send(LAZY, []), send<{ newest: number }>(BEAT, values)])
        return row?.newest ?? 0
      }),
    processes: async () => (await database.oneGlobal<ProcessRow>(PROCESSES, [])).map(processOf),
    note: (minutes, changes) =>
      database.inGlobal(async (send) => {
        await Promise.all([
          send(LAZY, []),
          ...(minutes.length > 0 ? [send(NOTE_MINUTES, minuteColumns(minutes))] : []),
          ...(changes.length > 0 ? [send(NOTE_CHANGES, changeColumns(changes))] : []),
        ])
      }),
    minutes: async (scope, fromMs, toMs) =>
      (await database.oneGlobal<MinuteRow>(MINUTES, [storableText(scope), at(fromMs), at(toMs)])).map(
        minuteOf,
      ),
    changes: async (scopes, { fromMs, toMs }, limit) =>
      (await database.oneGlobal<ChangeRow>(CHANGES, [texts(scopes), at(fromMs), at(toMs), limit])).map(
        changeOf,
      ),
    turns: async (fleetId, { fromMs, toMs }, limit) =>
      (await database.oneGlobal<ChangeRow>(TURNS, [fleetId, at(fromMs), at(toMs), limit])).map(changeOf),
    countControls: async (fleetId) =>
      (await database.oneGlobal<{ count: number }>(COUNT, [fleetId]))[0]?.count ?? 0,
    expire: ({ minutesMs, changesMs, seenMs, saidMs }, batch) =>
      database.inGlobal(async (send) => {
        const counts = await Promise.all([
          send<{ count: number }>(EXPIRE_MINUTES, [at(minutesMs), batch]),
          send<{ count: number }>(EXPIRE_CHANGES, [at(changesMs), batch]),
          send<{ count: number }>(EXPIRE_PROCESSES, [at(seenMs), batch]),
          send<{ count: number }>(FORGET_UNUSED, [at(saidMs), batch]),
        ])
        return counts.some(([row]) => row?.count === batch)
      }),
  }
}

/** Within the transaction that removes the collection. */
export async function forgetControlsOfCollection(send: Send, fleetId: string, name: string): Promise<void> {
  await send(FORGET, [texts(scopesOfCollection(fleetId, name))])
}

/** Within the transaction that removes the fleet. */
export async function forgetControlsOfFleet(send: Send, fleetId: string): Promise<void> {
  await send(FORGET_FLEET, [fleetId])
}

const minuteColumns = (minutes: readonly BreakerMinute[]): unknown[] => [
  texts(minutes.map(({ scope }) => scope)),
  floats(minutes.map(({ minuteMs }) => minuteMs)),
  uuids(minutes.map(({ processId }) => processId)),
  uuids(minutes.map(({ fleetId }) => fleetId)),
  jsons(minutes.map(({ seconds }) => seconds)),
]

const changeColumns = (changes: readonly BreakerTransition[]): unknown[] => [
  uuids(changes.map(({ id }) => id)),
  texts(changes.map(({ scope }) => scope)),
  uuids(changes.map(({ fleetId }) => fleetId)),
  uuids(changes.map(({ processId }) => processId)),
  floats(changes.map(({ atMs }) => atMs)),
  plainTexts(changes.map(({ before }) => before)),
  plainTexts(changes.map(({ after }) => after)),
  jsons(changes.map(({ trip }) => trip)),
]

const controlOf = (row: ControlRow): StoredControl => ({
  scope: originalText(row.scope),
  fleetId: row.scope_fleet_id,
  version: row.version,
  revision: row.revision,
  settings: fromJson<Partial<BreakerSettings> | null>(row.settings),
  overrides: fromJson<readonly Override[]>(row.overrides),
  changedAtMs: ms(row.changed_at),
})

const processOf = (row: ProcessRow): SeenProcess => ({
  id: row.process_id,
  name: originalText(row.name),
  startedAtMs: ms(row.started_at),
  revision: row.revision,
  applied: fromJson<readonly Applied[]>(row.applied),
  seenAtMs: ms(row.seen_at),
  scopes: fromJson<Readonly<Record<string, ToldScope>>>(row.scopes),
})

const minuteOf = (row: MinuteRow): BreakerMinute => ({
  scope: originalText(row.scope),
  fleetId: row.scope_fleet_id,
  processId: row.process_id,
  minuteMs: ms(row.minute),
  seconds: fromJson<readonly CountedSecond[]>(row.seconds),
})

const changeOf = (row: ChangeRow): BreakerTransition => ({
  id: row.id,
  scope: originalText(row.scope),
  fleetId: row.scope_fleet_id,
  processId: row.process_id,
  atMs: ms(row.at),
  before: row.before as BreakerKind,
  after: row.after as BreakerKind,
  trip: fromJson<TripCause | null>(row.trip),
})
