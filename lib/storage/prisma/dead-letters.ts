import type { DeadLetterPort } from '../ports.ts'
import { uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { letterOf, LETTERS, listLetters, readLetterFacets, type LetterSqlRow } from './letter-list.ts'
import { at } from './values.ts'

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
    SELECT x.* FROM (SELECT held.id, min(held.depth) AS depth, l.created_at FROM held JOIN dead_letter l
        ON l.fleet_id = $1 AND l.id = held.id GROUP BY held.id, l.created_at ORDER BY depth, l.created_at, held.id LIMIT $3) k
      CROSS JOIN LATERAL (${LETTERS} WHERE l.fleet_id = $1 AND l.id = k.id) x ORDER BY k.depth, k.created_at, k.id`,
}

export function postgresDeadLetters(database: Database): DeadLetterPort {
  return {
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
