'use client'
import { useMemo } from 'react'
import { DataTable } from '#components/table/data-table.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { shortId } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { RecordStanding } from '#lib/application/dead-letters/record-standings.ts'
import type { Filter } from '#lib/query/field.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'
import { letterHref, type Status as LetterStatus } from './letter-links.ts'
import { extend, isChosen, toggle, togglePage, type Selection } from './letter-selection.ts'
import { outcomeKind, outcomeWords } from './letter-words.ts'

/** A letter as the list shows it: without its payload. */
export type LetterRow = {
  id: string
  deviceName: string
  code: string
  createdAtMs: number
  status: LetterStatus
  /** It died at each of several replays. */
  poisoned: boolean
  lastReplay: string | null
  /** How the server's record stands to it; null for one that is settled. */
  record: RecordStanding | null
}

export type ItemTableProps = {
  rows: readonly LetterRow[]
  currentId: string | null
  /** They are of several causes. */
  isMixed: boolean
  listed: Filter<LetterKey>
  query: string
  nowMs: number
  /** Null for who may do nothing with a selection. */
  choose: { selection: Selection; select: (next: Selection) => void } | null
}

/** The letters of a list, newest first; `x` chooses the one in focus, with shift all from the last one on. */
export function ItemTable(props: ItemTableProps) {
  const { rows, listed, query } = props
  return (
    <DataTable
      label="Dead letters, newest first"
      columns={useColumns(props)}
      rows={rows}
      rowKey={({ id }) => id}
      rowHref={({ id }) => letterHref(query, listed, id)}
      empty={null}
    />
  )
}

function useColumns({
  rows,
  currentId,
  isMixed,
  nowMs,
  choose,
}: ItemTableProps): readonly Column<LetterRow>[] {
  return useMemo(() => {
    const page = rows.map(({ id }) => id)
    return [
      ...(choose === null ? [] : [pickColumn(page, choose)]),
      {
        key: 'id',
        header: 'Item',
        cell: ({ id }) => (
          <b className="mono" aria-current={id === currentId ? 'true' : undefined}>
            {shortId(id)}
          </b>
        ),
      },
      { key: 'device', header: 'Device', cell: ({ deviceName }) => deviceName },
      ...(isMixed
        ? [
            {
              key: 'code',
              header: 'Code',
              hideOnPhone: true,
              cell: ({ code }: LetterRow) => <span className="mono">{code}</span>,
            },
          ]
        : []),
      {
        key: 'arrived',
        header: 'Arrived',
        sorted: 'descending',
        cell: ({ createdAtMs }) => <Time at={createdAtMs} now={nowMs} show="clock" />,
      },
      ...(rows.some(({ record }) => record !== null)
        ? [
            {
              key: 'record',
              header: 'Server record',
              hideOnPhone: true,
              cell: ({ record }: LetterRow) => <ServerRecord record={record} />,
            },
          ]
        : []),
      { key: 'replay', header: 'Last replay', cell: (letter) => <LastReplay letter={letter} /> },
    ]
  }, [rows, currentId, isMixed, nowMs, choose])
}

function pickColumn(
  page: readonly string[],
  { selection, select }: NonNullable<ItemTableProps['choose']>,
): Column<LetterRow> {
  const here = page.filter((id) => isChosen(selection, id)).length
  return {
    key: 'pick',
    control: true,
    header: (
      <label className="pick">
        <input
          type="checkbox"
          className="chk"
          checked={here === page.length}
          ref={(box) => {
            if (box !== null) box.indeterminate = here > 0 && here < page.length
          }}
          onChange={() => select(togglePage(selection, page))}
        />
        <span className="sr">All on this page</span>
      </label>
    ),
    cell: ({ id }) => (
      <label className="pick">
        <input
          type="checkbox"
          className="chk"
          checked={isChosen(selection, id)}
          onChange={({ nativeEvent }) => {
            const isRange = nativeEvent instanceof MouseEvent && nativeEvent.shiftKey
            select(isRange ? extend(selection, page, id) : toggle(selection, page, id))
          }}
        />
        <span className="sr">Select {shortId(id)}</span>
      </label>
    ),
  }
}

const RECORD_WORDS: Record<RecordStanding, string> = {
  same: 'same',
  changed: 'changed',
  deleted: 'deleted',
  none: 'none yet',
}

/** Whether somebody wrote to the record since the letter's own version of it: then a replay may go to a person. */
function ServerRecord({ record }: Pick<LetterRow, 'record'>) {
  if (record === null) return null
  const words = RECORD_WORDS[record]
  return record === 'changed' || record === 'deleted' ? <b>{words}</b> : <span className="den">{words}</span>
}

function LastReplay({ letter: { lastReplay, poisoned } }: { letter: LetterRow }) {
  if (lastReplay === null) return <span className="den">none</span>
  return (
    <span title={outcomeWords(lastReplay)}>
      <Status kind={outcomeKind(lastReplay)}>{lastReplay.replaceAll('_', ' ')}</Status>
      {poisoned ? <span className="den"> poisoned</span> : null}
    </span>
  )
}
