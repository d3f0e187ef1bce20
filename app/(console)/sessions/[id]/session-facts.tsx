import { KeyValue } from '#components/ui/key-value.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import type { SessionRow } from '../session-row.ts'

export function SessionFacts({
  session,
  query,
  nowMs,
}: {
  session: SessionRow
  query: string
  nowMs: number
}) {
  const told = session.mode ?? 'not reported'
  const mode = session.fullReason === undefined ? told : `${told}, ${session.fullReason.replaceAll('_', ' ')}`
  const refused = session.localRefusals ?? []
  return (
    <Section title="Who and when">
      <KeyValue
        items={[
          {
            key: 'Device',
            value: (
              <Link className="link" href={carryShared(`/devices/${session.deviceId}`, query)}>
                {session.deviceName}
              </Link>
            ),
          },
          { key: 'App', value: `${session.appVersion} on ${session.platform}` },
          ...(session.source === undefined ? [] : [{ key: 'Told by', value: session.source }]),
          { key: 'Mode', value: mode },
          { key: 'Started', value: <Time at={session.startedAtMs} now={nowMs} /> },
          {
            key: 'Ended',
            value: session.inferred ? 'not known' : <Time at={session.endedAtMs} now={nowMs} />,
          },
          { key: 'Told to the server', value: <Time at={session.receivedAtMs} now={nowMs} /> },
          ...(session.source === undefined
            ? [
                { key: 'Refused on the device', value: formatCount(refused.length) },
                { key: 'Illegal transitions', value: formatCount(session.illegalTransitions) },
              ]
            : []),
          { key: 'Session', value: <span className="mono">{session.sessionId}</span> },
        ]}
      />
    </Section>
  )
}
