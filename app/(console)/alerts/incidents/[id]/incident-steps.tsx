import { Button } from '#components/ui/button.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import { whoHas } from '../../incident-words.ts'
import { NewSilence } from '../../silences/silence-form.tsx'
import { GiveBack } from '../../take-on.tsx'
import { AddNote, HandOver } from './incident-dialogs.tsx'
import { matchersOf } from './silence-matchers.ts'

/** What can be done about it: the ways to the cause, and what is said of it. */
export function IncidentSteps({
  incident,
  runbook,
  mayAct,
  viewerName,
  nowMs,
}: {
  incident: IncidentView
  /** The address of its page. */
  runbook: string
  mayAct: boolean
  viewerName: string
  nowMs: number
}) {
  const { id, fleetId, ack, owner, state, alerts } = incident
  const lead = runbook.replace(/\?.*$/, '').replace(/^.*\//, '')
  return (
    <Section
      className="steps-part"
      title="What to do"
      note={state === 'resolved' ? 'it is over' : whoHas(incident)}
    >
      <ul className="ways">
        <li>
          <Link href={runbook}>
            <span>
              <b>Runbook</b>
              <span className="sub">what to look at, and what to do: {lead}</span>
            </span>
            <Icon name="right" />
          </Link>
        </li>
      </ul>
      {mayAct ? (
        <div className="incident-acts">
          <AddNote fleetId={fleetId} id={id} />
          <HandOver fleetId={fleetId} id={id} owner={owner} viewerName={viewerName} />
          {state === 'open' ? (
            <NewSilence
              fleetId={fleetId}
              trigger={<Button>Silence…</Button>}
              matchers={matchersOf(alerts, incident.group)}
            />
          ) : null}
          {state === 'open' && ack !== null ? <GiveBack fleetId={fleetId} id={id} /> : null}
        </div>
      ) : (
        <p className="sub">
          <Status kind="unk">Operators only</Status> Your role is viewer; taking an incident on, notes and
          silences need operator.
        </p>
      )}
      {ack === null ? null : (
        <p className="sub">
          {ack.by.name} took it on <Time at={ack.atMs} now={nowMs} show="age" />. That ends when it gets worse
          or is over.
        </p>
      )}
    </Section>
  )
}
