import type { ReactNode } from 'react'
import { Link } from '#components/ui/link.tsx'

export type Column<Row> = {
  key: string
  header: ReactNode
  cell: (row: Row) => ReactNode
  /** Figures end at the right. */
  align?: 'end'
  hideOnPhone?: boolean
  sorted?: 'ascending' | 'descending'
}

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
  return (
    <div className="dt-wrap">
      <table className="dt" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={classOf(column)} aria-sort={column.sorted}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} data-row="">
              {columns.map((column, index) => (
                <td key={column.key} className={classOf(column)}>
                  {index === 0 && rowHref !== undefined ? (
                    <Link className="row-link" href={rowHref(row)}>
                      {column.cell(row)}
                    </Link>
                  ) : (
                    column.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function classOf<Row>(column: Column<Row>): string | undefined {
  const names = [column.align === 'end' ? 'num' : '', column.hideOnPhone === true ? 'hide-phone' : '']
  return names.filter((name) => name !== '').join(' ') || undefined
}
