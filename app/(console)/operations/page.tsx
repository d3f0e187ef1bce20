import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import { LinkButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { listOperations } from '#lib/application/operations/list-operations.ts'
import { ConsolePage } from '../console-page.tsx'
import { keptPage } from '../kept-page.tsx'
import { loadPaged, PAGED, type PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { kindName, listSentence, STATE_WORDS } from './operation-words.ts'

export const metadata: Metadata = { title: 'Operations · Tidemark' }

/** Is my bulk action done? */
async function OperationsPage({ searchParams }: PageProps) {
  const [at, { cursor }] = await Promise.all([
    visit('/operations', searchParams, PAGED),
    loadPaged(searchParams),
  ])
  const query = cursor === null ? {} : { cursor }
  const { items, nextCursor } = await listOperations(at.ctx, { actor: at.actor, fleetId: at.fleet.id, query })
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Operations' }]}>
      <Verdict
        sentence={listSentence(items, nextCursor !== null)}
        evidence="Bulk actions over dead letters and conflicts, newest first. They go on when this page is closed."
      />
      <DataTable
        label="Operations, newest first"
        columns={[
          {
            key: 'kind',
            header: 'Operation',
            cell: ({ kind, reason }) => (
              <>
                <b>{kindName(kind)}</b> <span className="den hide-phone">{reason}</span>
              </>
            ),
          },
          {
            key: 'state',
            header: 'State',
            cell: ({ state }) => <Status kind={STATE_WORDS[state].kind}>{STATE_WORDS[state].words}</Status>,
          },
          {
            key: 'progress',
            header: 'Settled',
            align: 'end',
            cell: ({ pending, total }) => (
              <>
                {formatCount(total - pending)} <span className="den">of {formatCount(total)}</span>
              </>
            ),
          },
          {
            key: 'failed',
            header: 'Failed',
            align: 'end',
            cell: ({ errored }) =>
              errored === 0 ? <span className="den">0</span> : <b>{formatCount(errored)}</b>,
          },
          {
            key: 'rate',
            header: 'Rate',
            align: 'end',
            hideOnPhone: true,
            cell: ({ ratePerSecond }) => `${formatCount(ratePerSecond)} a second`,
          },
          { key: 'by', header: 'By', hideOnPhone: true, cell: ({ actor }) => actor.name },
          {
            key: 'made',
            header: 'Made',
            sorted: 'descending',
            hideOnPhone: true,
            cell: ({ createdAtMs }) => <Time at={createdAtMs} now={at.nowMs} show="clock" />,
          },
        ]}
        rows={items}
        rowKey={({ id }) => id}
        rowHref={({ id }) => carryShared(`/operations/${id}`, at.query)}
        empty={
          <EmptyState
            title="A bulk action begins at the dead letters or the conflicts"
            detail="Select dead letters to replay, edit, discard or restore them, or decide all conflicts of a list by a rule: the outcome is shown before anything runs."
            actions={
              <>
                <LinkButton href={carryShared('/dead-letters', at.query)}>Dead letters</LinkButton>
                <LinkButton href={carryShared('/conflicts', at.query)}>Conflicts</LinkButton>
              </>
            }
          />
        }
      />
      {items.length === 0 ? null : (
        <Pager place={{ path: at.path, query: at.query }} shown={items.length} nextCursor={nextCursor} />
      )}
    </ConsolePage>
  )
}

export default keptPage(OperationsPage)
