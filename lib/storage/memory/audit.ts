import { AUDIT_FIELDS, AUDIT_LOOK_MAX } from '#lib/query/audit-fields.ts'
import { matchesFilter } from '#lib/query/matches-filter.ts'
import { AUDIT_READER } from '../audit-values.ts'
import type { AuditEntry, AuditPort, StoredAudit } from '../ports.ts'
import { pageOf } from './page.ts'
import type { MemoryState } from './state.ts'

const placeOf = ({ atMs, id }: AuditEntry) => ({ atMs, id })
const newestFirst = (a: AuditEntry, b: AuditEntry): number => b.atMs - a.atMs || (a.id < b.id ? 1 : -1)

export function memoryAudit(state: MemoryState): AuditPort {
  const stored = (entry: AuditEntry): StoredAudit => {
    const link = state.audit.linkOf(entry.id)
    return { ...entry, seq: link?.seq ?? null, mac: link?.mac ?? null }
  }
  return {
    append: (entry) => state.inGlobal((undo) => state.audit.set(undo, entry.id, entry)),
    list: async ({ fleetId, action, conditions = [], lookMax = AUDIT_LOOK_MAX }, page) => {
      const { cursor } = page
      const rows = state.audit
        .values()
        .filter((entry) => fleetId === null || entry.fleetId === fleetId)
        .filter((entry) => action === null || entry.action === action)
        .filter((entry) => cursor === null || newestFirst({ ...entry, ...cursor }, entry) < 0)
        .toSorted(newestFirst)
      const looked = conditions.length === 0 ? rows : rows.slice(0, lookMax)
      const found = looked.filter((entry) => matchesFilter(entry, conditions, AUDIT_FIELDS, AUDIT_READER))
      const { items, next } = pageOf(found, placeOf, page)
      const last = looked.length < rows.length ? looked.at(-1) : undefined
      return { items: items.map(stored), next: next ?? (last ? placeOf(last) : null) }
    },
    get: async (id) => {
      const entry = state.audit.get(id)
      return entry ? stored(entry) : null
    },
    ofTarget: async (fleetId, target, limit) =>
      state.audit
        .values()
        .filter((entry) => entry.fleetId === fleetId && entry.target === target)
        .toSorted(newestFirst)
        .slice(0, limit),
    head: async () => state.audit.head,
    last: async () => {
      const { head } = state.audit
      const [row] = state.audit.behind(head.seq - 1, 1)
      return { seq: head.seq, id: row?.entry.id ?? null, head }
    },
    links: async (behind, limit) => {
      let previous = behind.mac
      return state.audit.behind(behind.seq, limit).map(({ entry, link }) => {
        const expected = state.seal(previous, link.seq, entry)
        previous = link.mac
        return { entry, ...link, expected }
      })
    },
    // Every entry of a memory was written by what chains it.
    unchained: async () => [],
  }
}
