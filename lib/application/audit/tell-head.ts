import type { Context } from '../context.ts'
import { auditHeadText } from './audit-head.ts'

/** How often the head of the chain is told. */
export const HEAD_TOLD_EVERY_MS = 5 * 60_000

/**
 * Writes the head of the audit chain to the log, which goes where the database does not reach: held against it, a log that
 * was cut off or written anew is found (AC4).
 */
export async function tellHead(ctx: Pick<Context, 'storage' | 'log' | 'metrics'>): Promise<void> {
  const head = await ctx.storage.audit.head()
  ctx.metrics.showAuditEntries(head.seq)
  if (head.seq > 0) ctx.log.info('audit head', { head: auditHeadText(head) })
}
