import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { DeadLetterCause } from '#lib/telemetry/overview.ts'
import type { DeadLetterFilter, DeadLetterPort, DeadLetterRow, PageRequest } from '../ports.ts'
import { uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import type { DeadLetter, Prisma } from './generated/client.ts'
import { pageAfter, pageOf } from './page.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, ms, msOrNull } from './values.ts'

/** `causePath` on the JSON text, which JSON.stringify writes the same for the same value; '' for none, and for the whole document. */
const CAUSE_PATH = `coalesce(regexp_replace(nullif(nullif(path::text, 'null'), '""'), '/[0-9]+(?=[/"])', '/*', 'g'), '')`
const BY_CAUSE: Statement = {
  name: 'letter_by_cause',
  text: `WITH cause AS (
      SELECT code, app_version, collection, ${CAUSE_PATH} AS path, count(*) AS count, count(DISTINCT device_id) AS devices,
        max(created_at) AS newest_at, (array_agg(detail::text ORDER BY created_at DESC, id DESC))[1] AS detail
      FROM dead_letter WHERE fleet_id = $1 AND status = 'open' GROUP BY 1, 2, 3, 4
    ), placed AS (SELECT *, row_number() OVER (ORDER BY count DESC, newest_at DESC, code, app_version, collection, path) AS place FROM cause)
    SELECT place, code, app_version, collection, path, count, devices, newest_at, detail, 1 AS causes FROM placed WHERE place <= $2
    UNION ALL
    SELECT NULL, code, NULL, NULL, NULL, sum(count)::bigint, NULL, NULL, NULL, count(*) FROM placed WHERE place > $2 GROUP BY code
    ORDER BY place`,
}
/** The letters of a page by their place, which no filter of the query builder can name. */
const PAGE_AT_PATH: Statement = {
  name: 'letter_page_at_path',
  text: `SELECT id FROM dead_letter WHERE fleet_id = $1 AND ${CAUSE_PATH} = $2
      AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR code = $4)
      AND ($5::text IS NULL OR collection = $5) AND ($6::text IS NULL OR app_version = $6)
      AND ($7::timestamptz IS NULL OR (created_at, id) < ($7, $8::uuid))
    ORDER BY created_at DESC, id DESC LIMIT $9`,
}
const DISCARD: Statement = {
  name: 'letter_discard',
  text: `UPDATE dead_letter SET status = 'discarded', discarded_at = $3, discarded_with = NULL
    WHERE fleet_id = $1 AND id = $2 AND status = 'open' RETURNING id`,
}
const DISCARD_HELD: Statement = {
  name: 'letter_discard_held',
  text: `UPDATE dead_letter SET status = 'discarded', discarded_at = $3, discarded_with = $2
    WHERE fleet_id = $1 AND id = ANY ($4::uuid[]) AND status = 'open'`,
}
const RESTORE: Statement = {
  name: 'letter_restore',
  text: `UPDATE dead_letter SET status = 'open', discarded_at = NULL
    WHERE fleet_id = $1 AND id = $2 AND status = 'discarded' AND discarded_at >= $3 RETURNING id`,
}
const RESTORE_ALONG: Statement = {
  name: 'letter_restore_along',
  text: `UPDATE dead_letter SET status = 'open', discarded_at = NULL, discarded_with = NULL
    WHERE fleet_id = $1 AND discarded_with = $2 AND status = 'discarded' RETURNING id`,
}
/** A circle ends with the depth, which is bounded like the rows. */
const HELD_BY: Statement = {
  name: 'letter_held_by',
  text: `WITH RECURSIVE held(id, mutation_id, depth) AS (
      SELECT l.id, l.mutation_id, 1 FROM dead_letter l
        WHERE l.fleet_id = $1 AND l.parent_mutation_id = $2 AND l.status = 'open'
      UNION
      SELECT l.id, l.mutation_id, held.depth + 1 FROM held JOIN dead_letter l
        ON l.fleet_id = $1 AND l.parent_mutation_id = held.mutation_id AND l.status = 'open' WHERE held.depth < $3
    )
    SELECT held.id, min(held.depth) AS depth FROM held JOIN dead_letter l ON l.fleet_id = $1 AND l.id = held.id
    GROUP BY held.id, l.created_at ORDER BY depth, l.created_at, held.id LIMIT $3`,
}

interface CauseRow extends Record<string, unknown> {
  /** Null in the rows of what is past the bound, one a code. */
  readonly place: number | null
  readonly causes: number
  readonly code: string
  readonly app_version: string
  readonly collection: string
  readonly path: string
  readonly detail: string
  readonly count: number
  readonly devices: number
  readonly newest_at: Date
}

export function postgresDeadLetters(database: Database): DeadLetterPort {
  return {
    list: async (fleetId, filter, page) => {
      const ids = filter.path === null ? null : await idsAtPath(database, fleetId, filter, filter.path, page)
      const rows = await database.prismaInFleet(fleetId, (tx) =>
        tx.deadLetter.findMany({
          where: {
            fleetId,
            ...whereOf(filter),
            ...(ids && { id: { in: ids } }),
            ...pageAfter('createdAt', page.cursor),
          },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          take: page.limit + 1,
        }),
      )
      return pageOf(rows.map(letterOf), (row) => ({ atMs: row.createdAtMs, id: row.id }), page.limit)
    },
    get: async (fleetId, id) => {
      const row = await database.prismaInFleet(fleetId, (tx) =>
        tx.deadLetter.findUnique({ where: { fleetId_id: { fleetId, id } } }),
      )
      return row && letterOf(row)
    },
    heldBy: async (fleetId, mutationId, limit) => {
      const held = await database.one<{ id: string }>(fleetId, HELD_BY, [fleetId, mutationId, limit])
      const ids = held.map(({ id }) => id)
      if (ids.length === 0) return []
      const rows = await database.prismaInFleet(fleetId, (tx) =>
        tx.deadLetter.findMany({ where: { fleetId, id: { in: ids } } }),
      )
      const letters = new Map(rows.map((row) => [row.id, letterOf(row)]))
      return ids.flatMap((id) => letters.get(id) ?? [])
    },
    countOpen: (fleetId) =>
      database.prismaInFleet(fleetId, (tx) => tx.deadLetter.count({ where: { fleetId, status: 'open' } })),
    openByCause: async (fleetId, limit) => {
      const rows = await database.one<CauseRow>(fleetId, BY_CAUSE, [fleetId, limit])
      const past = rows.filter(({ place }) => place === null)
      return {
        causes: rows.filter(({ place }) => place !== null).map(causeOf),
        left: Object.fromEntries(past.map(({ code, causes, count }) => [code, { causes, letters: count }])),
      }
    },
    discard: (fleetId, id, heldIds, atMs, audit) =>
      database.inFleet(fleetId, async (send) => {
        if ((await send(DISCARD, [fleetId, id, at(atMs)])).length === 0) return false
        if (heldIds.length > 0) await send(DISCARD_HELD, [fleetId, id, at(atMs), uuids(heldIds)])
        await insertAudit(send, audit)
        return true
      }),
    restore: (fleetId, id, sinceMs, audit) =>
      database.inFleet(fleetId, async (send) => {
        if ((await send(RESTORE, [fleetId, id, at(sinceMs)])).length === 0) return null
        const along = await send<{ id: string }>(RESTORE_ALONG, [fleetId, id])
        await insertAudit(send, audit)
        return [id, ...along.map((row) => row.id)]
      }),
  }
}

const causeOf = (row: CauseRow): DeadLetterCause => ({
  code: row.code,
  appVersion: originalText(row.app_version),
  collection: originalText(row.collection),
  path: row.path === '' ? null : (JSON.parse(row.path) as string),
  detail: JSON.parse(row.detail) as string,
  count: row.count,
  devices: row.devices,
  newestAtMs: ms(row.newest_at),
})

async function idsAtPath(
  database: Database,
  fleetId: string,
  filter: DeadLetterFilter,
  path: string,
  { cursor, limit }: PageRequest,
): Promise<string[]> {
  const rows = await database.one<{ id: string }>(fleetId, PAGE_AT_PATH, [
    fleetId,
    path === '' ? '' : JSON.stringify(path),
    filter.status,
    filter.code,
    filter.collection && storableText(filter.collection),
    filter.appVersion && storableText(filter.appVersion),
    cursor && at(cursor.atMs),
    cursor && cursor.id,
    limit + 1,
  ])
  return rows.map(({ id }) => id)
}

function whereOf(filter: DeadLetterFilter): Prisma.DeadLetterWhereInput {
  return {
    ...(filter.status === null ? {} : { status: filter.status }),
    ...(filter.code === null ? {} : { code: filter.code }),
    ...(filter.collection === null ? {} : { collection: storableText(filter.collection) }),
    ...(filter.appVersion === null ? {} : { appVersion: storableText(filter.appVersion) }),
    ...(filter.deviceId === null ? {} : { deviceId: filter.deviceId }),
    ...(filter.sessionId === null ? {} : { sessionId: filter.sessionId }),
  }
}

function letterOf(row: DeadLetter): DeadLetterRow {
  return {
    id: row.id,
    fleetId: row.fleetId,
    mutation: fromJson<Mutation>(row.mutation),
    code: row.code as DeadLetterRow['code'],
    detail: fromJson<string>(row.detail),
    path: fromJson<string | null>(row.path),
    base: fromJson<JsonObject | null>(row.base),
    parentMutationId: row.parentMutationId,
    deviceId: row.deviceId,
    deviceName: originalText(row.deviceName),
    sessionId: row.sessionId,
    appVersion: originalText(row.appVersion),
    madeAtMs: ms(row.madeAt),
    createdAtMs: ms(row.createdAt),
    status: row.status as DeadLetterRow['status'],
    attempts: row.attempts,
    lastReplay: fromJson<DeadLetterRow['lastReplay']>(row.lastReplay),
    discardedAtMs: msOrNull(row.discardedAt),
    discardedWith: row.discardedWith,
    editedAs: row.editedAs,
    fingerprint: row.fingerprint,
    fingerprintVersion: row.fingerprintVersion,
    place: row.place === null ? null : originalText(row.place),
    said: originalText(row.said),
  }
}
