import { LinkButton } from '#components/ui/button.tsx'
import { Countup } from '#components/ui/countup.tsx'
import { capitalised, formatCount, formatDuration, formatPercent } from '#components/ui/format.ts'
import { StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { IncidentImpact } from '#lib/application/alerts/incident-impact.ts'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import type { Visit } from '../../../viewer.ts'
import { standingOf } from '../../incident-words.ts'
import { partText, SEVERITY_KINDS } from '../../rules/rule-words.ts'
import { TakeOn } from '../../take-on.tsx'

/** What it is, how it stands, since when and whom it meets; and the one thing to do. */
export function IncidentHead({
  at,
  incident,
  impact,
}: {
  at: Visit
  incident: IncidentView
  impact: IncidentImpact
}) {
  const { severity, title, group, owner, ack, openedAtMs, resolvedAtMs, state, link } = incident
  const standing = standingOf(incident)
  const kind = SEVERITY_KINDS[severity]
  const mayTake = at.fleet.role !== 'viewer' && state === 'open' && ack === null
  return (
    <>
      <section className="verdict" aria-label="Verdict">
        <div>
          <div className="incident-tags">
            <span className={`tag ${kind}`}>
              <StatusShape kind={kind} />
              {capitalised(severity)}
            </span>
            <span className={`tag ${standing.kind}`}>
              <StatusShape kind={standing.kind} />
              {standing.words}
            </span>
            <span className="sub">
              {resolvedAtMs === null ? (
                <Countup since={openedAtMs} now={at.nowMs} />
              ) : (
                `${formatDuration(resolvedAtMs - openedAtMs)} long`
              )}
            </span>
          </div>
          <h1>{title}</h1>
          <p className="sub">
            {at.fleet.name} · {partText(group)} · owner {owner ?? 'nobody'} · opened{' '}
            <Time at={openedAtMs} now={at.nowMs} show="clock" /> · title as it began
            {resolvedAtMs === null ? null : (
              <>
                {' '}
                · over <Time at={resolvedAtMs} now={at.nowMs} show="clock" />
              </>
            )}
          </p>
        </div>
        {link === null && !mayTake ? null : (
          <div className="acts">
            {link === null ? null : (
              <LinkButton tone={mayTake ? 'plain' : 'primary'} href={link.path}>
                {link.label}
              </LinkButton>
            )}
            {mayTake ? <TakeOn fleetId={at.fleet.id} id={incident.id} name={incident.name} /> : null}
          </div>
        )}
      </section>
      <Facts incident={incident} impact={impact} />
    </>
  )
}

/** In numbers, as they are now. */
function Facts({ incident, impact }: { incident: IncidentView; impact: IncidentImpact }) {
  const { appVersion, devices, ofDevices, oldestWaiting, deadLetters, ofDeadLetters } = impact
  const ageMs = appVersion === null ? (oldestWaiting?.ageMs ?? null) : impact.pendingAgeP95Ms
  const firing = incident.alerts.filter(({ endedAtMs }) => endedAtMs === null).length
  return (
    <dl className="incident-facts">
      <div>
        <dt>{appVersion === null ? 'Devices of the fleet' : `Devices on ${appVersion}`}</dt>
        <dd>
          {formatCount(devices)}
          {appVersion === null || ofDevices === 0 ? null : (
            <span>
              of {formatCount(ofDevices)}, {formatPercent(devices / ofDevices)}
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>Dead letters open now</dt>
        <dd>
          {formatCount(deadLetters)}
          {deadLetters === ofDeadLetters ? null : <span>of {formatCount(ofDeadLetters)}</span>}
        </dd>
      </div>
      <div>
        <dt>{appVersion === null ? 'Oldest change that waits' : 'Pending age, p95'}</dt>
        <dd>
          {ageMs === null ? <span className="none">none waits</span> : formatDuration(ageMs)}
          {appVersion === null && oldestWaiting !== null ? <span>on {oldestWaiting.name}</span> : null}
        </dd>
      </div>
      <div>
        <dt>Rules that fire</dt>
        <dd>
          {formatCount(firing)}
          <span>of {formatCount(incident.alerts.length)} in it</span>
        </dd>
      </div>
    </dl>
  )
}
