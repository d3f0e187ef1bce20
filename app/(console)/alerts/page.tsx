import type { Metadata } from 'next'
import { FilterBar } from '#components/table/filter-bar.tsx'
import { Pager } from '#components/table/pager.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { INCIDENT_FIELDS } from '#lib/query/alert-fields.ts'
import { suggestedKeys } from '#lib/query/suggested-keys.ts'
import { ConsolePage } from '../console-page.tsx'
import { keptPage } from '../kept-page.tsx'
import { listFilter } from '../list-filter.ts'
import { LIST, loadList, type PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { AlertsTabs } from './alerts-tabs.tsx'
import { IncidentTable } from './incident-table.tsx'
import { alertsVerdict } from './incident-words.ts'
import { readIncidents, type IncidentsRead } from './read-incidents.ts'

export const metadata: Metadata = { title: 'Alerts · Tidemark' }

const FACETS = [
  { key: 'state', label: 'State', values: [{ value: 'open' }, { value: 'resolved' }] },
  { key: 'severity', label: 'Severity', values: SEVERITIES.toReversed().map((value) => ({ value })) },
]

/** What needs a person? */
async function AlertsPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([visit('/alerts', searchParams, LIST), loadList(searchParams)])
  const { filter, problem } = listFilter(params.q, INCIDENT_FIELDS)
  const read = await readIncidents(at, filter, params.cursor)
  const verdict = alertsVerdict(read.status, read.silent, read.lastEnded, at.nowMs)
  const found = problem === null ? read : { ...read, open: [], moreOpen: false, resolved: [] }
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Alerts' }]} range>
      <AlertsTabs part="/alerts" query={at.query} />
      <Verdict {...verdict} />
      {problem === null ? null : (
        <p className="misread" role="status">
          This search is not understood, so nothing is shown: {problem}
        </p>
      )}
      <FilterBar
        label="Search incidents"
        keys={suggestedKeys(INCIDENT_FIELDS, {})}
        filter={problem === null ? filter : null}
        facets={FACETS}
      />
      {params.cursor === null ? <Open read={found} query={at.query} nowMs={at.nowMs} q={params.q} /> : null}
      <Section title="Over" note={at.span.label.toLowerCase()}>
        {found.resolved.length === 0 ? (
          <EmptyState title={overTitle(params.q, problem, read.nextCursor !== null)} />
        ) : (
          <IncidentTable
            label="Incidents that are over, newest first"
            incidents={found.resolved}
            query={at.query}
            nowMs={at.nowMs}
          />
        )}
        {found.resolved.length === 0 && read.nextCursor === null && params.cursor === null ? null : (
          <Pager
            place={{ path: at.path, query: at.query }}
            shown={found.resolved.length}
            nextCursor={read.nextCursor}
          />
        )}
      </Section>
    </ConsolePage>
  )
}

function Open({
  read: { open, moreOpen, status },
  query,
  nowMs,
  q,
}: {
  read: IncidentsRead
  query: string
  nowMs: number
  q: string
}) {
  if (open.length === 0)
    return (
      <section className="blk">
        {status.open > 0 ? (
          <EmptyState title={`None of ${plural(status.open, 'open incident')} matches this search`} />
        ) : status.stopped ? (
          <EmptyState word="Not known" title="Nobody looks, so none is found" />
        ) : (
          <EmptyState
            good
            word="None open"
            title="No incident is open"
            detail="A rule opens one when its bound is passed for long enough."
          />
        )}
      </section>
    )
  return (
    <Section title="Open" note={q === '' ? 'the worst first' : `that match “${q}”`}>
      <IncidentTable label="Open incidents, the worst first" incidents={open} query={query} nowMs={nowMs} />
      {moreOpen ? (
        <p className="sub">The newest {open.length} are shown; more are open. Search for others.</p>
      ) : null}
    </Section>
  )
}

function overTitle(q: string, problem: string | null, more: boolean): string {
  if (problem !== null) return 'Nothing was searched'
  if (more) return 'None of those that were looked through; go on below'
  return q === '' ? 'None ended that was opened in this range' : 'None that is over matches in this range'
}

export default keptPage(AlertsPage)
