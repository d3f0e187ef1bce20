import type { DeadLetterPort, LetterAudit } from '../ports.ts'
import { uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { postgresLetterNews } from './letter-news.ts'
import { letterOf, LETTERS, listLetters, readLetterFacets, type LetterSqlRow } from './letter-list.ts'
import { at } from './values.ts'

/** OFFSET 0 keeps what stands around it out of it; the order is that of the index of parents alone, on an empty table too. */
const childrenOf = (mutationId: string): string =>
  `SELECT l.id, l.mutation_id, l.created_at, l.status FROM dead_letter l
    WHERE l.fleet_id = $1 AND l.parent_mutation_id BETWEEN ${mutationId} AND ${mutationId}
    ORDER BY l.parent_mutation_id OFFSET 0`

const GET: Statement = { name: 'letter_get', text: `${LETTERS} WHERE l.fleet_id = $1 AND l.id = $2` }
const COUNT_OPEN: Statement = {
  name: 'letter_count_open',
  text: `SELECT count(*) AS count FROM dead_letter WHERE fleet_id = $1 AND status = 'open'`,
}
const OPEN_BY_CODE: Statement = {
  name: 'letter_open_by_code',
  text: `SELECT code, count(*) AS count FROM dead_letter WHERE fleet_id = $1 AND status = 'open' GROUP BY 1 ORDER BY 1`,
}
const DISCARD: Statement = {
  name: 'letter_discard',
  text: `UPDATE dead_letter SET status = 'discarded', discarded_at = $3, discarded_with = NULL
    WHERE fleet_id = $1 AND id = $2 AND status = 'open' RETURNING id`,
}
const DISCARD_HELD: Statement = {
  name: 'letter_discard_held',
  text: `UPDATE dead_letter SET status = 'discarded', discarded_at = $3, discarded_with = $2
    WHERE fleet_id = $1 AND id = ANY ($4::uuid[]) AND status = 'open' RETURNING id`,
}
const RESTORE: Statement = {
  name: 'letter_restore',
  text: `UPDATE dead_letter SET status = 'open', discarded_at = NULL, told_status = NULL
    WHERE fleet_id = $1 AND id = $2 AND status = 'discarded' AND discarded_at >= $3 RETURNING id`,
}
const RESTORE_ALONG: Statement = {
  name: 'letter_restore_along',
  text: `UPDATE dead_letter SET status = 'open', discarded_at = NULL, discarded_with = NULL, told_status = NULL
    WHERE fleet_id = $1 AND discarded_with = $2 AND status = 'discarded' RETURNING id`,
}
/** A letter is closed after it was made, so that the index by status and age finds the oldest. */
const PURGE: Statement = {
  name: 'letter_purge',
  text: `WITH gone AS (DELETE FROM dead_letter WHERE fleet_id = $1 AND id IN (SELECT id FROM (
      (SELECT id, created_at FROM dead_letter WHERE fleet_id = $1 AND status = 'discarded' AND created_at < $2
        AND discarded_at < $2 ORDER BY created_at LIMIT $3)
      UNION ALL
      (SELECT id, created_at FROM dead_letter WHERE fleet_id = $1 AND status = 'replayed' AND created_at < $2
        AND replayed_at < $2 ORDER BY created_at LIMIT $3)) k ORDER BY created_at LIMIT $3)
      AND status <> 'open' AND coalesce(discarded_at, replayed_at) < $2 RETURNING status)
    SELECT count(*) FILTER (WHERE status = 'replayed') AS replayed,
      count(*) FILTER (WHERE status = 'discarded') AS discarded FROM gone`,
}
const PURGE_ONE: Statement = {
  name: 'letter_purge_one',
  text: `DELETE FROM dead_letter WHERE fleet_id = $1 AND id = $2 AND status <> 'open' RETURNING id`,
}
/**
 * A circle ends with the depth, which is bounded like the rows. Each level by the index of parents, which no other column may
 * tempt the planner away from: where it knows little of the table, the index by status would read every open letter for each.
 */
export const HELD_BY: Statement = {
  name: 'letter_held_by',
  text: `WITH RECURSIVE held(id, mutation_id, created_at, depth) AS (
      SELECT c.id, c.mutation_id, c.created_at, 1 FROM (${childrenOf('$2')}) c WHERE c.status = 'open'
      UNION
      SELECT c.id, c.mutation_id, c.created_at, held.depth + 1
        FROM held CROSS JOIN LATERAL (${childrenOf('held.mutation_id')}) c WHERE c.status = 'open' AND held.depth < $3
    )
    SELECT x.* FROM (SELECT id, created_at, min(depth) AS depth FROM held GROUP BY id, created_at
        ORDER BY depth, created_at, id LIMIT $3) k
      CROSS JOIN LATERAL (${LETTERS} WHERE l.fleet_id = $1 AND l.id BETWEEN k.id AND k.id ORDER BY l.id LIMIT 1) x
      ORDER BY k.depth, k.created_at, k.id`,
}

export function postgresDeadLetters(database: Database): DeadLetterPort {
  return {
    ...postgresLetterNews(database),
    list: (fleetId, filter, page) => listLetters(database, fleetId, filter, page),
    facets: (fleetId, filter) => readLetterFacets(database, fleetId, filter),
    get: async (fleetId, id) => {
      const [row] = await database.one<LetterSqlRow>(fleetId, GET, [fleetId, id])
      return row ? letterOf(row) : null
    },
    heldBy: async (fleetId, mutationId, limit) =>
      (await database.one<LetterSqlRow>(fleetId, HELD_BY, [fleetId, mutationId, limit])).map(letterOf),
    countOpen: async (fleetId) => {
      const [row] = await database.one<{ count: number }>(fleetId, COUNT_OPEN, [fleetId])
      return row?.count ?? 0
    },
    countOpenByCode: async (fleetId) => {
      const rows = await database.one<{ code: string; count: number }>(fleetId, OPEN_BY_CODE, [fleetId])
      return Object.fromEntries(rows.map(({ code, count }) => [code, count]))
    },
    discard: (fleetId, id, heldIds, atMs, auditOf) =>
      database.inFleet(fleetId, async (send) => {
        if ((await send(DISCARD, [fleetId, id, at(atMs)])).length === 0) return null
        if (heldIds.length === 0) return insertAudits(send, id, [], auditOf)
        const along = await send<{ id: string }>(DISCARD_HELD, [fleetId, id, at(atMs), uuids(heldIds)])
        const closed = new Set(along.map((row) => row.id))
        return insertAudits(
          send,
          id,
          heldIds.filter((held) => closed.has(held)),
          auditOf,
        )
      }),
    restore: (fleetId, id, sinceMs, auditOf) =>
      database.inFleet(fleetId, async (send) => {
        if ((await send(RESTORE, [fleetId, id, at(sinceMs)])).length === 0) return null
        const along = await send<{ id: string }>(RESTORE_ALONG, [fleetId, id])
        return insertAudits(
          send,
          id,
          along.map((row) => row.id),
          auditOf,
        )
      }),
    purge: (fleetId, beforeMs, limit, auditOf) =>
      database.inFleet(fleetId, async (send) => {
        const [row] = await send<{ replayed: number; discarded: number }>(PURGE, [
          fleetId,
          at(beforeMs),
          limit,
        ])
        const purged = { replayed: row?.replayed ?? 0, discarded: row?.discarded ?? 0 }
        if (purged.replayed + purged.discarded > 0) await insertAudit(send, auditOf(purged))
        return purged
      }),
    purgeOne: (fleetId, id, audit) =>
      database.inFleet(fleetId, async (send) => {
        if ((await send(PURGE_ONE, [fleetId, id])).length === 0) return false
        await insertAudit(send, audit)
        return true
      }),
  }
}

/** Each letter's own entry, so that its history is found by it. */
async function insertAudits(
  send: Send,
  id: string,
  along: readonly string[],
  auditOf: LetterAudit,
): Promise<readonly string[]> {
  await Promise.all([id, ...along].map((letterId) => insertAudit(send, auditOf(letterId))))
  return along
}
