import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { collectionBoard } from '#lib/application/collections/collection-board.ts'
import { ConsolePage } from '../console-page.tsx'
import { keptPage } from '../kept-page.tsx'
import type { PageProps } from '../search-params.ts'
import { ownText } from '../settings/thresholds/threshold-fields.ts'
import { visit } from '../viewer.ts'
import { boardSentence, conflictVerdict, lagVerdict, recordsText } from './collection-words.ts'
import { NewCollection } from './new-collection.tsx'

export const metadata: Metadata = { title: 'Collections · Tidemark' }

function Judged({ said: { kind, word, figure } }: { said: ReturnType<typeof lagVerdict> }) {
  return (
    <>
      <Status kind={kind}>{word}</Status>
      {figure === '' ? null : <span className="den"> {figure}</span>}
    </>
  )
}

/** What are the rules? */
async function CollectionsPage({ searchParams }: PageProps) {
  const at = await visit('/collections', searchParams)
  const { fleet, nowMs, span } = at
  const board = await collectionBoard(at.ctx, {
    actor: at.actor,
    fleetId: fleet.id,
    fromMs: span.fromMs,
    toMs: span.toMs,
  })
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Collections' }]} range>
      <Verdict
        sentence={boardSentence(fleet.name, board)}
        evidence={
          <>
            Each has a schema that every change must meet, and a strategy that settles conflicts. Lag and
            conflicts are of the {span.label.toLowerCase()}.
            {fleet.role === 'admin' ? null : ` Your role is ${fleet.role}; changing one needs admin.`}
          </>
        }
        actions={fleet.role === 'admin' ? <NewCollection fleetId={fleet.id} /> : undefined}
      />
      <DataTable
        label="Collections"
        columns={[
          { key: 'name', header: 'Collection', cell: ({ collection }) => <b>{collection.name}</b> },
          {
            key: 'schema',
            header: 'Schema',
            cell: ({ collection }) => `v${collection.schemaVersion}`,
          },
          { key: 'strategy', header: 'Strategy', cell: ({ collection }) => collection.strategy },
          {
            key: 'records',
            header: 'Records',
            align: 'end',
            cell: ({ records }) => recordsText(records),
          },
          {
            key: 'followers',
            header: 'Devices follow',
            align: 'end',
            hideOnPhone: true,
            cell: ({ followers }) => formatCount(followers),
          },
          { key: 'lag', header: 'Sync lag', cell: ({ row }) => <Judged said={lagVerdict(row)} /> },
          {
            key: 'conflicts',
            header: 'Conflicts',
            hideOnPhone: true,
            cell: ({ row }) => <Judged said={conflictVerdict(row)} />,
          },
          {
            key: 'own',
            header: 'Own thresholds',
            hideOnPhone: true,
            cell: ({ collection }) =>
              ownText(collection.thresholds) ?? <span className="den">the fleet’s</span>,
          },
          {
            key: 'updated',
            header: 'Last change',
            align: 'end',
            hideOnPhone: true,
            cell: ({ collection }) => <Time at={collection.updatedAtMs} now={nowMs} show="age" />,
          },
        ]}
        rows={board}
        rowKey={({ collection }) => collection.id}
        rowHref={({ collection }) => carryShared(`/collections/${collection.id}`, at.query)}
        empty={
          <EmptyState
            title="Devices have nowhere to write yet"
            detail={
              fleet.role === 'admin'
                ? 'A collection is a named set of records with a schema. Make the first one above.'
                : 'An administrator makes collections.'
            }
          />
        }
      />
    </ConsolePage>
  )
}

export default keptPage(CollectionsPage)
