import { formatBytes, formatCount, formatDuration, plural, shortId } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ShownDevice } from '#lib/application/devices/get-device.ts'
import { offsetText } from '../device-words.ts'
import type { OfDevice } from './read-of-device.ts'

type Props = { device: ShownDevice; nowMs: number }

export function DeviceFacts({ device, nowMs }: Props) {
  const access = Object.entries(device.access)
  return (
    <Section title="What it is">
      <KeyValue
        items={[
          { key: 'App', value: `${device.appVersion} on ${device.platform}` },
          ...(device.source === undefined ? [] : [{ key: 'Syncs with', value: device.source }]),
          ...(device.model === undefined ? [] : [{ key: 'Model', value: device.model }]),
          ...(device.os === undefined ? [] : [{ key: 'System', value: device.os }]),
          { key: 'Enrolled', value: <Time at={device.enrolledAtMs} now={nowMs} /> },
          { key: 'Last sync that ended well', value: <Time at={device.lastSessionOkMs} now={nowMs} /> },
          ...(access.length === 0
            ? []
            : [
                {
                  key: 'May use',
                  value: access
                    .map(([name, right]) => `${name === '*' ? 'all collections' : name}: ${right}`)
                    .join(', '),
                },
              ]),
          ...(device.linkedIds.length === 0
            ? []
            : [
                {
                  key: 'Linked after a fork',
                  value: <span className="mono">{device.linkedIds.map(shortId).join(', ')}</span>,
                },
              ]),
          { key: 'Device', value: <span className="mono">{device.id}</span> },
        ]}
      />
    </Section>
  )
}

/** The device's clock against the server's, as it last measured it. */
export function DeviceClock({ device: { report, clockJumps }, nowMs }: Props) {
  const jumps =
    clockJumps === null
      ? [{ key: 'Steps', value: 'none seen' }]
      : [
          { key: 'Steps', value: formatCount(clockJumps.count) },
          { key: 'Last step', value: <Time at={clockJumps.last.atMs} now={nowMs} /> },
          {
            key: 'It went from',
            value: `${offsetText(clockJumps.last.fromOffsetMs)} to ${offsetText(clockJumps.last.toOffsetMs)}`,
          },
        ]
  return (
    <Section title={clockTitle(report?.offsetMs ?? null, clockJumps?.count ?? 0)}>
      <KeyValue
        items={[
          { key: 'Against the server', value: offsetText(report?.offsetMs ?? null) },
          { key: 'Round trip', value: formatDuration(report?.rttMs) },
          ...jumps,
        ]}
      />
    </Section>
  )
}

function clockTitle(offsetMs: number | null, jumps: number): string {
  if (offsetMs === null) return 'Its clock is not known'
  const stepped = jumps === 0 ? '' : `, and stepped ${plural(jumps, 'time')}`
  return Math.abs(offsetMs) < 1_000
    ? `Its clock is right within a second${stepped}`
    : `Its clock is ${offsetText(offsetMs)}${stepped}`
}

/** Changes by collection; a device tells them for some. */
export function DeviceQueue({ device: { report }, nowMs }: Props) {
  if (report === null || report.depth === 0) return null
  const parts = Object.entries(report.byCollection).filter(([, depth]) => depth > 0)
  return (
    <Section title={`${plural(report.depth, 'change')} waiting`} note={<Time at={report.atMs} now={nowMs} />}>
      <KeyValue
        items={[
          { key: 'Oldest made', value: <Time at={report.oldestMadeAtMs} now={nowMs} /> },
          ...parts.map(([name, depth]) => ({ key: name, value: formatCount(depth) })),
        ]}
      />
    </Section>
  )
}

/** What it sent of itself; null for who may not read it. */
export function DeviceDiagnostics({
  rows,
  fleetId,
  nowMs,
}: {
  rows: OfDevice['diagnostics']
  fleetId: string
  nowMs: number
}) {
  if (rows === null) return null
  return (
    <Section
      title={rows.length === 0 ? 'It sent no diagnostics' : `${plural(rows.length, 'report')} of its own`}
    >
      {rows.length === 0 ? (
        <p className="sub">Ask for them under Actions.</p>
      ) : (
        <KeyValue
          items={rows.map((row) => ({
            key: formatBytes(row.bytes),
            value: (
              <a
                className="link"
                href={`/api/admin/v1/devices/${row.deviceId}/diagnostics/${row.id}?fleet=${fleetId}`}
              >
                <Time at={row.receivedAtMs} now={nowMs} />
              </a>
            ),
          }))}
        />
      )}
    </Section>
  )
}
