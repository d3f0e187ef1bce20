import type { ReactNode } from 'react'
import { DataTable } from '#components/table/data-table.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { SESSIONS_LABEL, sessionColumns } from './session-columns.tsx'
import type { SessionRow } from './session-row.ts'

/** Some sessions of one device, whose name stands above. */
export function SessionsTable({
  rows,
  query,
  nowMs,
  empty,
}: {
  rows: readonly SessionRow[]
  query: string
  nowMs: number
  empty: ReactNode
}) {
  return (
    <DataTable
      label={SESSIONS_LABEL}
      columns={sessionColumns(nowMs).filter(({ key }) => key !== 'device')}
      rows={rows}
      rowKey={(row) => row.sessionId}
      rowHref={(row) => carryShared(`/sessions/${row.sessionId}`, query)}
      empty={empty}
    />
  )
}
