import { OPERATION_KINDS } from '#lib/engine/operation-machine.ts'
import { chosenMembers, draftOf } from '../operation-members.ts'
import type { OperationPort, OperationRow, OutcomeCount } from '../ports.ts'
import { ints, plainTexts, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { holdOperation, putOperation, readLetters } from './operation-hold.ts'
import { readMembers } from './operation-members.ts'
import { purgeOperations } from './operation-purge.ts'
import {
  ITEM_COLUMNS,
  itemOf,
  OPERATION_COLUMNS,
  operationOf,
  operationValues,
  type ItemSqlRow,
  type OperationSqlRow,
} from './operation-row.ts'
import { pageOf } from './page.ts'
import { loadPush } from './push-load.ts'
import { at } from './values.ts'

const GET: Statement = {
  name: 'operation_get',
  text: 'SELECT * FROM operation WHERE fleet_id = $1 AND id = $2',
}
const LOCK: Statement = { name: 'operation_lock', text: `${GET.text} FOR UPDATE` }
/** A second one of the same id waits here for the first, and then finds it. */
const INSERT: Statement = {
  name: 'operation_insert',
  text: `INSERT INTO operation (${OPERATION_COLUMNS.join(', ')})
    VALUES (${OPERATION_COLUMNS.map((_, i) => `$${i + 1}`).join(', ')}) ON CONFLICT DO NOTHING RETURNING id`,
}
const LIST: Statement = {
  name: 'operation_list',
  text: 'SELECT * FROM operation WHERE fleet_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2',
}
const LIST_BEHIND: Statement = {
  name: 'operation_list_behind',
  text: `SELECT * FROM operation WHERE fleet_id = $1 AND (created_at, id) < ($3, $4)
    ORDER BY created_at DESC, id DESC LIMIT $2`,
}
const ITEMS: Statement = {
  name: 'operation_items',
  text: `SELECT ${ITEM_COLUMNS} FROM operation_item i WHERE i.fleet_id = $1 AND i.operation_id = $2 AND i.ordinal > $3
    AND ($5::text IS NULL OR i.state = $5) AND ($6::text IS NULL OR i.outcome = $6) ORDER BY i.ordinal LIMIT $4`,
}
const OUTCOMES: Statement = {
  name: 'operation_outcomes',
  text: `SELECT outcome, code, count(*) AS count FROM operation_item WHERE fleet_id = $1 AND operation_id = $2
    AND outcome IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`,
}
const WORKING: Statement = {
  name: 'operation_working',
  text: 'SELECT fleet_id, id FROM tidemark_working_operations_of($1, $2)',
}
const UNSTARTED: Statement = {
  name: 'operation_unstarted',
  text: `SELECT id FROM operation WHERE fleet_id = $1 AND state IN ('draft', 'previewed')
    AND coalesce(previewed_at, created_at) < $2 ORDER BY created_at, id LIMIT $3`,
}
const UNFINISHED: Statement = {
  name: 'operation_unfinished',
  text: `SELECT count(*) AS count FROM operation WHERE fleet_id = $1 AND id <> $2
    AND state NOT IN ('completed', 'cancelled', 'failed')`,
}
const MARK: Statement = {
  name: 'operation_mark',
  text: `SELECT md5(string_agg(concat_ws(' ', id, version, done, skipped, errored), ',')) AS mark FROM (
    SELECT * FROM operation WHERE fleet_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100) o`,
}

export function postgresOperations(database: Database): OperationPort {
  return {
    create: (operation, max, accept, audit) =>
      database.inFleetHot(operation.fleetId, async (send) => {
        const draft = draftOf(operation)
        if ((await send(INSERT, operationValues(draft))).length === 0) {
          const [there] = await send<OperationSqlRow>(GET, [operation.fleetId, operation.id])
          if (!there) throw new Error('assertion failed: an operation of the id is there')
          return { row: operationOf(there), isNew: false }
        }
        const counts = await freeze(send, operation, max)
        const [others] = await send<{ count: number }>(UNFINISHED, [operation.fleetId, operation.id])
        accept({ ...counts, unfinished: others?.count ?? 0 })
        const row = { ...draft, ...counts }
        await putOperation(send, row)
        await insertAudit(send, audit)
        return { row, isNew: true }
      }),
    get: async (fleetId, id) => {
      const [row] = await database.one<OperationSqlRow>(fleetId, GET, [fleetId, id])
      return row ? operationOf(row) : null
    },
    list: async (fleetId, { cursor, limit }) => {
      const behind = cursor ? [at(cursor.atMs), cursor.id] : []
      const statement = cursor ? LIST_BEHIND : LIST
      const rows = await database.one<OperationSqlRow>(fleetId, statement, [fleetId, limit + 1, ...behind])
      return pageOf(rows.map(operationOf), (row) => ({ atMs: row.createdAtMs, id: row.id }), limit)
    },
    items: async (fleetId, id, { state, outcome }, afterOrdinal, limit) => {
      const values = [fleetId, id, afterOrdinal, limit, state, outcome]
      return (await database.one<ItemSqlRow>(fleetId, ITEMS, values)).map(itemOf)
    },
    outcomes: async (fleetId, id) =>
      (
        await database.one<{ outcome: string; code: string | null; count: number }>(fleetId, OUTCOMES, [
          fleetId,
          id,
        ])
      ).map(({ outcome, code, count }) => ({ outcome: outcome as OutcomeCount['outcome'], code, count })),
    working: async (most) =>
      (
        await database.oneGlobal<{ fleet_id: string; id: string }>(WORKING, [
          most,
          plainTexts(OPERATION_KINDS),
        ])
      ).map((row) => ({
        fleetId: row.fleet_id,
        id: row.id,
      })),
    unstarted: async (fleetId, beforeMs, limit) =>
      (await database.one<{ id: string }>(fleetId, UNSTARTED, [fleetId, at(beforeMs), limit])).map(
        ({ id }) => id,
      ),
    mark: async (fleetId) =>
      (await database.one<{ mark: string | null }>(fleetId, MARK, [fleetId]))[0]?.mark ?? '',
    change: (fleetId, id, change) =>
      database.inFleet(fleetId, async (send) => {
        const [stored] = await send<OperationSqlRow>(LOCK, [fleetId, id])
        if (!stored) return null
        const { row, audit } = change(operationOf(stored))
        await putOperation(send, row)
        if (audit) await insertAudit(send, audit)
        return row
      }),
    purge: purgeOperations(database),
    hold: (fleetId, id, work) => holdOperation(database, fleetId, id, work),
    look: (fleetId, work) =>
      database.inSnapshot(fleetId, (send) =>
        work({
          members: (membership, max) => readMembers(send, fleetId, membership, max),
          pending: async (operationId, afterOrdinal, limit) => {
            const values = [fleetId, operationId, afterOrdinal, limit, 'pending', null]
            return (await send<ItemSqlRow>(ITEMS, values)).map(itemOf)
          },
          letters: (ids) => readLetters(send, fleetId, ids),
          load: (plan) => loadPush(send, fleetId, plan, 'read'),
        }),
      ),
  }
}

const FREEZE: Statement = {
  name: 'operation_freeze',
  text: `INSERT INTO operation_item (fleet_id, operation_id, ordinal, letter_id, behind, state)
    SELECT $1, $2, k.*, 'pending' FROM unnest($3::int[], $4::uuid[], $5::uuid[]) k`,
}

/** Members are chosen once and written down (DL11); of too many none is written. */
async function freeze(
  send: Send,
  operation: Parameters<OperationPort['create']>[0],
  max: number,
): Promise<Pick<OperationRow, 'matched' | 'total'>> {
  const { matched, items } =
    operation.kind === 'resolve'
      ? chosenMembers(operation.ids)
      : await readMembers(send, operation.fleetId, operation, max)
  if (items.length <= max)
    await send(FREEZE, [
      operation.fleetId,
      operation.id,
      ints(items.map(({ ordinal }) => ordinal)),
      uuids(items.map(({ letterId }) => letterId)),
      uuids(items.map(({ behind }) => behind)),
    ])
  return { matched, total: items.length }
}
