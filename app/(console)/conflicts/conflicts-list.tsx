'use client'
import { useCallback, useMemo, type ReactNode } from 'react'
import type { ListEnd } from '#components/table/list-foot.tsx'
import { LongTable } from '#components/table/long-table.tsx'
import { loadRows } from '../load-rows.ts'
import { conflictColumns } from './conflict-columns.tsx'
import { conflictHref } from './conflict-links.ts'
import { conflictRows, type ConflictRow } from './conflict-row.ts'
import type { WaitLimits } from './desk-words.ts'

export type ConflictsListProps = {
  label: string
  rows: readonly ConflictRow[]
  nextCursor: string | null
  /** When they were read. */
  nowMs: number
  limits: WaitLimits
  /** The operator API's list of which these are the first. */
  url: string
  end: ListEnd
  empty: ReactNode
}

/** All conflicts that match, as far as one scrolls. */
export function ConflictsList({
  label,
  rows,
  nextCursor,
  nowMs,
  limits,
  url,
  end,
  empty,
}: ConflictsListProps) {
  const columns = useMemo(() => conflictColumns(nowMs, limits), [nowMs, limits])
  const page = useMemo(
    () => ({ rows, nextCursor, atMs: nowMs, load: loadRows(url, conflictRows) }),
    [rows, nextCursor, nowMs, url],
  )
  const { query } = end
  const hrefOf = useCallback((row: ConflictRow) => conflictHref(query, row.id), [query])
  return (
    <LongTable
      label={label}
      columns={columns}
      page={page}
      rowKey={keyOf}
      rowHref={hrefOf}
      empty={empty}
      end={end}
    />
  )
}

const keyOf = ({ id }: ConflictRow): string => id
