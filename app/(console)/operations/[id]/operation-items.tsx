import { DataTable } from '#components/table/data-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import { formatCount, shortId } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { listOperationItems } from '#lib/application/operations/list-operations.ts'
import { OUTCOME_WORDS } from '../operation-words.ts'
import { WhyCell } from '../why-cell.tsx'

/** The letters of an operation in the order in which they run, each with what became of it. */
export function OperationItems({
  items,
  nextCursor,
  path,
  query,
  nowMs,
}: {
  items: Awaited<ReturnType<typeof listOperationItems>>['items']
  nextCursor: string | null
  path: string
  query: string
  nowMs: number
}) {
  return (
    <Section title="Letter by letter" note="in the order in which they run: causes before effects">
      <DataTable
        label="Letters of the operation"
        columns={[
          {
            key: 'letter',
            header: 'Item',
            cell: ({ letterId, ordinal }) => (
              <>
                <b className="mono">{shortId(letterId)}</b>{' '}
                <span className="den">{formatCount(ordinal)}</span>
              </>
            ),
          },
          {
            key: 'outcome',
            header: 'Outcome',
            cell: ({ outcome }) =>
              outcome === null ? (
                <span className="den">to come</span>
              ) : (
                <Status kind={OUTCOME_WORDS[outcome].kind}>{OUTCOME_WORDS[outcome].became}</Status>
              ),
          },
          {
            key: 'why',
            header: 'Why',
            hideOnPhone: true,
            cell: (item) => <WhyCell {...item} />,
          },
          {
            key: 'at',
            header: 'When',
            hideOnPhone: true,
            cell: ({ atMs }) => (atMs === null ? null : <Time at={atMs} now={nowMs} show="clock" />),
          },
        ]}
        rows={items}
        rowKey={({ letterId }) => letterId}
        rowHref={({ letterId }) => carryShared(`/dead-letters/${letterId}`, query)}
        empty={<p className="sub">No letter on this page.</p>}
      />
      <Pager place={{ path, query }} shown={items.length} nextCursor={nextCursor} />
    </Section>
  )
}
