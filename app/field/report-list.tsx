import { useCallback, useState } from 'react'
import { PendingMark } from '#components/status/pending-mark.tsx'
import { DeadLetterNotice } from '#components/status/dead-letter-notice.tsx'
import { recoverySentence } from '#components/status/recovery-words.ts'
import { useConflicts, useRecords, useSyncStatus } from '#components/status/use-replica.ts'
import { formatCount, plural } from '#components/ui/format.ts'
import { TextField } from '#components/ui/field.tsx'
import { Status } from '#components/ui/status.tsx'
import type { RecordView } from '#lib/client/collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ConflictNotice } from '#lib/client/tables.ts'
import { newestReports } from './newest-reports.ts'
import { labelOf, REPORTS } from './report-fields.ts'
import { useLostWork } from './use-lost-work.ts'
import { changedTitle, reportTitle, undecidedTitle, unlisted } from './report-title.ts'

/** A screenful or a few: the rest follows on demand. */
const PAGE = 50

/** The reports on this device, newest first, with what is special about each. */
export function ReportList({ replica }: { replica: Replica }) {
  const read = useCallback(() => newestReports(replica.collection(REPORTS)), [replica])
  const reports = useRecords(replica, read)
  const records = reports?.newest
  const { fleetId, lastSyncedAt, storeHealth } = useSyncStatus(replica)
  const lost = useLostWork(replica)
  const conflicts = useConflicts(replica)
  const [search, setSearch] = useState('')
  const [shown, setShown] = useState(PAGE)
  const found = (records ?? []).filter((record) => matches(record, search))
  return (
    <>
      <div className="field-title">
        <h1>{reports === undefined ? 'Reports' : plural(reports.total, 'report')}</h1>
        <a className="btn primary" href="#/new">
          New report
        </a>
      </div>
      {lost === null ? null : (
        <p role="status">
          <Status kind="crit">Changes lost</Status> {recoverySentence(lost)}{' '}
          <a className="link" href="#/device">
            What was lost
          </a>
        </p>
      )}
      <Undecided conflicts={conflicts} records={records} />
      <DeadLetterNotice
        replica={replica}
        describe={(change) => changedTitle(change, records?.find(({ id }) => id === change.recordId)?.data)}
        label={labelOf}
      />
      <TextField
        label="Search"
        type="search"
        placeholder="Airport, species, tag…"
        value={search}
        onChange={(event) => {
          setSearch(event.target.value)
          setShown(PAGE)
        }}
      />
      {reports !== undefined && reports.total > reports.newest.length ? (
        <p className="sub">
          The newest {formatCount(reports.newest.length)} are listed and searched. Older ones are kept on this
          device too; their own links open them.
        </p>
      ) : null}
      {records !== undefined && found.length === 0 ? (
        <p>
          {search !== ''
            ? 'No report matches.'
            : storeHealth === 'rebuilding'
              ? 'The reports are read anew as soon as the server can be reached.'
              : fleetId === null
                ? 'No reports yet. You can write one now: it is sent once this device is connected.'
                : lastSyncedAt === null
                  ? 'No reports on this device yet.'
                  : 'Nobody has filed a report yet.'}
        </p>
      ) : null}
      <ul className="reports">
        {found.slice(0, shown).map((record) => (
          <li key={record.id}>
            <a href={`#/report/${record.id}`}>
              <b>{reportTitle(record.data)}</b>
              <span className="sub">
                {String(record.data['flightDate'] ?? '')} · {String(record.data['status'] ?? '')}
              </span>
              <PendingMark record={record} />
            </a>
          </li>
        ))}
      </ul>
      {found.length > shown ? (
        <div className="acts">
          <button type="button" className="btn" onClick={() => setShown(shown + PAGE)}>
            Show more of {formatCount(found.length)}
          </button>
        </div>
      ) : null}
    </>
  )
}

/** What waits for the person, with those reports that are in no list because one side removed them. */
function Undecided({
  conflicts,
  records,
}: {
  conflicts: readonly ConflictNotice[]
  records: readonly RecordView[] | undefined
}) {
  const unseen = records === undefined ? [] : unlisted(conflicts, REPORTS, records)
  if (conflicts.length === 0) return null
  return (
    <>
      <p role="status">
        {plural(conflicts.length, 'report')} {conflicts.length === 1 ? 'waits' : 'wait'} for your decision:
        open what is marked “To decide”.
      </p>
      {unseen.length === 0 ? null : (
        <ul className="reports">
          {unseen.map(({ recordId, record }) => (
            <li key={recordId}>
              <a href={`#/report/${recordId}`}>
                <b>{undecidedTitle(record?.data ?? null)}</b>
                <Status kind="warn">To decide</Status>
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

const SEARCHED = ['airportName', 'species', 'aircraft', 'operator', 'status', 'tags']

const matches = ({ data }: RecordView, search: string): boolean =>
  SEARCHED.some((field) =>
    String(data[field] ?? '')
      .toLowerCase()
      .includes(search.trim().toLowerCase()),
  )
