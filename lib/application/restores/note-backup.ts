import { auditEntry } from '../access/audit-entry.ts'
import type { Actor, Context } from '../context.ts'

export interface NotedBackup {
  readonly actor: Actor
  readonly backupId: string
  /** ISO 8601. */
  readonly takenAt: string
  readonly rows: number
  readonly bytes: number
}

/** A copy of everything has left the server: the audit log says so. The entry stands behind what the backup holds. */
export async function noteBackup(
  ctx: Context,
  { actor, backupId, takenAt, rows, bytes }: NotedBackup,
): Promise<void> {
  const after = { takenAt, rows, bytes }
  await ctx.storage.audit.append(auditEntry(ctx, actor, { action: 'backup.take', target: backupId, after }))
}
