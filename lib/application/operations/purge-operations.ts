import { afterEvent } from '#lib/engine/operation-machine.ts'
import {
  OPERATION_KEPT_MS,
  OPERATION_START_WITHIN_MS,
  OPERATIONS_UNFINISHED_MAX,
} from '#lib/protocol/limits.ts'
import { auditEntry, SYSTEM } from '../access/audit-entry.ts'
import type { Context } from '../context.ts'
import { isApplicationError } from '../errors.ts'
import { stateError } from './turn-operation.ts'

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

/** Drafts that one run cancels; a fleet has no more unfinished ones. */
const DRAFTS = OPERATIONS_UNFINISHED_MAX

/**
 * Cancels what was made and never started: it would count for ever among those that a fleet may have unfinished (DL24). It ends like any
 * other that is cancelled, and goes when those go.
 */
export async function cancelOldDrafts(ctx: Context, fleetId: string): Promise<void> {
  const { operations } = ctx.storage
  const beforeMs = ctx.clock.now() - OPERATION_START_WITHIN_MS
  for (const id of await operations.unstarted(fleetId, beforeMs, DRAFTS)) {
    const reason = `not started by ${new Date(beforeMs + OPERATION_START_WITHIN_MS).toISOString()}`
    await operations
      .change(fleetId, id, (row) => {
        const state = afterEvent(row.state, 'cancel')
        // Somebody has started it, or looked at it anew, at this moment.
        const isOld = (row.previewedAtMs ?? row.createdAtMs) < beforeMs
        if (state === null || row.startedAtMs !== null || !isOld) throw stateError(row)
        const audit = auditEntry(ctx, SYSTEM, {
          action: 'operation.cancel',
          target: id,
          fleetId,
          reason,
          before: { state: row.state },
          after: { state },
        })
        return { row: { ...row, state, version: row.version + 1 }, audit }
      })
      .catch((error: unknown) => {
        if (!isApplicationError(error) || error.tidemarkCode !== 'operation_state') throw error
      })
  }
}
