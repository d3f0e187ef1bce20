'use client'
import {
  memo,
  useCallback,
  useLayoutEffect,
  useRef,
  type CSSProperties,
  type ReactNode,
  type RefCallback,
} from 'react'
import { ListFoot, type ListEnd } from '#components/table/list-foot.tsx'
import { stretches, WHOLE_ROWS_MAX } from '#components/table/row-window.ts'
import type { FirstPage, RowsShown } from '#components/table/row-store.ts'
import { HeadCells, RowCells, type Column } from '#components/table/table-cells.tsx'
import { useFixedColumns, type Layout } from '#components/table/use-fixed-columns.ts'
import { useRowFocus } from '#components/table/use-row-focus.ts'
import { useRowStore } from '#components/table/use-row-store.ts'
import { useRowWindow } from '#components/table/use-row-window.ts'
import { Button } from '#components/ui/button.tsx'
import { Status } from '#components/ui/status.tsx'

/** Of a row before one was measured. */
const ROW_PX = 32
/** Rows below what is seen at which the next ones are asked for: of a first page late, since it then no longer follows. */
const AHEAD_ROWS = { first: 12, later: 120 } as const

export type LongTableProps<Row> = {
  /** What the table is, for readers. */
  label: string
  /** The same array as long as the columns are the same: rows that are drawn aren't drawn again. */
  columns: readonly Column<Row>[]
  /** A new object for each page that the server makes. */
  page: FirstPage<Row>
  rowKey: (row: Row) => string
  rowHref: (row: Row) => string
  /** Instead of the table when there are no rows. */
  empty: ReactNode
  end: ListEnd
}

/**
 * A list of any length. Its first page comes whole from the server; what follows is loaded as one nears the end, and then
 * only the rows around what is seen are drawn. Use it with a `key` that names the list: another filter is another list.
 */
export function LongTable<Row>(props: LongTableProps<Row>) {
  const { page, rowKey, end } = props
  const { store, shown, returnToPx } = useRowStore(`${end.path}?${end.query}`, page, rowKey)
  const { layout, ref } = useFixedColumns(shown.rows.length > WHOLE_ROWS_MAX)
  const near = useCallback(
    (rowsBelow: number): void => {
      const { rows, first, loading } = store.shown()
      const ahead = rows === first.rows ? AHEAD_ROWS.first : AHEAD_ROWS.later
      // What failed waits for the press of a button.
      if (rowsBelow <= ahead && loading.kind === 'idle') store.more()
    },
    [store],
  )
  const hasReturned = useRef(false)
  useLayoutEffect(() => {
    if (returnToPx === null || layout === null || hasReturned.current) return
    hasReturned.current = true
    window.scrollTo({ top: returnToPx, behavior: 'instant' })
  }, [returnToPx, layout])

  const foot = (
    <>
      <LoadingRow loading={shown.loading} onRetry={store.more} />
      <ListFoot
        end={end}
        shown={shown}
        onMore={store.more}
        onNewest={() => {
          store.showNewest()
          window.scrollTo({ top: 0, behavior: 'instant' })
        }}
      />
    </>
  )
  if (shown.rows.length === 0)
    return (
      <>
        {props.empty}
        {shown.nextCursor === null ? null : foot}
      </>
    )
  return (
    <>
      <div className="dt-wrap">
        <Rows {...props} shown={shown} table={ref} layout={layout} near={near} />
      </div>
      {foot}
    </>
  )
}

function Rows<Row>({
  label,
  columns,
  rowKey,
  rowHref,
  end: { matching },
  shown: { rows, nextCursor },
  table,
  layout,
  near,
}: LongTableProps<Row> & {
  shown: RowsShown<Row>
  table: RefCallback<HTMLTableElement>
  layout: Layout | null
  near: (rowsBelow: number) => void
}) {
  const body = useRef<HTMLTableSectionElement>(null)
  const rowPx = layout?.rowPx ?? ROW_PX
  const count = rows.length
  const seen = useRowWindow({ body, count, rowPx, onMove: near })
  const { focused, ...handlers } = useRowFocus({ body, count, rowPx, onReach: near })
  const range = count > WHOLE_ROWS_MAX ? seen : { from: 0, to: count }
  const total = nextCursor === null ? count : matching === undefined ? null : Math.max(matching, count)
  return (
    <table
      ref={table}
      className={layout === null ? 'dt long' : 'dt long fixed'}
      style={layout === null ? undefined : widthOf(layout)}
      aria-label={label}
      // The head is a row, too; -1 says that nobody has counted.
      aria-rowcount={total === null ? -1 : total + 1}
    >
      {layout === null ? null : (
        <colgroup>
          {layout.widthsPx.map((width, index) => (
            <col key={index} style={{ width }} />
          ))}
        </colgroup>
      )}
      <thead>
        <tr aria-rowindex={1}>
          <HeadCells columns={columns} />
        </tr>
      </thead>
      <tbody ref={body} {...handlers}>
        {stretches(range, focused, count).flatMap(({ kind, from, to }) =>
          kind === 'room'
            ? [
                // Named by its place, as the rows are: one that had to change places would lose the focus.
                <tr key={`room ${from}`} aria-hidden="true">
                  <td className="room" colSpan={columns.length} style={{ height: (to - from) * rowPx }} />
                </tr>,
              ]
            : rows
                .slice(from, to)
                .map((row, index) => (
                  <TableRow
                    key={rowKey(row)}
                    columns={columns}
                    row={row}
                    index={from + index}
                    hrefOf={rowHref}
                  />
                )),
        )}
      </tbody>
    </table>
  )
}

const widthOf = ({ widthsPx }: Layout): CSSProperties => ({
  width: widthsPx.reduce((sum, width) => sum + width, 0),
})

type TableRowProps<Row> = {
  columns: readonly Column<Row>[]
  row: Row
  index: number
  hrefOf: (row: Row) => string
}

/** Drawn once for as long as it is in view. */
const TableRow = memo(function TableRow<Row>({ columns, row, index, hrefOf }: TableRowProps<Row>) {
  return (
    <tr data-row={index} aria-rowindex={index + 2}>
      <RowCells columns={columns} row={row} href={hrefOf(row)} />
    </tr>
  )
}) as <Row>(props: TableRowProps<Row>) => ReactNode

function LoadingRow({ loading, onRetry }: { loading: RowsShown<unknown>['loading']; onRetry: () => void }) {
  if (loading.kind === 'idle') return null
  return (
    <div className="load-row" role={loading.kind === 'failed' ? 'alert' : 'status'}>
      {loading.kind === 'loading' ? (
        'Loading the next rows…'
      ) : (
        <>
          <Status kind="crit">Not loaded</Status>
          <span>The next rows did not come: {loading.message}</span>
          <Button onClick={onRetry}>Try again</Button>
        </>
      )}
    </div>
  )
}
