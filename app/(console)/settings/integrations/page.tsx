import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, formatRound, plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { listSources } from '#lib/application/ingest/list-sources.ts'
import { listScrapeTargets, type ScrapeTarget } from '#lib/application/ingest/scrape-targets.ts'
import { keptPage } from '../../kept-page.tsx'
import { listHref } from '../../overview/overview-links.ts'
import type { PageProps } from '../../search-params.ts'
import { visit, type Visit } from '../../viewer.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import {
  figuresText,
  pagesSentence,
  refusedOf,
  sourcesSentence,
  storedText,
  waysText,
} from './source-words.ts'
import { AddTarget, RemoveTarget } from './target-forms.tsx'

export const metadata: Metadata = { title: 'Integrations · Tidemark' }

/** Which other engines tell of this fleet, and does what they tell arrive? */
async function IntegrationsPage({ searchParams }: PageProps) {
  const at = await visit('/settings/integrations', searchParams)
  const { fleet, nowMs } = at
  const who = { actor: at.actor, fleetId: fleet.id }
  const sources = await listSources(at.ctx, who)
  const targets = fleet.role === 'admin' ? await listScrapeTargets(at.ctx, who) : null
  return (
    <SettingsFrame
      at={at}
      part="integrations"
      sentence={sourcesSentence(sources)}
      evidence={
        <>
          They tell by keys, or on pages that the server asks. What an engine doesn’t tell is not reported.
          {targets === null ? ` Your role is ${fleet.role}; pages need admin.` : null}
        </>
      }
      actions={targets === null ? undefined : <AddTarget fleetId={fleet.id} />}
    >
      <DataTable
        label="Other engines"
        columns={[
          { key: 'source', header: 'Engine', cell: ({ source }) => <b>{source}</b> },
          {
            key: 'heard',
            header: 'Last heard',
            cell: ({ lastHeardMs }) =>
              lastHeardMs === null ? (
                <Status kind="unk">not in a day</Status>
              ) : (
                <Time at={lastHeardMs} now={nowMs} show="age" />
              ),
          },
          { key: 'ways', header: 'Ways in', hideOnPhone: true, cell: waysText },
          { key: 'day', header: 'Stored in 24 h', hideOnPhone: true, cell: storedText },
          {
            key: 'refused',
            header: 'Refused',
            align: 'end',
            cell: (row) =>
              refusedOf(row) === 0 ? '0' : <Status kind="warn">{formatCount(refusedOf(row))}</Status>,
          },
          { key: 'figures', header: 'Now', cell: figuresText },
        ]}
        rows={sources}
        rowKey={({ source }) => source}
        rowHref={({ source }) => listHref('/sessions', at.query, { source })}
        empty={
          <EmptyState
            title="No other engine tells of this fleet"
            detail="Make a key under Telemetry in, or have the server ask a page of an engine."
          />
        }
      />
      {targets === null ? null : <Targets at={at} targets={targets} />}
    </SettingsFrame>
  )
}

function Targets({ at, targets }: { at: Visit; targets: readonly ScrapeTarget[] }) {
  if (targets.length === 0) return null
  const { fleet, nowMs } = at
  return (
    <Section title={pagesSentence(targets)}>
      <DataTable
        label="Pages that are asked"
        columns={[
          {
            key: 'source',
            header: 'Page',
            cell: ({ source, url }) => (
              <>
                <b>{source}</b> <span className="den">{new URL(url).host}</span>
              </>
            ),
          },
          {
            key: 'url',
            header: 'Address',
            hideOnPhone: true,
            cell: ({ url }) => <span className="mono">{url}</span>,
          },
          { key: 'every', header: 'Every', hideOnPhone: true, cell: ({ everyMs }) => formatRound(everyMs) },
          {
            key: 'last',
            header: 'Last asked',
            cell: ({ last }) =>
              last === null ? (
                <span className="den">not yet</span>
              ) : (
                <>
                  <Time at={last.atMs} now={nowMs} show="age" />{' '}
                  {last.problem === null ? (
                    <span className="den">{plural(last.points ?? 0, 'figure')}</span>
                  ) : (
                    <>
                      <Status kind="warn">not well</Status> <span className="den">{last.problem}</span>
                    </>
                  )}
                </>
              ),
          },
          {
            key: 'acts',
            header: <span className="sr">Actions</span>,
            align: 'end',
            cell: ({ id, url }) => <RemoveTarget fleetId={fleet.id} id={id} url={url} />,
          },
        ]}
        rows={targets}
        rowKey={({ id }) => id}
        empty={null}
      />
    </Section>
  )
}

export default keptPage(IntegrationsPage)
