import type { OperationPort } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { operationOf, type OperationSqlRow } from './operation-row.ts'
import { at } from './values.ts'

/** Operations that one call looks at. */
const OPERATIONS_AT_A_TIME = 100
const ENDED = `SELECT o.id, o.ended_at FROM operation o
  WHERE o.fleet_id = $1 AND o.state IN ('completed', 'cancelled', 'failed') AND o.ended_at < $2
  ORDER BY o.ended_at, o.id LIMIT ${OPERATIONS_AT_A_TIME}`

const PURGE_ITEMS: Statement = {
  name: 'operation_purge_items',
  text: `WITH gone AS (DELETE FROM operation_item x USING (
      SELECT i.operation_id, i.ordinal FROM (${ENDED}) e CROSS JOIN LATERAL (
        SELECT y.operation_id, y.ordinal FROM operation_item y WHERE y.fleet_id = $1 AND y.operation_id = e.id LIMIT $3) i
      LIMIT $3) k
      WHERE x.fleet_id = $1 AND x.operation_id = k.operation_id AND x.ordinal = k.ordinal RETURNING 1)
    SELECT count(*) AS count FROM gone`,
}
const PURGE: Statement = {
  name: 'operation_purge',
  text: `DELETE FROM operation p USING (${ENDED}) e WHERE p.fleet_id = $1 AND p.id = e.id AND NOT EXISTS (
      SELECT FROM operation_item i WHERE i.fleet_id = $1 AND i.operation_id = e.id) RETURNING p.*`,
}

/** OperationPort.purge */
export const purgeOperations =
  (database: Database): OperationPort['purge'] =>
  (fleetId, beforeMs, limit, auditOf) =>
    database.inFleetHot(fleetId, async (send) => {
      const [deleted] = await send<{ count: number }>(PURGE_ITEMS, [fleetId, at(beforeMs), limit])
      const gone = await send<OperationSqlRow>(PURGE, [fleetId, at(beforeMs)])
      for (const row of gone) await insertAudit(send, auditOf(operationOf(row)))
      return { items: deleted?.count ?? 0, operations: gone.length }
    })
