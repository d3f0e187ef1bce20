import { Countup } from '#components/ui/countup.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status, StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { incidentHref } from '../alerts/incident-links.ts'
import { TakeIt } from '../alerts/take-on.tsx'
import { SEVERITY_KINDS } from '../alerts/rules/rule-words.ts'
import { hasIt, incidentsNote, incidentsTitle } from './incident-words.ts'

const LISTED_MAX = 5

/** What needs a person, and who has it. */
export function OverviewIncidents({
  answer: { incidents, asOf, fleetId },
  query,
  mayTake,
}: {
  answer: Pick<OverviewAnswer, 'incidents' | 'asOf' | 'fleetId'>
  query: string
  mayTake: boolean
}) {
  const { listed, open, stopped } = incidents
  const rest = open - Math.min(open, LISTED_MAX)
  const title = <Link href={carryShared('/alerts', query)}>{incidentsTitle(incidents)}</Link>
  return (
    <Section title={title} note={incidentsNote(incidents)}>
      {stopped ? (
        <p className="sub">
          <Status kind="crit">Alerts are not evaluated</Status> No incident is no news.
        </p>
      ) : null}
      {open === 0 && !stopped ? (
        <p className="sub">
          All rules are looked at every 15 s; one opens an incident when its bound is passed.
        </p>
      ) : null}
      {open === 0 ? null : (
        <ul className="rows">
          {listed.slice(0, LISTED_MAX).map((incident) => (
            <li key={incident.id}>
              <StatusShape kind={incident.suppressed ? 'held' : SEVERITY_KINDS[incident.severity]} />
              <span>
                <Link className="link" href={incidentHref(query, incident.id)}>
                  {incident.name}
                </Link>{' '}
                {incident.title}
                <span className="sub">
                  {incident.severity} · since <Time at={incident.openedAtMs} now={asOf.nowMs} show="clock" />{' '}
                  · {hasIt(incident)}
                  {mayTake && incident.takenBy === null ? (
                    <>
                      {' '}
                      · <TakeIt fleetId={fleetId} id={incident.id} name={incident.name} />
                    </>
                  ) : null}
                </span>
              </span>
              <span className="sub">
                <Countup since={incident.openedAtMs} now={asOf.nowMs} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {rest > 0 ? <p className="sub">and {formatCount(rest)} more</p> : null}
    </Section>
  )
}
