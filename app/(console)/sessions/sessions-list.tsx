'use client'
import { useCallback, useMemo, type ReactNode } from 'react'
import type { ListEnd } from '#components/table/list-foot.tsx'
import { LongTable } from '#components/table/long-table.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { loadRows } from '../load-rows.ts'
import { SESSIONS_LABEL, sessionColumns } from './session-columns.tsx'
import type { SessionRow } from './session-row.ts'

export type SessionsListProps = {
  rows: readonly SessionRow[]
  nextCursor: string | null
  /** When they were read. */
  nowMs: number
  /** The operator API's list of which these are the first. */
  url: string
  end: ListEnd
  empty: ReactNode
}

/** All sessions that match, as far as one scrolls. */
export function SessionsList({ rows, nextCursor, nowMs, url, end, empty }: SessionsListProps) {
  const columns = useMemo(() => sessionColumns(nowMs), [nowMs])
  const page = useMemo(
    () => ({ rows, nextCursor, atMs: nowMs, load: loadRows(url, sameRows) }),
    [rows, nextCursor, nowMs, url],
  )
  const { query } = end
  const hrefOf = useCallback((row: SessionRow) => carryShared(`/sessions/${row.sessionId}`, query), [query])
  return (
    <LongTable
      label={SESSIONS_LABEL}
      columns={columns}
      page={page}
      rowKey={keyOf}
      rowHref={hrefOf}
      empty={empty}
      end={end}
    />
  )
}

const keyOf = ({ sessionId }: SessionRow): string => sessionId
/** The API's items are what the server's first page has, too. */
const sameRows = (items: readonly SessionRow[]): readonly SessionRow[] => items
