import { SYSTEM, auditEntry } from '../access/audit-entry.ts'
import { ADOPT_ACTION, ADOPTED_AT_ONCE, adoptedRanges, isAdopted } from './adopted.ts'
import type { AuditContext } from './audit-context.ts'

/**
 * Takes what was written before there was a chain under its care: for each few, an entry of the chain that names them with
 * their macs. Once, after the upgrade, and by a person: whatever stands outside of the chain then is taken at its word.
 */
export async function adoptAudit(ctx: AuditContext): Promise<{ readonly adopted: number }> {
  const { audit } = ctx.storage
  const known = await adoptedRanges(audit)
  let behind: { atMs: number; id: string } | null = null
  let adopted = 0
  for (;;) {
    const read = await audit.unchained(behind, ADOPTED_AT_ONCE)
    const isKnown = ({ entry, isForged }: (typeof read)[number]): boolean =>
      isForged || isAdopted(known, entry)
    // Those that stand side by side: nothing else lies between the first and the last of them.
    const start = read.findIndex((row) => !isKnown(row))
    const end = read.findIndex((row, i) => i > start && isKnown(row))
    const rows = start < 0 ? [] : read.slice(start, end < 0 ? undefined : end)
    const [from, to] = [rows[0], rows.at(-1)]
    const last = to ?? read.at(-1)
    if (!last) return { adopted }
    behind = { atMs: last.entry.atMs, id: last.entry.id }
    if (!from || !to) continue
    const placeOf = ({ entry }: typeof from) => ({ atMs: entry.atMs, id: entry.id })
    await audit.append(
      auditEntry(ctx, SYSTEM, {
        action: ADOPT_ACTION,
        target: 'audit',
        after: {
          entries: rows.length,
          first: placeOf(from),
          last: placeOf(to),
          macs: rows.map(({ entry, expected }) => [entry.id, expected]),
        },
      }),
    )
    adopted += rows.length
  }
}
