'use client'
import { useCallback, useMemo } from 'react'
import { ApiList, type FirstRows } from '../api-list.tsx'
import { conflictColumns } from './conflict-columns.tsx'
import { conflictHref } from './conflict-links.ts'
import { conflictRows, type ConflictRow } from './conflict-row.ts'
import type { WaitLimits } from './desk-words.ts'

/** All conflicts that match, as far as one scrolls. */
export function ConflictsList({
  label,
  limits,
  ...list
}: FirstRows<ConflictRow> & { label: string; limits: WaitLimits }) {
  const { nowMs, end } = list
  const columns = useMemo(() => conflictColumns(nowMs, limits), [nowMs, limits])
  const { query } = end
  const hrefOf = useCallback((row: ConflictRow) => conflictHref(query, row.id), [query])
  return (
    <ApiList
      label={label}
      columns={columns}
      list={list}
      toRows={conflictRows}
      rowKey={keyOf}
      rowHref={hrefOf}
    />
  )
}

const keyOf = ({ id }: ConflictRow): string => id
