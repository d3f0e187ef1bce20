import { adoptAudit } from '#lib/application/audit/adopt-audit.ts'
import { auditHeadText, parseAuditHead } from '#lib/application/audit/audit-head.ts'
import { verifyAudit, type FirstBad } from '#lib/application/audit/verify-audit.ts'
import type { AuditHead } from '#lib/storage/ports.ts'
import type { Context } from '#lib/application/context.ts'
import { CliError } from './cli-error.ts'

/** The whole chain, or what stands behind a link of it, held against heads that were kept elsewhere. */
export async function auditVerify(
  ctx: Context,
  heads: readonly string[],
  after: string | undefined,
): Promise<{
  readonly state: string
  readonly entries: number
  readonly adopted: number
  readonly upTo: string
  readonly firstBad: FirstBad | null
}> {
  const { state, entries, adopted, upTo, firstBad } = await verifyAudit(ctx, {
    heads: heads.map((text) => headOf('head', text)),
    behind: after === undefined ? undefined : headOf('after', after),
  })
  return { state, entries, adopted, upTo: auditHeadText(upTo), firstBad }
}

function headOf(option: string, text: string): AuditHead {
  const head = parseAuditHead(text)
  if (!head) throw new CliError(`--${option} must be SEQ:MAC, such as \`audit head\` prints`)
  return head
}

/** To be kept where whoever has the database does not get to. */
export const auditHead = async (ctx: Context): Promise<{ readonly head: string }> => ({
  head: auditHeadText(await ctx.storage.audit.head()),
})

export const auditAdopt = (ctx: Context): Promise<{ readonly adopted: number }> => adoptAudit(ctx)
