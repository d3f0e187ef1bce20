'use client'
import { useCallback, useMemo } from 'react'
import { carryShared } from '#components/ui/search-params.ts'
import type { ListedAudit } from '#lib/application/audit/list-audit.ts'
import { ApiList, type FirstRows } from '../api-list.tsx'
import { AUDIT_LABEL, auditColumns } from './audit-columns.tsx'
import { auditRow, type AuditRow } from './audit-row.ts'

/** All entries that match, as far as one scrolls. */
export function AuditList(list: FirstRows<AuditRow>) {
  const { nowMs, end } = list
  const { query } = end
  const columns = useMemo(() => auditColumns(nowMs, query), [nowMs, query])
  const hrefOf = useCallback((row: AuditRow) => carryShared(`/audit/${row.id}`, query), [query])
  return (
    <ApiList
      label={AUDIT_LABEL}
      columns={columns}
      list={list}
      toRows={toRows}
      rowKey={keyOf}
      rowHref={hrefOf}
    />
  )
}

const keyOf = ({ id }: AuditRow): string => id
const toRows = (items: readonly ListedAudit[]): readonly AuditRow[] => items.map((entry) => auditRow(entry))
