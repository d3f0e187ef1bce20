import { DataTable } from '#components/table/data-table.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, formatPercent } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { Status } from '#components/ui/status.tsx'
import type { LabFindingName, LabRow } from '#lib/application/lab/lab-board.ts'
import { costWords, uncountedWords, wayWords } from './lab-words.ts'

/** All strategies side by side; each figure leads to conflicts that it counts. */
export function LabTable({ rows, query }: { rows: readonly LabRow[]; query: string }) {
  return (
    <DataTable
      label="Strategies side by side"
      columns={columnsOf(query)}
      rows={rows}
      rowKey={({ id }) => id}
      empty={<EmptyState title="Nothing was replayed" />}
    />
  )
}

/** The address of a finding's examples. Pure. */
export const showHref = (query: string, id: string, finding: LabFindingName | 'differs'): string =>
  `${withParams('/lab', query, { show: `${id}.${finding}` })}#examples`

const columnsOf = (query: string): readonly Column<LabRow>[] => [
  {
    key: 'way',
    header: 'Strategy',
    cell: (row) => (
      <>
        <b>{wayWords(row)}</b> {row.isCheapest ? <Status kind="ok">costs least</Status> : null}
        {uncountedWords(row) === null ? null : <span className="den"> {uncountedWords(row)}</span>}
      </>
    ),
  },
  {
    key: 'lost',
    header: 'Lost updates',
    align: 'end',
    cell: (row) => (
      <Figure
        row={row}
        finding="lost_update"
        count={row.counts.lostUpdates}
        of={row.counts.changes}
        query={query}
      />
    ),
  },
  {
    key: 'silent',
    header: 'Silent overwrites',
    align: 'end',
    hideOnPhone: true,
    cell: ({ counts }) => <Share count={counts.silentOverwrites} of={counts.conflicts} />,
  },
  {
    key: 'manual',
    header: 'Asked a person',
    align: 'end',
    cell: (row) => (
      <Figure row={row} finding="manual" count={row.counts.manual} of={row.counts.conflicts} query={query} />
    ),
  },
  {
    key: 'wrong',
    header: 'Wrong by clocks',
    align: 'end',
    hideOnPhone: true,
    cell: (row) => (
      <Figure
        row={row}
        finding="wrong_winner"
        count={row.counts.wrongWinners}
        of={row.counts.conflicts}
        query={query}
      />
    ),
  },
  {
    key: 'broken',
    header: 'Broken rules',
    align: 'end',
    hideOnPhone: true,
    cell: (row) => (
      <Figure
        row={row}
        finding="broken_rule"
        count={row.counts.brokenRules}
        of={row.counts.conflicts}
        query={query}
      />
    ),
  },
  {
    key: 'differs',
    header: 'Otherwise than now',
    align: 'end',
    hideOnPhone: true,
    cell: (row) =>
      row.id === 'current' ? (
        <span className="den">the same</span>
      ) : row.differs.conflicts === 0 ? (
        '0'
      ) : (
        <Link className="link" href={showHref(query, row.id, 'differs')} scroll={false}>
          {formatCount(row.differs.conflicts)}
        </Link>
      ),
  },
  {
    key: 'cost',
    header: 'Cost each',
    align: 'end',
    cell: ({ costEach }) => <b>{costWords(costEach)}</b>,
  },
]

function Figure({
  row,
  finding,
  count,
  of,
  query,
}: {
  row: LabRow
  finding: LabFindingName
  count: number
  of: number
  query: string
}) {
  if (count === 0) return <Share count={0} of={of} />
  return (
    <>
      <Link className="link" href={showHref(query, row.id, finding)} scroll={false}>
        {formatCount(count)}
      </Link>{' '}
      <span className="den">{formatPercent(count / of)}</span>
    </>
  )
}

const Share = ({ count, of }: { count: number; of: number }) => (
  <>
    {formatCount(count)}{' '}
    {of === 0 || count === 0 ? null : <span className="den">{formatPercent(count / of)}</span>}
  </>
)
