import { OUTCOME_STATES } from '#lib/engine/operation-machine.ts'
import { assert } from '#lib/kernel/result.ts'
import type { MemberLetter, MemberLetters, OperationRow, OperationTx } from '../ports.ts'
import { ints, jsonsAsText, plainTexts, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { letterOf, LETTERS, type LetterSqlRow } from './letter-list.ts'
import { addHeldSql } from './operation-members.ts'
import {
  ITEM_COLUMNS,
  itemOf,
  OPERATION_COLUMNS,
  operationOf,
  operationValues,
  type ItemSqlRow,
  type OperationSqlRow,
} from './operation-row.ts'
import { pushTx } from './sync.ts'
import { at } from './values.ts'

/** An operation that another process works on is passed over: this one looks again a moment later. */
const HOLD: Statement = {
  name: 'operation_hold',
  text: `SELECT o.*, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms FROM operation o
    WHERE o.fleet_id = $1 AND o.id = $2 AND o.state IN ('running', 'cancelling') FOR UPDATE SKIP LOCKED`,
}
/** Less than a person waits for a pause (DL16): what holds the operation must not wait longer for a stream. */
const WAIT_LITTLE: Statement = {
  name: 'operation_wait_little',
  text: `SELECT set_config('lock_timeout', '1000', true)`,
}
const NEXT: Statement = {
  name: 'operation_next',
  text: `SELECT ${ITEM_COLUMNS} FROM operation_item i WHERE i.fleet_id = $1 AND i.operation_id = $2 AND i.state = 'pending'
    ORDER BY i.ordinal LIMIT $3`,
}
const LETTERS_OF: Statement = {
  name: 'operation_letters',
  text: `SELECT x.*, d.platform FROM unnest($2::uuid[]) k(id)
    CROSS JOIN LATERAL (${LETTERS} WHERE l.fleet_id = $1 AND l.id = k.id LIMIT 1) x
    LEFT JOIN LATERAL (SELECT y.platform FROM device y WHERE y.fleet_id = $1 AND y.id = x.device_id LIMIT 1) d ON true`,
}
const DISCARD: Statement = {
  name: 'operation_discard',
  text: `UPDATE dead_letter l SET status = 'discarded', discarded_at = $4, discarded_with = k.behind
    FROM unnest($2::uuid[], $3::uuid[]) k(id, behind)
    WHERE l.fleet_id = $1 AND l.id = k.id AND l.id = ANY ($2::uuid[]) AND l.status = 'open' RETURNING l.id`,
}
const RESTORE: Statement = {
  name: 'operation_restore',
  text: `UPDATE dead_letter SET status = 'open', discarded_at = NULL, discarded_with = NULL, told_status = NULL
    WHERE fleet_id = $1 AND id = ANY ($2::uuid[]) AND status = 'discarded' AND discarded_at >= $3 RETURNING id`,
}
const SKIP_REST: Statement = {
  name: 'operation_skip_rest',
  text: `WITH rest AS (UPDATE operation_item SET state = $3, outcome = $4, code = $5, at = $6
      WHERE fleet_id = $1 AND operation_id = $2 AND state = 'pending' RETURNING 1)
    SELECT count(*) AS count FROM rest`,
}
/** Named once more as a list: without statistics each member would be looked for among all that are settled. */
export const SETTLE: Statement = {
  name: 'operation_settle',
  text: `UPDATE operation_item i SET state = k.state, outcome = k.outcome, code = k.code, detail = k.detail::json,
      mutation_id = k.mutation_id, at = $9
    FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[]) k(ordinal, state, outcome, code, detail, mutation_id)
    WHERE i.fleet_id = $1 AND i.operation_id = $2 AND i.ordinal = k.ordinal
      AND i.ordinal = ANY ($3::int[]) AND i.state = 'pending' RETURNING i.ordinal`,
}
const ADD_HELD: Readonly<Record<'all' | 'sound', Statement>> = {
  all: { name: 'operation_add_held_all', text: addHeldSql(true) },
  sound: { name: 'operation_add_held', text: addHeldSql(false) },
}
const PUT: Statement = {
  name: 'operation_put',
  text: `UPDATE operation SET ${OPERATION_COLUMNS.slice(2)
    .map((name, i) => `${name} = $${i + 3}`)
    .join(', ')} WHERE fleet_id = $1 AND id = $2`,
}

export const putOperation = (send: Send, row: OperationRow): Promise<unknown> =>
  send(PUT, operationValues(row))

export async function readLetters(
  send: Send,
  fleetId: string,
  ids: readonly string[],
): Promise<MemberLetters> {
  if (ids.length === 0) return new Map()
  const rows = await send<LetterSqlRow & { readonly platform: MemberLetter['platform'] }>(LETTERS_OF, [
    fleetId,
    uuids(ids),
  ])
  return new Map(rows.map((row) => [row.id, { letter: letterOf(row), platform: row.platform }]))
}

/** OperationPort.hold */
export function holdOperation<T>(
  database: Database,
  fleetId: string,
  id: string,
  work: (tx: OperationTx) => Promise<T>,
): Promise<T | null> {
  return database.inFleetHot(fleetId, async (send) => {
    const waits = send(WAIT_LITTLE, [])
    const [held] = await send<OperationSqlRow & { readonly now_ms: number }>(HOLD, [fleetId, id])
    await waits
    if (!held) return null
    const nowMs = Math.floor(held.now_ms)
    return work(operationTx(send, fleetId, operationOf(held), nowMs))
  })
}

function operationTx(send: Send, fleetId: string, row: OperationRow, nowMs: number): OperationTx {
  return {
    row,
    nowMs,
    push: pushTx(send, fleetId),
    next: async (limit) => (await send<ItemSqlRow>(NEXT, [fleetId, row.id, limit])).map(itemOf),
    letters: (ids) => readLetters(send, fleetId, ids),
    discard: async (rows, atMs) => {
      const values = [uuids(rows.map(({ id }) => id)), uuids(rows.map(({ behind }) => behind)), at(atMs)]
      return idsOf(await send<{ id: string }>(DISCARD, [fleetId, ...values]))
    },
    restore: async (ids, sinceMs) =>
      idsOf(await send<{ id: string }>(RESTORE, [fleetId, uuids(ids), at(sinceMs)])),
    skipRest: async (outcome, code) => {
      const values = [fleetId, row.id, OUTCOME_STATES[outcome], outcome, code, at(nowMs)]
      return (await send<{ count: number }>(SKIP_REST, values))[0]?.count ?? 0
    },
    settle: async ({ items, row: next, settledMutationIds, withPoison, audit }) => {
      const settled =
        items.length === 0
          ? []
          : await send(SETTLE, [
              fleetId,
              row.id,
              ints(items.map(({ ordinal }) => ordinal)),
              plainTexts(items.map(({ outcome }) => OUTCOME_STATES[outcome])),
              plainTexts(items.map(({ outcome }) => outcome)),
              plainTexts(items.map(({ code }) => code)),
              jsonsAsText(items.map(({ detail }) => detail)),
              uuids(items.map(({ mutationId }) => mutationId)),
              at(nowMs),
            ])
      assert(settled.length === items.length, 'each member is settled once')
      const statement = withPoison ? ADD_HELD.all : ADD_HELD.sound
      const added =
        settledMutationIds.length === 0
          ? []
          : await send(statement, [fleetId, uuids(settledMutationIds), row.id])
      for (const entry of audit) await insertAudit(send, entry)
      await putOperation(send, { ...next, total: next.total + added.length })
      return added.length
    },
  }
}

const idsOf = (rows: readonly { readonly id: string }[]): ReadonlySet<string> =>
  new Set(rows.map(({ id }) => id))
