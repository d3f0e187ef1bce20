import type { Metadata } from 'next'
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
import { getDevice } from '#lib/application/devices/get-device.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import { listHref } from '../../overview/overview-links.ts'
import type { ItemProps } from '../../search-params.ts'
import { sessionsSentence } from '../../sessions/session-words.ts'
import { segmentsOf } from '../../sessions/session-segments.ts'
import { SessionsTable } from '../../sessions/sessions-table.tsx'
import { itemId, orNotFound, visit, type Visit } from '../../viewer.ts'
import { deviceViews, type DeviceView } from '#lib/application/devices/device-views.ts'
import { pendingText } from '../device-words.ts'
import { DeviceActions } from './device-actions.tsx'
import { DeviceClock, DeviceDiagnostics, DeviceFacts, DeviceQueue } from './device-facts.tsx'
import { DeviceCommands, DeviceConflicts, DeviceDeadLetters, DeviceRefusals } from './device-troubles.tsx'
import { deviceVerdict } from './device-verdict.ts'
import { readOfDevice } from './read-of-device.ts'

export const metadata: Metadata = { title: 'Device · Tidemark' }

/** One device: how it stands, what happened on it, and what can be told to it. */
async function DevicePage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/devices/${id}`, searchParams)
  const device = await orNotFound(getDevice(at.ctx, { actor: at.actor, fleetId: at.fleet.id, id }))
  const found = await readOfDevice(at, id)
  const view = deviceViews([device], at.nowMs, at.fleet.intervalMs)[0] as DeviceView
  const sessions = found.sessions.items
  const segments = sessions.toReversed().flatMap(segmentsOf)
  const words = sessionsSentence(
    sessions,
    { q: '', more: found.sessions.more, later: false },
    at.span.label.toLowerCase(),
  )
  return (
    <ConsolePage
      at={at}
      range
      crumbs={[{ label: 'Devices', href: carryShared('/devices', at.query) }, { label: device.name }]}
    >
      <DeviceHead at={at} view={view} />
      <div className="cols">
        <div>
          {segments.length === 0 ? null : (
            <Section title="What it was doing" note="a lane for each state of the sessions below">
              <SessionLanes
                segments={segments}
                fromMs={segments[0]?.startMs ?? 0}
                toMs={Math.max(at.nowMs, (segments[0]?.startMs ?? 0) + 1)}
                label="States of the device over time"
              />
            </Section>
          )}
          <Section
            title={words}
            note={
              found.sessions.more ? (
                <Link className="link" href={listHref('/sessions', at.query, { device: id })}>
                  all of them
                </Link>
              ) : undefined
            }
          >
            <SessionsTable
              rows={sessions}
              query={at.query}
              nowMs={at.nowMs}
              ofOne
              empty={<EmptyState title="It told of none" detail="Take a longer range." />}
            />
          </Section>
          <DeviceRefusals sessions={sessions} query={at.query} nowMs={at.nowMs} />
        </div>
        <div>
          <DeviceDeadLetters found={found.letters} query={at.query} nowMs={at.nowMs} />
          <DeviceConflicts found={found.conflicts} query={at.query} nowMs={at.nowMs} />
          <DeviceQueue device={device} nowMs={at.nowMs} />
          <DeviceCommands commands={device.commands} nowMs={at.nowMs} />
          <DeviceClock device={device} nowMs={at.nowMs} />
          <DeviceDiagnostics rows={found.diagnostics} fleetId={at.fleet.id} nowMs={at.nowMs} />
          <DeviceFacts device={device} nowMs={at.nowMs} />
        </div>
      </div>
    </ConsolePage>
  )
}

function DeviceHead({ at, view }: { at: Visit; view: DeviceView }) {
  const { device, pending } = view
  const { report } = device
  const now = at.nowMs
  return (
    <Verdict
      {...deviceVerdict(view, now, at.fleet.limits.oldestWarnMs)}
      facts={[
        ...(pending === null ? [] : [{ value: pendingText(pending), of: 'pending age' }]),
        // An empty queue is the evidence already; what is left to say is how old that is.
        report?.depth === 0
          ? { value: <Time at={report.atMs} now={now} show="age" />, of: 'last report' }
          : {
              value: formatCount(report?.depth),
              of: (
                <>
                  in its queue, reported <Time at={report?.atMs ?? null} now={now} show="age" />
                </>
              ),
            },
        { value: <Time at={device.lastContactMs} now={now} show="age" />, of: 'last contact' },
      ]}
      actions={
        <>
          <LinkButton href={listHref('/sessions', at.query, { device: device.id })}>Its sessions</LinkButton>
          {at.fleet.role === 'viewer' ? (
            <Status kind="unk">Operators only: your role is viewer</Status>
          ) : (
            <DeviceActions id={device.id} fleetId={at.fleet.id} name={device.name} status={device.status} />
          )}
        </>
      }
    />
  )
}

export default keptPage(DevicePage)
