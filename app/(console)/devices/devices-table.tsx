import type { ReactNode } from 'react'
import { STATE_WORDS } from '#components/charts/session-states.ts'
import { DataTable, type Column } from '#components/table/data-table.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeviceView } from '#lib/application/devices/device-views.ts'
import type { DeviceSort } from '#lib/query/device-fields.ts'
import { offsetText, pendingText } from './device-words.ts'

export function DevicesTable({
  rows,
  sort,
  query,
  nowMs,
  empty,
}: {
  rows: readonly DeviceView[]
  sort: DeviceSort
  query: string
  nowMs: number
  empty: ReactNode
}) {
  return (
    <DataTable
      label={`Devices, ${SORT_WORDS[sort]}`}
      columns={columns(nowMs, sort, (to) => withParams('/devices', query, { sort: to, cursor: null }))}
      rows={rows}
      rowKey={({ device }) => device.id}
      rowHref={({ device }) => carryShared(`/devices/${device.id}`, query)}
      empty={empty}
    />
  )
}

/** Each order in words; it has one direction, the one that is asked for at night. */
export const SORT_WORDS: Readonly<Record<DeviceSort, string>> = {
  contact: 'by last contact, newest first',
  pending: 'by pending age, oldest first',
  queue: 'by queue, longest first',
  name: 'by name',
}

function columns(
  nowMs: number,
  sort: DeviceSort,
  hrefFor: (sort: DeviceSort) => string,
): readonly Column<DeviceView>[] {
  const sorted = (by: DeviceSort, header: string, direction: 'ascending' | 'descending') => ({
    header: (
      <Link className="sort" href={hrefFor(by)} scroll={false} title={SORT_WORDS[by]}>
        {header}
        {sort === by ? <Icon name={direction === 'ascending' ? 'up' : 'down'} /> : null}
      </Link>
    ),
    ...(sort === by ? { sorted: direction } : {}),
  })
  return [
    {
      key: 'name',
      ...sorted('name', 'Device', 'ascending'),
      cell: ({ device }) => (
        <>
          <b>{device.name}</b>{' '}
          {device.source === undefined ? null : <span className="den">{device.source}</span>}
        </>
      ),
    },
    { key: 'state', header: 'State', cell: (row) => <State row={row} /> },
    {
      key: 'contact',
      ...sorted('contact', 'Last contact', 'descending'),
      cell: ({ device }) =>
        device.lastContactMs === null ? (
          <span className="den">never</span>
        ) : (
          <Time at={device.lastContactMs} now={nowMs} show="age" />
        ),
    },
    {
      key: 'pending',
      ...sorted('pending', 'Pending age', 'descending'),
      align: 'end',
      cell: ({ device, pending }) =>
        pendingText(pending) ?? (
          <span className="den">{device.source === undefined ? 'nothing waits' : 'not reported'}</span>
        ),
    },
    {
      key: 'queue',
      ...sorted('queue', 'Queue', 'descending'),
      align: 'end',
      cell: (row) => <Queue row={row} nowMs={nowMs} />,
    },
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
  if (report === null)
    return <span className="den">{device.source === undefined ? 'not known' : 'not reported'}</span>
  return (
    <>
      {formatCount(report.depth)}{' '}
      <span className="den hide-phone">
        <Time at={report.atMs} now={nowMs} show="age" />
      </span>
    </>
  )
}
