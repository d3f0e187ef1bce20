import { STATE_WORDS } from '#components/charts/session-states.ts'
import type { Column } from '#components/table/table-cells.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeviceView } from '#lib/application/devices/device-views.ts'
import type { DeviceSort } from '#lib/query/device-fields.ts'
import { offsetText, pendingText } from './device-words.ts'
import { SORT_WORDS } from './sort-words.ts'

/** What the list shows of a device. @param nowMs when the rows were read */
export function deviceColumns(
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
