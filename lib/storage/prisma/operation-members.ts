import { LETTER_POISON_REPLAYS } from '#lib/protocol/limits.ts'
import type { Membership } from '../ports.ts'
import { filterSql, type SqlValues } from './filter-sql.ts'
import { LETTER_SQL } from './letter-list.ts'

/** Links that are followed from a member to what is held behind it; a circle ends with it. */
const HELD_DEPTH_MAX = 500

const notPoisoned = (withPoison: boolean): string =>
  withPoison ? '' : ` AND c.attempts < ${LETTER_POISON_REPLAYS}`

/**
 * An operation's members as `WITH … SELECT ordinal, letter_id, behind, matched`: what the conditions take, then what is held
 * behind it however far down, or was closed along with it. They stand in the order of arrival, in which a device's own are
 * in causal order; of those that arrived together each stands behind the one that it was made after, else as they were made.
 */
export function membersSql(
  fleetId: string,
  { kind, conditions, withPoison }: Membership,
  max: number,
  values: SqlValues,
): string {
  const fleet = values.add(fleetId)
  const where = `l.fleet_id = ${fleet}${filterSql(conditions, LETTER_SQL, values)}`
  const along =
    kind === 'restore'
      ? `SELECT c.id, c.mutation_id, c.parent_mutation_id, c.created_at, c.made_at, m.id, 1 FROM matched m
          JOIN dead_letter c ON c.fleet_id = ${fleet} AND c.discarded_with = m.id AND c.status = 'discarded'
          WHERE NOT EXISTS (SELECT FROM matched x WHERE x.id = c.id)`
      : `SELECT c.id, c.mutation_id, c.parent_mutation_id, c.created_at, c.made_at, coalesce(h.behind, h.id), h.depth + 1 FROM held h
          JOIN dead_letter c ON c.fleet_id = ${fleet} AND c.parent_mutation_id = h.mutation_id AND c.status = 'open'
          WHERE h.depth < ${HELD_DEPTH_MAX} AND NOT EXISTS (SELECT FROM matched x WHERE x.id = c.id)${notPoisoned(withPoison)}`
  const held =
    kind === 'restore'
      ? `held AS (SELECT m.id, m.mutation_id, m.parent_mutation_id, m.created_at, m.made_at, NULL::uuid AS behind, 0 AS depth
          FROM matched m UNION ALL ${along})`
      : `held(id, mutation_id, parent_mutation_id, created_at, made_at, behind, depth) AS (
          SELECT m.id, m.mutation_id, m.parent_mutation_id, m.created_at, m.made_at, NULL::uuid, 0 FROM matched m UNION ALL ${along})`
  return `WITH RECURSIVE matched AS MATERIALIZED (
      SELECT l.id, l.mutation_id, l.parent_mutation_id, l.created_at, l.made_at FROM dead_letter l WHERE ${where}
      LIMIT ${values.add(max + 1)}::bigint
    ), ${held}, member AS MATERIALIZED (
      SELECT DISTINCT ON (id) * FROM held ORDER BY id, depth
    ), below(id, mutation_id, depth) AS (
      SELECT m.id, m.mutation_id, 0 FROM member m
        WHERE NOT EXISTS (SELECT FROM member p WHERE p.mutation_id = m.parent_mutation_id)
      UNION ALL
      SELECT c.id, c.mutation_id, b.depth + 1 FROM below b JOIN member c ON c.parent_mutation_id = b.mutation_id
    )
    SELECT (row_number() OVER (ORDER BY m.created_at, coalesce(b.depth, 0), m.made_at, m.id))::int AS ordinal, m.id AS letter_id, m.behind
    FROM member m LEFT JOIN below b ON b.id = m.id`
}

/**
 * What came to be held behind letters that an operation has closed, since its members were chosen, as new members behind
 * all others. $3 is the operation, $2 the closed letters' mutations.
 */
export const addHeldSql = (withPoison: boolean): string =>
  `WITH late AS (
      SELECT c.id, p.id AS behind, c.created_at FROM unnest($2::uuid[]) k(mutation_id)
      JOIN dead_letter p ON p.fleet_id = $1 AND p.mutation_id = k.mutation_id
      JOIN dead_letter c ON c.fleet_id = $1 AND c.parent_mutation_id = k.mutation_id AND c.status = 'open'${notPoisoned(withPoison)}
      WHERE NOT EXISTS (SELECT FROM operation_item i WHERE i.fleet_id = $1 AND i.operation_id = $3 AND i.letter_id = c.id)
    )
    INSERT INTO operation_item (fleet_id, operation_id, ordinal, letter_id, behind, state)
    SELECT $1, $3, (SELECT total FROM operation WHERE fleet_id = $1 AND id = $3)
      + (row_number() OVER (ORDER BY late.created_at, late.id))::int, late.id, late.behind, 'pending' FROM late RETURNING ordinal`
