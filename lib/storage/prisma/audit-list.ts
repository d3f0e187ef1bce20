import { AUDIT_LOOK_MAX, type AuditKey } from '#lib/query/audit-fields.ts'
import type { AuditFilter, Page, PageRequest, StoredAudit } from '../ports.ts'
import type { AuditSqlRow } from './audit.ts'
import { auditAt, auditMs } from './audit-time.ts'
import type { Database, Statement } from './database.ts'
import { filterSql, SqlValues, type ListSql } from './filter-sql.ts'
import { pageOf } from './page.ts'
import { storableText } from './storable-text.ts'

/** By the names of an entry's row. */
export const AUDIT_COLUMNS = `id, at, scope_fleet_id AS "scopeFleetId", actor_kind AS "actorKind", actor_id AS "actorId",
  actor_name AS "actorName", action, target, reason, before, after, address, outcome, seq, mac`

/** What an entry is under the keys of the log's filter; the same is said for a memory (audit-values.ts). */
const AUDIT_SQL: ListSql<AuditKey> = {
  keys: {
    who: { kind: 'texts', of: 'ARRAY[a.actor_name, a.actor_id]' },
    kind: { kind: 'text', of: 'a.actor_kind' },
    action: { kind: 'prefix', of: 'a.action' },
    target: { kind: 'text', of: 'a.target' },
    outcome: { kind: 'text', of: 'a.outcome' },
    address: { kind: 'text', of: 'a.address' },
    at: { kind: 'time', of: 'a.at' },
  },
  words: ['a.actor_name', 'a.action', 'a.target', 'a.reason'],
}

/** AuditPort.list */
export async function listAudit(
  database: Database,
  filter: AuditFilter,
  page: PageRequest,
  read: (row: AuditSqlRow) => StoredAudit,
): Promise<Page<StoredAudit>> {
  if (filter.conditions && filter.conditions.length > 0) return listMatching(database, filter, page, read)
  const { fleetId, action } = filter
  const { cursor, limit } = page
  const rows = await database.oneGlobal<AuditSqlRow>(
    listOf(fleetId !== null, action !== null, cursor !== null),
    [
      limit + 1,
      ...(fleetId === null ? [] : [fleetId]),
      ...(action === null ? [] : [storableText(action)]),
      ...(cursor === null ? [] : [auditAt(cursor.atMs), cursor.id]),
    ],
  )
  return pageOf(rows.map(read), placeOf, limit)
}

const placeOf = ({ atMs, id }: StoredAudit) => ({ atMs, id })

/** Newest first, by what is asked for: each has a plan of its own. Charts ask it too, so it is one round trip. */
function listOf(byFleet: boolean, byAction: boolean, behind: boolean): Statement {
  const names: string[] = []
  const conditions: string[] = []
  let count = 1
  const next = (): string => `$${(count += 1)}`
  if (byFleet) conditions.push(`scope_fleet_id = ${next()}`)
  if (byAction) conditions.push(`action = ${next()}`)
  if (behind) conditions.push(`(at, id) < (${next()}, ${next()})`)
  for (const [name, is] of Object.entries({ fleet: byFleet, action: byAction, behind }))
    if (is) names.push(name)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return {
    name: ['audit_list', ...names].join('_'),
    text: `SELECT ${AUDIT_COLUMNS} FROM audit ${where} ORDER BY at DESC, id DESC LIMIT $1`,
  }
}

/**
 * The newest behind the cursor, as many as are looked through, and of them those that match. Where too few were found, the
 * last one that was looked at comes behind them: the next page begins there.
 */
async function listMatching(
  database: Database,
  { fleetId, action, conditions = [], lookMax = AUDIT_LOOK_MAX }: AuditFilter,
  { cursor, limit }: PageRequest,
  read: (row: AuditSqlRow) => StoredAudit,
): Promise<Page<StoredAudit>> {
  const values = new SqlValues()
  const where = [
    fleetId === null ? [] : [`scope_fleet_id = ${values.add(fleetId)}::uuid`],
    action === null ? [] : [`action = ${values.add(storableText(action))}`],
    cursor === null
      ? []
      : [`(at, id) < (${values.add(auditAt(cursor.atMs))}::timestamptz, ${values.add(cursor.id)})`],
  ].flat()
  const rows = `FROM audit ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY at DESC, id DESC`
  const max = values.add(lookMax)
  const text = `WITH found AS MATERIALIZED (SELECT * FROM (SELECT * ${rows} LIMIT ${max}::bigint) a
      WHERE true${filterSql(conditions, AUDIT_SQL, values)} ORDER BY at DESC, id DESC LIMIT ${values.add(limit + 1)})
    SELECT ${AUDIT_COLUMNS}, is_end AS "isEnd" FROM (SELECT *, false AS is_end FROM found
      UNION ALL SELECT *, true FROM (SELECT * ${rows} OFFSET ${max}::bigint - 1 LIMIT 1) e
        WHERE (SELECT count(*) FROM found) <= ${values.add(limit)}::bigint) k
    ORDER BY is_end, at DESC, id DESC`
  const all = await database.oneOffGlobal<AuditSqlRow & { readonly isEnd: boolean }>(text, values.all)
  const page = pageOf(all.filter(({ isEnd }) => !isEnd).map(read), placeOf, limit)
  const end = all.find(({ isEnd }) => isEnd)
  return end ? { ...page, next: { atMs: auditMs(end.at), id: end.id } } : page
}
