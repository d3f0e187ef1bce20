import { shortId } from '#components/ui/format.ts'
import { auditTarget } from '#lib/application/audit/audit-target.ts'
import type { ListedAudit } from '#lib/application/audit/list-audit.ts'
import { toldActor, toldEntry, type ToldEntry } from './action-words.ts'

/** What a list shows of an entry; the rest of it stands on its own page. */
export type AuditRow = Pick<
  ListedAudit,
  'id' | 'atMs' | 'seq' | 'reason' | 'outcome' | 'address' | 'fleetId'
> &
  ToldEntry & {
    who: string
    /** Null for nobody. */
    kind: ListedAudit['actor']['kind'] | null
    target: { text: string; id: string; path: string | null }
  }

/** @param names what targets are called, by id; those that are loaded later go by their ids. Pure. */
export function auditRow(entry: ListedAudit, names: Readonly<Record<string, string>> = {}): AuditRow {
  const { id, atMs, seq, actor, target, reason, outcome, address, fleetId } = entry
  const thing = auditTarget(entry)
  const name = thing === null || !Object.hasOwn(names, thing.id) ? undefined : names[thing.id]
  return {
    id,
    atMs,
    seq,
    ...toldActor(actor),
    ...toldEntry(entry),
    target: {
      text: name ?? (thing === null ? target : shortId(thing.id)),
      id: target,
      path: thing?.path ?? null,
    },
    reason,
    outcome,
    address,
    fleetId,
  }
}
