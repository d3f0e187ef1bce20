import type { Filter } from '#lib/query/field.ts'
import { asks, type LetterKey } from '#lib/query/letter-fields.ts'
import {
  GROUP_HOURS,
  GROUP_VERSIONS_MAX,
  groupHoursFromMs,
  groupState,
  type LetterGroup,
  type LetterGroups,
} from '#lib/telemetry/letter-groups.ts'
import type { GroupRow, LetterGroupPort } from '../ports.ts'
import { uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { filterSql, SqlValues } from './filter-sql.ts'
import { LETTER_SQL } from './letter-list.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, atOrNull, fromJson, ms, msOrNull } from './values.ts'

/** One change at a time in a fleet: whose root is whose is read and written as a whole. */
const LOCK: Statement = {
  name: 'letter_group_lock',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 5))',
}
const ROWS: Statement = {
  name: 'letter_group_rows',
  text: 'SELECT * FROM letter_group WHERE fleet_id = $1 ORDER BY id',
}
const PUT: Statement = {
  name: 'letter_group_put',
  text: `INSERT INTO letter_group (fleet_id, id, root_id, merged_into, by_hand, title, note, owner, snoozed_until, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (fleet_id, id) DO UPDATE SET root_id = $3, merged_into = $4, by_hand = $5, title = $6, note = $7, owner = $8,
      snoozed_until = $9, version = $10`,
}
const MOVE: Statement = {
  name: 'letter_group_move',
  text: 'UPDATE dead_letter SET group_id = $2 WHERE fleet_id = $1 AND id = ANY ($3::uuid[])',
}
const DROP_LETTERS: Statement = {
  name: 'letter_group_drop_letters',
  text: 'UPDATE dead_letter SET group_id = fingerprint WHERE fleet_id = $1 AND group_id = ANY ($2::uuid[])',
}
const DROP: Statement = {
  name: 'letter_group_drop',
  text: 'DELETE FROM letter_group WHERE fleet_id = $1 AND id = ANY ($2::uuid[])',
}
const MARK: Statement = {
  name: 'letter_group_mark',
  text: `SELECT md5(string_agg(concat_ws(' ', id, version, root_id), ',' ORDER BY id)) AS mark FROM letter_group WHERE fleet_id = $1`,
}
const NEWEST_OF: Statement = {
  name: 'letter_group_newest_of',
  text: `SELECT g.id, l.id AS letter_id, l.code, l.collection, l.place, l.detail FROM unnest($2::uuid[]) WITH ORDINALITY AS g(id, place_asked)
    CROSS JOIN LATERAL (SELECT * FROM dead_letter d WHERE d.fleet_id = $1 AND d.group_id = g.id
      ORDER BY d.created_at DESC, d.id DESC LIMIT 1) l ORDER BY g.place_asked`,
}
const AMONG: Statement = {
  name: 'letter_group_among',
  text: 'SELECT id FROM dead_letter WHERE fleet_id = $1 AND id = ANY ($2::uuid[])',
}

const IN_GROUP = 'coalesce(m.root_id, l.group_id)'
const FROM = 'FROM dead_letter l LEFT JOIN letter_group m ON m.fleet_id = l.fleet_id AND m.id = l.group_id'

export function postgresLetterGroups(database: Database): LetterGroupPort {
  return {
    list: (fleetId, { conditions, nowMs }, limit) => readGroups(database, fleetId, conditions, nowMs, limit),
    get: async (fleetId, id, nowMs) => {
      const ofGroup = asks('group', id)
      const open = await readGroups(database, fleetId, [ofGroup, asks('status', 'open')], nowMs, 1)
      if (open.groups[0]) return open.groups[0]
      return (await readGroups(database, fleetId, [ofGroup], nowMs, 1)).groups[0] ?? null
    },
    rows: async (fleetId) => (await database.one<StoredRow>(fleetId, ROWS, [fleetId])).map(rowOf),
    newestOf: async (fleetId, ids) =>
      (await database.one<FaceRow>(fleetId, NEWEST_OF, [fleetId, uuids(ids)])).map((row) => ({
        id: row.id,
        code: row.code,
        collection: originalText(row.collection),
        place: row.place === null ? null : originalText(row.place),
        detail: fromJson<string>(row.detail),
        newestLetterId: row.letter_id,
      })),
    mark: async (fleetId) =>
      (await database.one<{ mark: string | null }>(fleetId, MARK, [fleetId]))[0]?.mark ?? '',
    lettersAmong: async (fleetId, letterIds) =>
      (await database.one<{ id: string }>(fleetId, AMONG, [fleetId, uuids(letterIds)])).map(({ id }) => id),
    change: (fleetId, change) =>
      database.inFleet(fleetId, async (send) => {
        await send(LOCK, [fleetId])
        const rows = (await send<StoredRow>(ROWS, [fleetId])).map(rowOf)
        const { put, move, drop, audit } = change(new Map(rows.map((row) => [row.id, row])))
        for (const row of put) await write(send, fleetId, row)
        if (move) await send(MOVE, [fleetId, move.groupId, uuids(move.letterIds)])
        if (drop.length > 0) {
          await send(DROP_LETTERS, [fleetId, uuids(drop)])
          await send(DROP, [fleetId, uuids(drop)])
        }
        await insertAudit(send, audit)
      }),
  }
}

const write = (send: Send, fleetId: string, row: GroupRow): Promise<unknown> =>
  send(PUT, [
    fleetId,
    row.id,
    row.rootId,
    row.mergedInto,
    row.byHand,
    row.title && storableText(row.title),
    storableText(row.note),
    row.owner && storableText(row.owner),
    atOrNull(row.snoozedUntilMs),
    row.version,
  ])

interface StoredRow extends Record<string, unknown> {
  readonly id: string
  readonly root_id: string
  readonly merged_into: string | null
  readonly by_hand: boolean
  readonly title: string | null
  readonly note: string
  readonly owner: string | null
  readonly snoozed_until: Date | null
  readonly version: number
}
const rowOf = (row: StoredRow): GroupRow => ({
  id: row.id,
  rootId: row.root_id,
  mergedInto: row.merged_into,
  byHand: row.by_hand,
  title: row.title && originalText(row.title),
  note: originalText(row.note),
  owner: row.owner && originalText(row.owner),
  snoozedUntilMs: msOrNull(row.snoozed_until),
  version: row.version,
})

interface FaceRow extends Record<string, unknown> {
  readonly id: string
  readonly letter_id: string
  readonly code: string
  readonly collection: string
  readonly place: string | null
  readonly detail: unknown
}

interface ListedRow extends Record<string, unknown> {
  /** Null in the one row of all groups together. */
  readonly id: string | null
  readonly count: number
  readonly groups: number
  /** Of the group, or of all. */
  readonly versions: readonly { readonly v: string; readonly n: number }[] | null
  readonly devices: number
  readonly versions_all: number
  readonly first_at: Date
  readonly last_at: Date
  readonly open: boolean
  readonly letter_id: string
  readonly code: string
  readonly collection: string
  readonly schema_version: number
  readonly place: string | null
  readonly detail: unknown
  readonly hours: readonly { readonly h: number; readonly n: number }[] | null
  readonly replay_id: string | null
  readonly replay: unknown
  readonly title: string | null
  readonly note: string | null
  readonly owner: string | null
  readonly snoozed_until: Date | null
  readonly by_hand: boolean | null
  readonly version: number | null
  readonly merged: readonly string[]
}

/**
 * Counts by group, device and version in one look, most of it in an index; then of each listed group its newest letter,
 * its last replay and what people said. Letters of the last day come from an index too, whatever became of them.
 */
async function readGroups(
  database: Database,
  fleetId: string,
  conditions: Filter<LetterKey>,
  nowMs: number,
  limit: number,
): Promise<LetterGroups> {
  const values = new SqlValues()
  const fleet = values.add(fleetId)
  const where = `l.fleet_id = ${fleet}${filterSql(conditions, LETTER_SQL, values)}`
  const max = values.add(limit)
  const hoursFromMs = groupHoursFromMs(nowMs)
  const from = `${values.add(at(hoursFromMs))}::timestamptz`
  const inGroups = conditions.filter((one) => one.kind === 'is' && one.key === 'group' && !one.not)
  const ofGroups = filterSql(inGroups, LETTER_SQL, values)
  const text = `WITH per AS MATERIALIZED (
      SELECT ${IN_GROUP} AS id, l.device_id, l.app_version, count(*) AS n, min(l.created_at) AS first_at, max(l.created_at) AS last_at
      ${FROM} WHERE ${where} GROUP BY 1, 2, 3
    ), g AS (SELECT id, sum(n)::bigint AS count, count(DISTINCT device_id) AS devices, count(DISTINCT app_version) AS versions_all,
        min(first_at) AS first_at, max(last_at) AS last_at FROM per GROUP BY id
    ), listed AS MATERIALIZED (SELECT * FROM g ORDER BY count DESC, last_at DESC, id LIMIT ${max}
    ), v AS (SELECT id, app_version, sum(n)::bigint AS n FROM per GROUP BY 1, 2
    ), named AS (SELECT id, json_agg(json_build_object('v', app_version, 'n', n) ORDER BY n DESC, app_version COLLATE "C") AS versions
        FROM (SELECT v.*, row_number() OVER (PARTITION BY id ORDER BY n DESC, app_version COLLATE "C") AS place FROM v
          WHERE id IN (SELECT id FROM listed)) x WHERE place <= ${GROUP_VERSIONS_MAX} GROUP BY id
    ), hour AS (SELECT id, json_agg(json_build_object('h', h, 'n', n)) AS hours FROM (
        SELECT ${IN_GROUP} AS id, floor(extract(epoch FROM l.created_at - ${from}) / 3600)::int AS h, count(*) AS n
        ${FROM} WHERE l.fleet_id = ${fleet} AND l.created_at >= ${from}${ofGroups} GROUP BY 1, 2) x GROUP BY id
    )
    SELECT NULL::uuid AS id, coalesce(sum(count), 0)::bigint AS count, count(*) AS groups, NULL AS devices, NULL AS versions_all,
      NULL AS first_at, NULL AS last_at,
      (SELECT json_agg(json_build_object('v', app_version, 'n', n)) FROM (SELECT app_version, sum(n)::bigint AS n FROM v GROUP BY 1) y) AS versions,
      NULL AS letter_id, NULL AS code, NULL AS collection, NULL AS schema_version, NULL AS place, NULL AS detail, NULL AS open,
      NULL AS hours, NULL AS replay_id, NULL AS replay, NULL AS title, NULL AS note, NULL AS owner, NULL AS snoozed_until,
      NULL AS by_hand, NULL AS version, NULL AS merged FROM g
    UNION ALL
    SELECT p.id, p.count, NULL, p.devices, p.versions_all, p.first_at, p.last_at, named.versions,
      newest.id, newest.code, newest.collection, newest.schema_version, newest.place, newest.detail, o.open,
      hour.hours, r.id, r.last_replay, n.title, n.note, n.owner, n.snoozed_until, n.by_hand, n.version, members.merged
    FROM listed p
    JOIN named ON named.id = p.id
    LEFT JOIN hour ON hour.id = p.id
    LEFT JOIN letter_group n ON n.fleet_id = ${fleet} AND n.id = p.id
    CROSS JOIN LATERAL (SELECT ARRAY(SELECT c.id FROM letter_group c
      WHERE c.fleet_id = ${fleet} AND c.root_id = p.id AND c.id <> p.id ORDER BY c.id) AS merged) members
    CROSS JOIN LATERAL (SELECT l.id, l.code, l.collection, l.schema_version, l.place, l.detail FROM dead_letter l
      WHERE ${where} AND l.group_id = ANY (members.merged || p.id) AND l.created_at = p.last_at ORDER BY l.id DESC LIMIT 1) newest
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM dead_letter l WHERE l.fleet_id = ${fleet} AND l.status = 'open'
      AND l.group_id = ANY (members.merged || p.id)) AS open) o
    LEFT JOIN LATERAL (SELECT l.id, l.last_replay FROM dead_letter l WHERE l.fleet_id = ${fleet} AND l.replayed_at IS NOT NULL
      AND l.group_id = ANY (members.merged || p.id) ORDER BY l.replayed_at DESC, l.id DESC LIMIT 1) r ON true`
  const rows = await database.oneOff<ListedRow>(fleetId, text, values.all)
  const whole = rows.find(({ id }) => id === null)
  const groups = rows.flatMap((row) => (row.id === null ? [] : [groupOf(row, row.id, nowMs)]))
  return {
    groups: groups.sort((a, b) => b.count - a.count || b.lastAtMs - a.lastAtMs || (a.id < b.id ? -1 : 1)),
    totals: { groups: Number(whole?.groups ?? 0), letters: Number(whole?.count ?? 0) },
    byVersion: Object.fromEntries((whole?.versions ?? []).map(({ v, n }) => [originalText(v), n])),
  }
}

function groupOf(row: ListedRow, id: string, nowMs: number): LetterGroup {
  const versions = (row.versions ?? []).map(({ v, n }) => ({ appVersion: originalText(v), count: n }))
  const byHour = Array.from({ length: GROUP_HOURS }, () => 0)
  for (const { h, n } of row.hours ?? []) if (h < GROUP_HOURS) byHour[h] = n
  const snoozedUntilMs = msOrNull(row.snoozed_until)
  const replay = fromJson<{ atMs: number; status: string; detail: string | null } | null>(row.replay)
  return {
    id,
    state: groupState(row.open ? 1 : 0, snoozedUntilMs, nowMs),
    code: row.code,
    collection: originalText(row.collection),
    schemaVersion: row.schema_version,
    place: row.place === null ? null : originalText(row.place),
    detail: fromJson<string>(row.detail),
    newestLetterId: row.letter_id,
    count: row.count,
    devices: row.devices,
    versions,
    versionsLeftOut: row.versions_all - versions.length,
    firstAtMs: ms(row.first_at),
    lastAtMs: ms(row.last_at),
    byHour,
    lastReplay: row.replay_id === null || replay === null ? null : { letterId: row.replay_id, ...replay },
    title: row.title && originalText(row.title),
    note: originalText(row.note ?? ''),
    owner: row.owner && originalText(row.owner),
    snoozedUntilMs,
    byHand: row.by_hand ?? false,
    mergedIds: row.merged,
    version: row.version ?? 0,
  }
}
