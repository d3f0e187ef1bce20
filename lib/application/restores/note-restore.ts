import { auditEntry } from '../access/audit-entry.ts'
import type { Actor, Context } from '../context.ts'

export interface NotedRestore {
  readonly actor: Actor
  readonly loaded: {
    readonly backupId: string | null
    /** ISO 8601; null where nobody said. */
    readonly takenAt: string | null
    readonly proven: boolean
    readonly fleets: readonly { readonly id: string; readonly epochBefore: number; readonly epoch: number }[]
  }
  /** What the checks found, a line each. */
  readonly problems: readonly string[]
}

/** Notes a restore in each fleet with what the data has of its devices, and in the audit log; once, if it is run again. */
export async function noteRestore(ctx: Context, { actor, loaded, problems }: NotedRestore): Promise<void> {
  const { backupId, takenAt, proven } = loaded
  for (const { id: fleetId, epochBefore, epoch } of loaded.fleets) {
    const restoration = {
      fleetId,
      epoch,
      epochBefore,
      backupId,
      backupAtMs: takenAt === null ? null : Date.parse(takenAt),
      proven,
      restoredAtMs: ctx.clock.now(),
    }
    const audit = auditEntry(ctx, actor, {
      action: 'fleet.restore',
      target: fleetId,
      fleetId,
      before: { epoch: epochBefore },
      after: { epoch, backupId, takenAt, proven, problems: [...problems] },
    })
    await ctx.storage.restores.note(restoration, audit)
  }
}
