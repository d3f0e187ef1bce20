import type { AuditKey } from '#lib/query/audit-fields.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import type { AuditEntry } from './rows.ts'

/** What an entry is under the keys of the log's filter; the same is said in SQL (prisma/audit-list.ts). */
export const AUDIT_READER: RowReader<AuditEntry, AuditKey> = {
  values: {
    who: ({ actor }) => [actor.name, actor.id],
    kind: ({ actor }) => [actor.kind],
    action: ({ action }) => [action],
    target: ({ target }) => [target],
    outcome: ({ outcome }) => [outcome],
    address: ({ address }) => (address === null ? [] : [address]),
    at: ({ atMs }) => atMs,
  },
  words: ({ actor, action, target, reason }) => [actor.name, action, target, reason ?? ''],
}
