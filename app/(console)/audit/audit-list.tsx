'use client'
import { useCallback, useMemo, type ReactNode } from 'react'
import type { ListEnd } from '#components/table/list-foot.tsx'
import { LongTable } from '#components/table/long-table.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import type { ListedAudit } from '#lib/application/audit/list-audit.ts'
import { loadRows } from '../load-rows.ts'
import { AUDIT_LABEL, auditColumns } from './audit-columns.tsx'
import { auditRow, type AuditRow } from './audit-row.ts'

/** All entries that match, as far as one scrolls. */
export function AuditList({
  rows,
  nextCursor,
  nowMs,
  url,
  end,
  empty,
}: {
  rows: readonly AuditRow[]
  nextCursor: string | null
  /** When they were read. */
  nowMs: number
  /** The operator API's list of which these are the first. */
  url: string
  end: ListEnd
  empty: ReactNode
}) {
  const { query } = end
  const columns = useMemo(() => auditColumns(nowMs, query), [nowMs, query])
  const page = useMemo(
    () => ({ rows, nextCursor, atMs: nowMs, load: loadRows(url, toRows) }),
    [rows, nextCursor, nowMs, url],
  )
  const hrefOf = useCallback((row: AuditRow) => carryShared(`/audit/${row.id}`, query), [query])
  return (
    <LongTable
      label={AUDIT_LABEL}
      columns={columns}
      page={page}
      rowKey={keyOf}
      rowHref={hrefOf}
      empty={empty}
      end={end}
    />
  )
}

const keyOf = ({ id }: AuditRow): string => id
const toRows = (items: readonly ListedAudit[]): readonly AuditRow[] => items.map((entry) => auditRow(entry))
