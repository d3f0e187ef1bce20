'use client'
import { useCallback, useMemo } from 'react'
import { carryShared } from '#components/ui/search-params.ts'
import { ApiList, type FirstRows } from '../api-list.tsx'
import { SESSIONS_LABEL, sessionColumns } from './session-columns.tsx'
import type { SessionRow } from './session-row.ts'

/** All sessions that match, as far as one scrolls. */
export function SessionsList(list: FirstRows<SessionRow>) {
  const { nowMs, end } = list
  const columns = useMemo(() => sessionColumns(nowMs), [nowMs])
  const { query } = end
  const hrefOf = useCallback((row: SessionRow) => carryShared(`/sessions/${row.sessionId}`, query), [query])
  return (
    <ApiList
      label={SESSIONS_LABEL}
      columns={columns}
      list={list}
      toRows={sameRows}
      rowKey={keyOf}
      rowHref={hrefOf}
    />
  )
}

const keyOf = ({ sessionId }: SessionRow): string => sessionId
/** The API's items are what the server's first page has, too. */
const sameRows = (items: readonly SessionRow[]): readonly SessionRow[] => items
