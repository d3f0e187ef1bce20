import { LETTER_POISON_REPLAYS } from '#lib/protocol/limits.ts'
import { orderMembers, type Candidate } from '../operation-members.ts'
import type { Members, Membership } from '../ports.ts'
import { uuids } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import { filterSql, SqlValues } from './filter-sql.ts'
import { LETTER_SQL } from './letter-list.ts'
import { ms } from './values.ts'

const COLUMNS =
  'l.id, l.mutation_id, l.parent_mutation_id, l.discarded_with, l.attempts, l.created_at, l.made_at'

/** Asked for by this many at a time. */
const HELD_PER_LOOK = 5_000
/** Each by the index of parents, which no other column may tempt the planner away from: of as many letters it would take minutes. */
const HELD: Statement = {
  name: 'operation_held',
  text: `SELECT c.* FROM unnest($2::uuid[]) k(mutation_id) CROSS JOIN LATERAL (SELECT ${COLUMNS}, l.status FROM dead_letter l
    WHERE l.fleet_id = $1 AND l.parent_mutation_id = k.mutation_id OFFSET 0) c WHERE c.status = 'open'`,
}
const CLOSED_WITH: Statement = {
  name: 'operation_closed_with',
  text: `SELECT ${COLUMNS} FROM dead_letter l WHERE l.fleet_id = $1 AND l.status = 'discarded' AND l.discarded_with = ANY ($2::uuid[])`,
}

interface CandidateRow extends Record<string, unknown> {
  readonly id: string
  readonly mutation_id: string
  readonly parent_mutation_id: string | null
  readonly discarded_with: string | null
  readonly attempts: number
  readonly created_at: Date
  readonly made_at: Date
}

/**
 * An operation's members: what the conditions take, by one statement, then what is held behind it however far down, or was
 * closed along with it. Of more than `max` there is one more.
 */
export async function readMembers(
  send: Send,
  fleetId: string,
  { kind, conditions, withPoison }: Membership,
  max: number,
): Promise<Members> {
  const values = new SqlValues()
  const fleet = values.add(fleetId)
  const where = `l.fleet_id = ${fleet}${filterSql(conditions, LETTER_SQL, values)}`
  const text = `SELECT ${COLUMNS} FROM dead_letter l WHERE ${where} LIMIT ${values.add(max + 1)}::bigint`
  // A statement without a name is planned for its values.
  const matched = await send<CandidateRow>({ name: '', text }, values.all)
  const taken = new Map(matched.map((row) => [row.id, candidateOf(row, null)]))
  const byMutation = new Map(matched.map((row) => [row.mutation_id, row.id]))
  for (let level = [...taken.values()]; level.length > 0 && taken.size <= max;) {
    const ids = level.map((one) => (kind === 'restore' ? one.id : one.mutationId))
    const rows = await follow(send, fleetId, kind === 'restore' ? CLOSED_WITH : HELD, ids)
    level = []
    for (const row of rows) {
      const isSound = kind === 'restore' || withPoison || row.attempts < LETTER_POISON_REPLAYS
      if (taken.has(row.id) || !isSound) continue
      const parentId = kind === 'restore' ? row.discarded_with : byMutation.get(row.parent_mutation_id ?? '')
      const candidate = candidateOf(row, taken.get(parentId ?? '')?.behind ?? parentId ?? null)
      taken.set(row.id, candidate)
      byMutation.set(row.mutation_id, row.id)
      level.push(candidate)
    }
    if (kind === 'restore') break
  }
  return orderMembers([...taken.values()])
}

async function follow(
  send: Send,
  fleetId: string,
  statement: Statement,
  ids: readonly string[],
): Promise<readonly CandidateRow[]> {
  const rows: CandidateRow[] = []
  for (let from = 0; from < ids.length; from += HELD_PER_LOOK) {
    const some = ids.slice(from, from + HELD_PER_LOOK)
    rows.push(...(await send<CandidateRow>(statement, [fleetId, uuids(some)])))
  }
  return rows
}

const candidateOf = (row: CandidateRow, behind: string | null): Candidate => ({
  id: row.id,
  mutationId: row.mutation_id,
  parentMutationId: row.parent_mutation_id,
  createdAtMs: ms(row.created_at),
  madeAtMs: ms(row.made_at),
  behind,
})

const notPoisoned = (withPoison: boolean): string =>
  withPoison ? '' : ` AND c.attempts < ${LETTER_POISON_REPLAYS}`

/**
 * What came to be held behind letters that an operation has closed, since its members were chosen, as new members behind
 * all others. $3 is the operation, $2 the closed letters' mutations.
 */
export const addHeldSql = (withPoison: boolean): string =>
  `WITH late AS (
      SELECT c.id, p.id AS behind, c.created_at FROM unnest($2::uuid[]) k(mutation_id)
      JOIN dead_letter p ON p.fleet_id = $1 AND p.mutation_id = k.mutation_id
      CROSS JOIN LATERAL (SELECT l.id, l.status, l.attempts, l.created_at FROM dead_letter l
        WHERE l.fleet_id = $1 AND l.parent_mutation_id = k.mutation_id OFFSET 0) c
      WHERE c.status = 'open'${notPoisoned(withPoison)} AND NOT EXISTS (SELECT FROM operation_item i WHERE i.fleet_id = $1 AND i.operation_id = $3 AND i.letter_id = c.id)
    )
    INSERT INTO operation_item (fleet_id, operation_id, ordinal, letter_id, behind, state)
    SELECT $1, $3, (SELECT total FROM operation WHERE fleet_id = $1 AND id = $3)
      + (row_number() OVER (ORDER BY late.created_at, late.id))::int, late.id, late.behind, 'pending' FROM late RETURNING ordinal`
