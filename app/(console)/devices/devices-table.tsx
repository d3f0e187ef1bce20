import type { ReactNode } from 'react'
import { STATE_WORDS } from '#components/charts/session-states.ts'
import { DataTable, type Column } from '#components/table/data-table.tsx'
import { formatCount } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeviceView } from '#lib/application/devices/device-views.ts'
import { offsetText, pendingText } from './device-words.ts'

export function DevicesTable({
  rows,
  query,
  nowMs,
  empty,
}: {
  rows: readonly DeviceView[]
  query: string
  nowMs: number
  empty: ReactNode
}) {
  return (
    <DataTable
      label="Devices, by last contact"
      columns={columns(nowMs)}
      rows={rows}
      rowKey={({ device }) => device.id}
      rowHref={({ device }) => carryShared(`/devices/${device.id}`, query)}
      empty={empty}
    />
  )
}

function columns(nowMs: number): readonly Column<DeviceView>[] {
  return [
    { key: 'name', header: 'Device', cell: ({ device }) => <b>{device.name}</b> },
    { key: 'state', header: 'State', cell: (row) => <State row={row} /> },
    {
      key: 'contact',
      header: 'Last contact',
      cell: ({ device }) =>
        device.lastContactMs === null ? (
          <span className="den">never</span>
        ) : (
          <Time at={device.lastContactMs} now={nowMs} show="age" />
        ),
    },
    {
      key: 'pending',
      header: 'Pending age',
      align: 'end',
      cell: ({ pending }) => pendingText(pending) ?? <span className="den">nothing waits</span>,
    },
    { key: 'queue', header: 'Queue', align: 'end', cell: (row) => <Queue row={row} nowMs={nowMs} /> },
    { key: 'version', header: 'App', hideOnPhone: true, cell: ({ device }) => device.appVersion },
    { key: 'platform', header: 'Platform', hideOnPhone: true, cell: ({ device }) => device.platform },
    {
      key: 'clock',
      header: 'Clock',
      align: 'end',
      hideOnPhone: true,
      cell: ({ device }) => offsetText(device.report?.offsetMs ?? null),
    },
  ]
}

function State({ row: { device, state } }: { row: DeviceView }) {
  if (device.status === 'revoked') return <Status kind="unk">revoked</Status>
  if (device.status === 'paused') return <Status kind="held">paused</Status>
  if (state.state === null) return <Status kind="unk">never heard</Status>
  const kind = STATE_WORDS[state.state].status
  const word = state.inferredOffline ? 'offline, by silence' : state.state
  if (kind !== null) return <Status kind={kind}>{word}</Status>
  return state.state === 'offline' ? <Status kind="unk">{word}</Status> : word
}

function Queue({ row: { device }, nowMs }: { row: DeviceView; nowMs: number }) {
  const { report } = device
  if (report === null) return <span className="den">not known</span>
  return (
    <>
      {formatCount(report.depth)}{' '}
      <span className="den hide-phone">
        <Time at={report.atMs} now={nowMs} show="age" />
      </span>
    </>
  )
}
