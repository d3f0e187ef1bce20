import type { ReactNode } from 'react'
import { SessionStrip } from '#components/charts/session-timeline.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { formatCount, formatDuration } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { SessionRow } from './session-row.ts'
import { ownSegmentsOf } from './session-segments.ts'
import { RESULT_KINDS } from './session-words.ts'

export const SESSIONS_LABEL = 'Sessions, newest first'

/** What a list shows of a session. @param nowMs when the rows were read */
export function sessionColumns(nowMs: number): readonly Column<SessionRow>[] {
  return [
    {
      key: 'ended',
      header: 'Ended',
      cell: (row) => <Time at={row.endedAtMs} now={nowMs} show="clock" />,
    },
    {
      key: 'device',
      header: 'Device',
      cell: (row) => (
        <>
          <b>{row.deviceName}</b>{' '}
          <span className="den hide-phone">
            {`${row.appVersion} ${row.platform}${row.source === undefined ? '' : `, ${row.source}`}`}
          </span>
        </>
      ),
    },
    { key: 'mode', header: 'Mode', hideOnPhone: true, cell: (row) => row.mode ?? NOT_REPORTED },
    {
      key: 'result',
      header: 'Result',
      cell: (row) => <Status kind={RESULT_KINDS[row.result]}>{row.result}</Status>,
    },
    {
      key: 'states',
      header: 'States',
      hideOnPhone: true,
      cell: (row) => <States row={row} />,
    },
    {
      key: 'work',
      header: 'Pushed / pulled',
      align: 'end',
      cell: (row) => `${numberOr(row.pushed)} / ${numberOr(row.pulled)}`,
    },
    {
      key: 'conflicts',
      header: 'Conflicts',
      align: 'end',
      hideOnPhone: true,
      cell: (row) => count(row.conflicts),
    },
    { key: 'dead', header: 'Dead', align: 'end', hideOnPhone: true, cell: (row) => count(row.deadLettered) },
    {
      key: 'took',
      header: 'Took',
      align: 'end',
      cell: (row) => (row.inferred ? 'not known' : formatDuration(row.endedAtMs - row.startedAtMs)),
    },
  ]
}

/** A session may have told of no state, or of none within its own time. */
function States({ row }: { row: SessionRow }) {
  const segments = ownSegmentsOf(row)
  if (segments.length === 0) return <span className="den">not told</span>
  return <SessionStrip segments={segments} />
}

/** What an engine doesn't report is no zero. */
const NOT_REPORTED = <span className="den">not reported</span>
const numberOr = (value: number | null): string => (value === null ? '–' : formatCount(value))

function count(value: number | null): ReactNode {
  if (value === null) return NOT_REPORTED
  return value === 0 ? <span className="den">0</span> : <b>{formatCount(value)}</b>
}
