import type { ReactNode } from 'react'
import { Link } from '#components/ui/link.tsx'

export type Column<Row> = {
  key: string
  header: ReactNode
  cell: (row: Row) => ReactNode
  /** Figures end at the right. */
  align?: 'end'
  hideOnPhone?: boolean
  /** A control of its own, such as a box to tick: the row's link is in the next column. */
  control?: boolean
  sorted?: 'ascending' | 'descending'
}

export function HeadCells<Row>({ columns }: { columns: readonly Column<Row>[] }) {
  return columns.map((column) => (
    <th key={column.key} scope="col" className={classOf(column)} aria-sort={column.sorted}>
      {column.header}
    </th>
  ))
}

/** The first cell that is no control carries the row's link. */
export function RowCells<Row>({
  columns,
  row,
  href,
}: {
  columns: readonly Column<Row>[]
  row: Row
  href: string | undefined
}) {
  const lead = columns.findIndex(({ control }) => control !== true)
  return columns.map((column, index) => (
    <td key={column.key} className={classOf(column)}>
      {index === lead && href !== undefined ? (
        <Link className="row-link" href={href}>
          {column.cell(row)}
        </Link>
      ) : (
        column.cell(row)
      )}
    </td>
  ))
}

function classOf<Row>(column: Column<Row>): string | undefined {
  const names = [column.align === 'end' ? 'num' : '', column.hideOnPhone === true ? 'hide-phone' : '']
  return names.filter((name) => name !== '').join(' ') || undefined
}
