import type { Column } from '#components/table/table-cells.tsx'
import { shortId } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ConflictRow } from './conflict-row.ts'
import { fieldsWords, pairWords, standing, type WaitLimits } from './desk-words.ts'

/** What a list shows of a conflict. @param nowMs when the rows were read */
export function conflictColumns(nowMs: number, limits: WaitLimits): readonly Column<ConflictRow>[] {
  return [
    {
      key: 'status',
      header: 'Status',
      cell: (row) => {
        const { kind, word } = standing(row, nowMs, limits)
        const [first, ...rest] = word.split(' ')
        return (
          <Status kind={kind}>
            {first}
            {rest.length === 0 ? null : <span className="hide-phone"> {rest.join(' ')}</span>}
          </Status>
        )
      },
    },
    {
      key: 'arose',
      header: 'Arose',
      cell: (row) => <Time at={row.createdAtMs} now={nowMs} show="age" />,
    },
    {
      key: 'record',
      header: 'Record',
      cell: (row) => (
        <>
          {row.collection} <span className="mono hide-phone">{shortId(row.recordId)}</span>
        </>
      ),
    },
    {
      key: 'fields',
      header: 'Over',
      cell: (row) => (
        <span className="mono desk-over" title={fieldsWords(row.fields)}>
          {fieldsWords(row.fields)}
        </span>
      ),
    },
    { key: 'device', header: 'Device', hideOnPhone: true, cell: (row) => <b>{row.deviceName}</b> },
    { key: 'versions', header: 'App versions', hideOnPhone: true, cell: pairWords },
    { key: 'strategy', header: 'Strategy', hideOnPhone: true, cell: (row) => row.strategy },
    {
      key: 'assigned',
      header: 'Assigned',
      hideOnPhone: true,
      cell: (row) => row.assigned ?? <span className="den">nobody</span>,
    },
  ]
}
