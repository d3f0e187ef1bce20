import type { ReactNode } from 'react'
import { HeadCells, RowCells, type Column } from '#components/table/table-cells.tsx'

export type DataTableProps<Row> = {
  /** What the table is, for readers. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  /** Where a row leads; its link is the text of the first column. */
  rowHref?: (row: Row) => string
  /** Instead of the table when there are no rows. */
  empty: ReactNode
}

/** A server-rendered table: sticky head, rows as links, `j` and `k` move between them. */
export function DataTable<Row>({ label, columns, rows, rowKey, rowHref, empty }: DataTableProps<Row>) {
  if (rows.length === 0) return <>{empty}</>
  // Where room is short it scrolls sideways, by keys too: where no row leads anywhere, nothing else in it takes the focus.
  const scroller = rowHref ? {} : { role: 'group', 'aria-label': label, tabIndex: 0 }
  return (
    <div className="dt-wrap" {...scroller}>
      <table className="dt" aria-label={label}>
        <thead>
          <tr>
            <HeadCells columns={columns} />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} data-row="" data-key={rowKey(row)}>
              <RowCells columns={columns} row={row} href={rowHref?.(row)} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
