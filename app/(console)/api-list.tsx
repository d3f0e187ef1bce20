'use client'
import { useMemo, type ReactNode } from 'react'
import type { ListEnd } from '#components/table/list-foot.tsx'
import { LongTable, type LongTableProps } from '#components/table/long-table.tsx'
import { loadRows } from './load-rows.ts'

/** The first rows of a list of the operator API, and where its next ones are. */
export type FirstRows<Row> = {
  rows: readonly Row[]
  nextCursor: string | null
  /** When they were read. */
  nowMs: number
  /** The operator API's list of which these are the first. */
  url: string
  end: ListEnd
  /** Instead of the table when there are no rows. */
  empty: ReactNode
}

/**
 * All that match of such a list, as far as one scrolls.
 * @param props.toRows what the table shows of the API's items; the same function as long as the rows are the same
 */
export function ApiList<Row, Item>({
  list: { rows, nextCursor, nowMs, url, end, empty },
  toRows,
  ...table
}: Pick<LongTableProps<Row>, 'label' | 'columns' | 'rowKey' | 'rowHref'> & {
  list: FirstRows<Row>
  toRows: (items: readonly Item[], atMs: number) => readonly Row[]
}) {
  const page = useMemo(
    () => ({ rows, nextCursor, atMs: nowMs, load: loadRows(url, toRows) }),
    [rows, nextCursor, nowMs, url, toRows],
  )
  return <LongTable {...table} page={page} empty={empty} end={end} />
}
