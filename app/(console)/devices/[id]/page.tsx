import type { Metadata } from 'next'
import { PendingChart } from '#components/charts/pending-chart.tsx'
import { withRests } from '#components/charts/prepare-rests.ts'
import { SessionLanes } from '#components/charts/session-timeline.tsx'
import { LinkButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { diagnosedDevice, type Diagnosis } from '#lib/application/devices/diagnose-device.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import { listHref } from '../../overview/overview-links.ts'
import type { ItemProps } from '../../search-params.ts'
import { sessionsSentence } from '../../sessions/session-words.ts'
import { runOf } from '../../sessions/session-segments.ts'
import { marksLegend, marksOf } from '../../pillars/mark-words.ts'
import { SessionsTable } from '../../sessions/sessions-table.tsx'
import { ToldLogs } from '../../sessions/told-logs.tsx'
import { itemId, orNotFound, visit, type Visit } from '../../viewer.ts'
import { deviceViews, type DeviceView } from '#lib/application/devices/device-views.ts'
import { pendingText } from '../device-words.ts'
import { DeviceActions } from './device-actions.tsx'
import { Next, Why } from './device-diagnosis.tsx'
import { DeviceClock, DeviceDiagnostics, DeviceFacts, DeviceQueue } from './device-facts.tsx'
import {
  DeviceCommands,
  DeviceConflicts,
  DeviceDeadLetters,
  DeviceDeadToken,
  DeviceRefusals,
} from './device-troubles.tsx'
import { laneMarks, lanesSentence } from './lane-words.ts'
import { agePieces, ageSentence } from './pending-age.ts'
import { readOfDevice, type OfDevice } from './read-of-device.ts'

export const metadata: Metadata = { title: 'Device · Tidemark' }

/** Rows of the table; the pictures above it are made of more. */
const SESSIONS_LISTED_MAX = 12

/** One device: why it is stuck, what happened on it, and what can be told to it. */
async function DevicePage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/devices/${id}`, searchParams)
  const one = { actor: at.actor, fleetId: at.fleet.id, id }
  const [{ device, diagnosis }, found] = await orNotFound(
    Promise.all([diagnosedDevice(at.ctx, one), readOfDevice(at, id)]),
  )
  const view = deviceViews([device], at.nowMs, at.fleet.intervalMs)[0] as DeviceView
  const isViewer = at.fleet.role === 'viewer'
  const { query, nowMs } = at
  return (
    <ConsolePage
      at={at}
      range
      crumbs={[{ label: 'Devices', href: carryShared('/devices', query) }, { label: device.name }]}
    >
      <DeviceHead at={at} view={view} diagnosis={diagnosis} />
      <div className="cols device">
        <div>
          <Story at={at} view={view} sessions={found.sessions} annotations={found.annotations} />
          <Sessions at={at} id={id} found={found.sessions} />
          <DeviceRefusals sessions={found.sessions.items} query={query} nowMs={nowMs} />
        </div>
        <div>
          <Why found={diagnosis} query={query} nowMs={nowMs} />
          <Next found={diagnosis} query={query} nowMs={nowMs} device={device} isViewer={isViewer} />
          <DeviceDeadToken use={found.deadToken} query={query} nowMs={nowMs} />
          <DeviceDeadLetters found={found.letters} query={query} nowMs={nowMs} />
          <DeviceConflicts found={found.conflicts} query={query} nowMs={nowMs} />
          {device.source === undefined ? null : (
            <ToldLogs
              logs={found.logs}
              source={device.source}
              note="its newest warnings and errors"
              nowMs={nowMs}
            />
          )}
          <DeviceQueue device={device} nowMs={nowMs} />
          <DeviceCommands commands={device.commands} nowMs={nowMs} />
          {device.source === undefined ? (
            <>
              <DeviceClock device={device} nowMs={nowMs} />
              <DeviceDiagnostics rows={found.diagnostics} fleetId={at.fleet.id} nowMs={nowMs} />
            </>
          ) : null}
          <DeviceFacts device={device} nowMs={nowMs} />
        </div>
      </div>
    </ConsolePage>
  )
}

function DeviceHead({ at, view, diagnosis }: { at: Visit; view: DeviceView; diagnosis: Diagnosis }) {
  const { device, pending } = view
  const { report } = device
  const now = at.nowMs
  return (
    <Verdict
      kind={diagnosis.level}
      sentence={diagnosis.sentence}
      facts={[
        ...(pending === null ? [] : [{ value: pendingText(pending), of: 'pending age' }]),
        // An empty queue is the evidence already; what is left to say is how old that is.
        ...(device.source !== undefined
          ? []
          : [
              report?.depth === 0
                ? { value: <Time at={report.atMs} now={now} show="age" />, of: 'last report, nothing waited' }
                : {
                    value: formatCount(report?.depth),
                    of: (
                      <>
                        in its queue, reported <Time at={report?.atMs ?? null} now={now} show="age" />
                      </>
                    ),
                  },
            ]),
        { value: <Time at={device.lastContactMs} now={now} show="age" />, of: 'last contact' },
        { value: <Time at={device.lastSessionOkMs} now={now} show="age" />, of: 'last sync that ended well' },
      ]}
      actions={
        <>
          <LinkButton href={listHref('/sessions', at.query, { device: device.id })}>Its sessions</LinkButton>
          {at.fleet.role === 'viewer' ? (
            <Status kind="unk">Operators only: your role is viewer</Status>
          ) : (
            <DeviceActions
              id={device.id}
              fleetId={at.fleet.id}
              name={device.name}
              status={device.status}
              isForeign={device.source !== undefined}
            />
          )}
        </>
      }
    />
  )
}

type Found = OfDevice['sessions']

/** Its states and the age of its oldest change, over the time of the sessions that were read. */
function Story({
  at,
  view,
  sessions,
  annotations,
}: {
  at: Visit
  view: DeviceView
  sessions: Found
  annotations: OfDevice['annotations']
}) {
  const { nowMs, span } = at
  const segments = withRests(sessions.items.toReversed().map(runOf), at.fleet.intervalMs)
  const fromMs = Math.max(segments[0]?.startMs ?? span.fromMs, span.fromMs)
  const toMs = Math.max(span.toMs, fromMs + 1)
  // Of a time that is over the last report tells nothing.
  const isNow = span.toMs >= nowMs
  const warnMs = at.fleet.limits.oldestWarnMs
  const marks = marksOf(annotations)
  const legend = marksLegend(marks.filter(({ t }) => t >= fromMs))
  return (
    <>
      {segments.length === 0 ? null : (
        <Section
          title={isNow ? lanesSentence(sessions.items, nowMs) : 'What it was doing'}
          note={`the states of ${sessions.more ? 'the newest ' : ''}${formatCount(sessions.items.length)} sessions`}
        >
          <SessionLanes
            segments={segments}
            fromMs={fromMs}
            toMs={toMs}
            label="States of the device over time"
            marks={laneMarks(sessions.items, view.device.commands, fromMs)}
          />
        </Section>
      )}
      {view.device.source === undefined ? (
        <Section
          title={isNow ? ageSentence(view, warnMs) : 'How long its oldest change had waited'}
          note="pending age; dotted: silent, a lower bound"
        >
          <PendingChart
            pieces={agePieces(sessions.items, isNow ? view : null, nowMs)}
            fromMs={fromMs}
            toMs={toMs}
            warnMs={warnMs}
            marks={marks}
            label="Age of the oldest change that waits on the device"
          />
          {legend === null ? null : <p className="sub">{legend}</p>}
        </Section>
      ) : null}
    </>
  )
}

function Sessions({ at, id, found }: { at: Visit; id: string; found: Found }) {
  const more = found.more || found.items.length > SESSIONS_LISTED_MAX
  return (
    <Section
      title={sessionsSentence(
        found.items,
        { q: '', more: found.more, later: false },
        at.span.label.toLowerCase(),
      )}
      note={
        more ? (
          <>
            the newest {SESSIONS_LISTED_MAX} here,{' '}
            <Link className="link" href={listHref('/sessions', at.query, { device: id })}>
              all of them
            </Link>
          </>
        ) : undefined
      }
    >
      <SessionsTable
        rows={found.items.slice(0, SESSIONS_LISTED_MAX)}
        query={at.query}
        nowMs={at.nowMs}
        empty={<EmptyState title="It told of none" detail="Take a longer range." />}
      />
    </Section>
  )
}

export default keptPage(DevicePage)
