import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatAge, formatCount, NOT_KNOWN, plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { releaseBoard, type ReleaseBoard } from '#lib/application/releases/release-board.ts'
import { listHref } from '../../overview/overview-links.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { RecordRelease, RemoveRelease } from './release-forms.tsx'

export const metadata: Metadata = { title: 'App releases · Tidemark' }

function sentenceOf({ releases }: ReleaseBoard, nowMs: number): string {
  const latest = releases.find(({ releasedAtMs }) => releasedAtMs <= nowMs)
  if (latest === undefined)
    return releases.length === 0 ? 'Nobody has told of a release yet' : 'The releases are still to come'
  return `${latest.version} was released ${formatAge(nowMs - latest.releasedAtMs)}`
}

/** What was released when? */
async function ReleasesPage({ searchParams }: PageProps) {
  const at = await visit('/settings/releases', searchParams)
  const { fleet, nowMs } = at
  const board = await releaseBoard(at.ctx, { actor: at.actor, fleetId: fleet.id })
  const mayTell = fleet.role !== 'viewer'
  return (
    <SettingsFrame
      at={at}
      part="releases"
      sentence={sentenceOf(board, nowMs)}
      evidence={
        <>
          Charts mark releases that somebody told of; any other version where its first devices are heard.
          {mayTell ? null : ` Your role is ${fleet.role}; telling of one needs operator.`}
        </>
      }
      actions={mayTell ? <RecordRelease fleetId={fleet.id} /> : undefined}
    >
      <DataTable
        label="App releases"
        columns={[
          { key: 'version', header: 'Version', cell: ({ version }) => <b>{version}</b> },
          {
            key: 'at',
            header: 'Released',
            cell: ({ releasedAtMs }) => <Time at={releasedAtMs} now={nowMs} show="moment" />,
          },
          { key: 'note', header: 'Note', hideOnPhone: true, cell: ({ note }) => note },
          { key: 'by', header: 'Told by', hideOnPhone: true, cell: ({ recordedBy }) => recordedBy },
          {
            key: 'devices',
            header: 'Devices now',
            align: 'end',
            cell: ({ devices }) => (devices === null ? NOT_KNOWN : formatCount(devices)),
          },
          ...(mayTell
            ? [
                {
                  key: 'acts',
                  header: <span className="sr">Actions</span>,
                  align: 'end' as const,
                  cell: ({ id, version }: { id: string; version: string }) => (
                    <RemoveRelease fleetId={fleet.id} id={id} version={version} />
                  ),
                },
              ]
            : []),
        ]}
        rows={board.releases}
        rowKey={({ id }) => id}
        rowHref={({ version }) => listHref('/devices', at.query, { version })}
        empty={
          <EmptyState
            title="No release is told of"
            detail="Tell of one here, or have what builds the app do it: POST /api/admin/v1/releases."
          />
        }
      />
      {board.untold.length === 0 ? null : (
        <Section
          title={`${plural(board.untold.length, 'version')} that nobody told of`}
          note="devices have them now"
        >
          <DataTable
            label="Versions that nobody told of"
            columns={[
              { key: 'version', header: 'Version', cell: ({ version }) => version },
              {
                key: 'devices',
                header: 'Devices now',
                align: 'end',
                cell: ({ devices }) => formatCount(devices),
              },
              ...(mayTell
                ? [
                    {
                      key: 'acts',
                      header: <span className="sr">Actions</span>,
                      align: 'end' as const,
                      cell: ({ version }: { version: string }) => (
                        <RecordRelease fleetId={fleet.id} version={version} />
                      ),
                    },
                  ]
                : []),
            ]}
            rows={board.untold}
            rowKey={({ version }) => version}
            rowHref={({ version }) => listHref('/devices', at.query, { version })}
            empty={null}
          />
        </Section>
      )}
    </SettingsFrame>
  )
}

export default keptPage(ReleasesPage)
