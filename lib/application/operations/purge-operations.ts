import { OPERATION_KEPT_MS } from '#lib/protocol/limits.ts'
import { auditEntry, SYSTEM } from '../access/audit-entry.ts'
import type { Context } from '../context.ts'

/** Members that one transaction deletes, and batches that one run makes of a fleet's. */
const BATCH = 5_000
const BATCHES_PER_RUN_MAX = 20

/**
 * Deletes a fleet's operations that ended longer ago than they are kept, with their members; what has not ended never (DL24).
 * Each is in the audit log with what became of it. True when there may be more.
 */
export async function purgeOperations(ctx: Context, fleetId: string): Promise<boolean> {
  const beforeMs = ctx.clock.now() - OPERATION_KEPT_MS
  for (let batch = 0; batch < BATCHES_PER_RUN_MAX; batch++) {
    const { items, operations } = await ctx.storage.operations.purge(fleetId, beforeMs, BATCH, (row) => {
      const { kind, q, state, total, done, skipped, errored } = row
      return auditEntry(ctx, SYSTEM, {
        action: 'operation.expire',
        target: row.id,
        fleetId,
        reason: `ended before ${new Date(beforeMs).toISOString()}`,
        before: { kind, q, state, total, done, skipped, errored },
      })
    })
    if (items < BATCH && operations === 0) return false
  }
  return true
}
