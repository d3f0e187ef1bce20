import type { Metadata } from 'next'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { incidentHold } from '#lib/application/alerts/incident-hold.ts'
import { incidentImpact } from '#lib/application/alerts/incident-impact.ts'
import { incidentPast } from '#lib/application/alerts/incident-past.ts'
import { getIncident, listEntries } from '#lib/application/alerts/incidents.ts'
import { toldOf } from '#lib/application/notifications/told-of.ts'
import { ConsolePage } from '../../../console-page.tsx'
import { keptPage } from '../../../kept-page.tsx'
import type { ItemProps } from '../../../search-params.ts'
import { itemId, orNotFound, visit } from '../../../viewer.ts'
import { runbookHref } from '../../incident-links.ts'
import { IncidentAlerts } from './incident-alerts.tsx'
import { IncidentCause } from './incident-cause.tsx'
import { IncidentHead } from './incident-head.tsx'
import { IncidentHoldPart } from './incident-hold.tsx'
import { IncidentPastPart } from './incident-past.tsx'
import { IncidentSteps } from './incident-steps.tsx'
import { IncidentTimeline } from './incident-timeline.tsx'
import { IncidentTold } from './incident-told.tsx'

export const metadata: Metadata = { title: 'Incident · Tidemark' }

/** Lines of what happened that stand on the page, the newest. */
const ENTRIES_MAX = 200

/** What is it, who is met, why, and what do I do? For one hand at 3 a.m. */
async function IncidentPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/alerts/incidents/${id}`, searchParams)
  const one = { actor: at.actor, fleetId: at.fleet.id, id }
  const [incident, entries] = await orNotFound(
    Promise.all([
      getIncident(at.ctx, one),
      listEntries(at.ctx, { ...one, query: { limit: String(ENTRIES_MAX) } }),
    ]),
  )
  const { actor } = at
  const [impact, past, told] = await Promise.all([
    incidentImpact(at.ctx, { actor, incident }),
    incidentPast(at.ctx, { actor, incident }),
    toldOf(at.ctx, { actor, incidentId: incident.id }),
  ])
  const hold = incidentHold(at.ctx, { actor, incident, impact })
  const { query, nowMs } = at
  return (
    <ConsolePage
      at={at}
      className="page incident"
      crumbs={[{ label: 'Alerts', href: carryShared('/alerts', query) }, { label: incident.name }]}
    >
      <IncidentHead at={at} incident={incident} impact={impact} />
      <div className="cols">
        <div>
          {hold === null ? null : <IncidentHoldPart hold={hold} query={query} nowMs={nowMs} />}
          {past === null ? null : <IncidentPastPart incident={incident} past={past} />}
          <IncidentCause incident={incident} impact={impact} />
          <IncidentAlerts incident={incident} query={query} nowMs={nowMs} />
        </div>
        <div>
          <IncidentSteps
            incident={incident}
            runbook={runbookHref(query, incident.runbook)}
            mayAct={at.fleet.role !== 'viewer'}
            viewerName={at.actor.name}
            nowMs={nowMs}
          />
          <Section
            title="What happened"
            note={entries.nextCursor === null ? undefined : `the newest ${ENTRIES_MAX}`}
          >
            <IncidentTimeline entries={entries.items} nowMs={nowMs} />
          </Section>
          {at.fleet.role === 'viewer' ? null : (
            <IncidentTold told={told} isSilent={incident.toldSeverity === null} query={query} nowMs={nowMs} />
          )}
        </div>
      </div>
    </ConsolePage>
  )
}

export default keptPage(IncidentPage)
