import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { plural } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { ConsolePage } from '../console-page.tsx'
import { keptPage } from '../kept-page.tsx'
import type { PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'

export const metadata: Metadata = { title: 'Collections · Tidemark' }

/** What are the rules? */
async function CollectionsPage({ searchParams }: PageProps) {
  const at = await visit('/collections', searchParams)
  const collections = await listCollections(at.ctx, { actor: at.actor, fleetId: at.fleet.id })
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Collections' }]}>
      <Verdict
        sentence={`${at.fleet.name} syncs ${plural(collections.length, 'collection')}`}
        evidence="Each has a schema that every change must meet, and a strategy that settles conflicts."
      />
      <DataTable
        label="Collections"
        columns={[
          { key: 'name', header: 'Collection', cell: ({ name }) => <b>{name}</b> },
          { key: 'schema', header: 'Schema', cell: ({ schemaVersion }) => `v${schemaVersion}` },
          { key: 'strategy', header: 'Strategy', cell: ({ strategy }) => strategy },
          { key: 'tie', header: 'Same field', hideOnPhone: true, cell: ({ tieRule }) => tieRule },
          {
            key: 'updated',
            header: 'Last change',
            align: 'end',
            cell: ({ updatedAtMs }) => <Time at={updatedAtMs} now={at.nowMs} show="age" />,
          },
        ]}
        rows={collections}
        rowKey={({ id }) => id}
        rowHref={({ id }) => carryShared(`/collections/${id}`, at.query)}
        empty={
          <EmptyState
            title="This fleet has no collection yet"
            detail="Make one by POST /api/admin/v1/collections; the README shows how."
          />
        }
      />
    </ConsolePage>
  )
}

export default keptPage(CollectionsPage)
