import { DataTable } from '#components/table/data-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import { formatCount, shortId } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { listOperationItems } from '#lib/application/operations/list-operations.ts'
import { memberNoun, OUTCOME_WORDS, type Kind } from '../operation-words.ts'
import { WhyCell } from '../why-cell.tsx'

/** The letters, or conflicts, of an operation in the order in which they run, each with what became of it. */
export function OperationItems({
  kind,
  items,
  nextCursor,
  path,
  query,
  nowMs,
}: {
  kind: Kind
  items: Awaited<ReturnType<typeof listOperationItems>>['items']
  nextCursor: string | null
  path: string
  query: string
  nowMs: number
}) {
  const noun = memberNoun(kind)
  return (
    <Section title={TITLES[noun].title} note={TITLES[noun].note}>
      <DataTable
        label={TITLES[noun].label}
        columns={[
          {
            key: 'letter',
            header: 'Item',
            cell: ({ ordinal, ...item }) => (
              <>
                <b className="mono">{shortId(idOf(item))}</b>{' '}
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
        rowKey={idOf}
        rowHref={(item) =>
          carryShared(`/${noun === 'letter' ? 'dead-letters' : 'conflicts'}/${idOf(item)}`, query)
        }
        empty={<p className="sub">No {noun} on this page.</p>}
      />
      <Pager place={{ path, query }} shown={items.length} nextCursor={nextCursor} />
    </Section>
  )
}

type Item = Awaited<ReturnType<typeof listOperationItems>>['items'][number]
const idOf = ({ letterId, conflictId }: Pick<Item, 'letterId' | 'conflictId'>): string =>
  letterId ?? conflictId ?? ''

const TITLES = {
  letter: {
    title: 'Letter by letter',
    note: 'in the order in which they run: causes before effects',
    label: 'Letters of the operation',
  },
  conflict: {
    title: 'Conflict by conflict',
    note: 'in the order in which they are decided: longest wait first',
    label: 'Conflicts of the operation',
  },
} as const
