import { formatDuration, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status, StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import { alertStanding, type IncidentAlertView } from '../../incident-words.ts'
import { ruleHref } from '../../rules/rule-links.ts'
import { partText, SEVERITY_KINDS } from '../../rules/rule-words.ts'

/** The rules that fire in it, or did, each with its figure and its bound as they were when it began. */
export function IncidentAlerts({
  incident: { alerts },
  query,
  nowMs,
}: {
  incident: Pick<IncidentView, 'alerts'>
  query: string
  nowMs: number
}) {
  const firing = alerts.filter(({ endedAtMs }) => endedAtMs === null)
  const shown = [...firing.toReversed(), ...alerts.filter((one) => one.endedAtMs !== null).toReversed()]
  return (
    <Section
      title={
        firing.length === 0
          ? 'Nothing in it fires any more'
          : plural(firing.length, 'rule fires', 'rules fire')
      }
      note="figures as it began"
    >
      <ul className="rows incident-alerts">
        {shown.map((alert) => (
          <li key={`${alert.rule} ${partText(alert.group)} ${alert.startedAtMs}`}>
            <StatusShape kind={SEVERITY_KINDS[alert.severity]} />
            <span>
              {alert.summary}
              <span className="sub">
                <Link className="link mono" href={ruleHref(query, alert.rule)}>
                  {alert.rule}
                </Link>{' '}
                · {alert.severity} · {partText(alert.group)} · since{' '}
                <Time at={alert.startedAtMs} now={nowMs} show="clock" />
                {alert.endedAtMs === null
                  ? null
                  : `, for ${formatDuration(alert.endedAtMs - alert.startedAtMs)}`}
              </span>
              <Standing alert={alert} query={query} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Standing({ alert, query }: { alert: IncidentAlertView; query: string }) {
  const { kind, words } = alertStanding(alert)
  return (
    <span className="sub">
      <Status kind={kind}>{words}</Status>
      {alert.suppressedBy?.kind === 'silence' ? (
        <>
          {' '}
          by{' '}
          <Link className="link" href={carryShared('/alerts/silences', query)}>
            a silence
          </Link>
        </>
      ) : null}
    </span>
  )
}
