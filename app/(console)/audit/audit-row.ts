import type { ListedAudit } from '#lib/application/audit/list-audit.ts'

/** What a list shows of an entry; the rest of it stands on its own page. */
export type AuditRow = Pick<
  ListedAudit,
  'id' | 'atMs' | 'seq' | 'action' | 'target' | 'reason' | 'outcome' | 'address'
> & { who: string; kind: ListedAudit['actor']['kind'] }

/** Pure. */
export const auditRow = ({
  id,
  atMs,
  seq,
  actor,
  action,
  target,
  reason,
  outcome,
  address,
}: ListedAudit): AuditRow => ({
  id,
  atMs,
  seq,
  who: actor.name,
  kind: actor.kind,
  action,
  target,
  reason,
  outcome,
  address,
})
