import { DataTable } from '#components/table/data-table.tsx'
import { formatDuration } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import { incidentHref } from './incident-links.ts'
import { standingOf, whoHas } from './incident-words.ts'
import { partText, SEVERITY_KINDS } from './rules/rule-words.ts'

/** Incidents, each with what it is about, since when, and who has it. */
export function IncidentTable({
  label,
  incidents,
  query,
  nowMs,
}: {
  label: string
  incidents: readonly IncidentView[]
  query: string
  nowMs: number
}) {
  return (
    <DataTable
      label={label}
      columns={[
        {
          key: 'incident',
          header: 'Incident',
          cell: ({ cause, ...incident }) => (
            <span className="incident-cell">
              <b>{incident.name}</b> {incident.title}
              {cause === null ? null : <span className="sub">{cause.sentence}</span>}
              <span className="sub standing">{standingOf(incident).words}</span>
            </span>
          ),
        },
        {
          key: 'severity',
          header: 'Severity',
          cell: ({ severity }) => <Status kind={SEVERITY_KINDS[severity]}>{severity}</Status>,
        },
        {
          key: 'about',
          header: 'About',
          hideOnPhone: true,
          cell: ({ group }) => partText(group),
        },
        {
          key: 'state',
          header: 'State',
          hideOnPhone: true,
          cell: (incident) => {
            const { kind, words } = standingOf(incident)
            return <Status kind={kind}>{words}</Status>
          },
        },
        { key: 'who', header: 'Owner', hideOnPhone: true, cell: whoHas },
        {
          key: 'opened',
          header: 'Opened',
          sorted: 'descending',
          hideOnPhone: true,
          cell: ({ openedAtMs }) => <Time at={openedAtMs} now={nowMs} show="clock" />,
        },
        {
          key: 'for',
          header: 'For',
          align: 'end',
          cell: ({ openedAtMs, resolvedAtMs }) => formatDuration((resolvedAtMs ?? nowMs) - openedAtMs),
        },
      ]}
      rows={incidents}
      rowKey={({ id }) => id}
      rowHref={({ id }) => incidentHref(query, id)}
      empty={null}
    />
  )
}
