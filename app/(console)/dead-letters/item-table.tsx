import { DataTable } from '#components/table/data-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { plural, shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import type { Visit } from '../viewer.ts'
import { lettersHref, STATUSES } from './letter-links.ts'
import { outcomeKind, outcomeWords } from './letter-words.ts'

type Letters = Awaited<ReturnType<typeof listDeadLetters>>['items']

/** The second pane: the letters of one cause, newest first. */
export function ItemTable({
  at,
  groupId,
  status,
  items,
  nextCursor,
  currentId,
}: {
  at: Visit
  /** Null where the address asks for letters of several. */
  groupId: string | null
  status: string | null
  items: Letters
  nextCursor: string | null
  currentId: string | null
}) {
  const place = { path: '/dead-letters', query: at.query }
  return (
    <section className="items" aria-label="Dead letters of this cause">
      <div className="pane-head">
        <h2>{plural(items.length, 'letter')}</h2>
        <span className="r">
          {STATUSES.map((option) => (
            <Link
              key={option}
              className="chip"
              href={lettersHref(at.query, { groupId, status: option })}
              aria-current={option === status ? 'true' : undefined}
              scroll={false}
            >
              {option}
            </Link>
          ))}
        </span>
      </div>
      <DataTable
        label="Dead letters, newest first"
        columns={[
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
          {
            key: 'arrived',
            header: 'Arrived',
            sorted: 'descending',
            cell: ({ createdAtMs }) => <Time at={createdAtMs} now={at.nowMs} show="clock" />,
          },
          { key: 'replay', header: 'Last replay', cell: (letter) => <LastReplay letter={letter} /> },
        ]}
        rows={items}
        rowKey={({ id }) => id}
        rowHref={({ id, status: own }) => lettersHref(at.query, { groupId, status: own }, id)}
        empty={
          <div className="pane-body">
            <EmptyState title={`No ${status === null ? '' : `${status} `}dead letter here`} />
          </div>
        }
      />
      {items.length === 0 ? null : <Pager place={place} shown={items.length} nextCursor={nextCursor} />}
    </section>
  )
}

function LastReplay({ letter: { lastReplay } }: { letter: Letters[number] }) {
  if (lastReplay === null) return <span className="den">none</span>
  return (
    <span title={outcomeWords(lastReplay.status)}>
      <Status kind={outcomeKind(lastReplay.status)}>{lastReplay.status.replaceAll('_', ' ')}</Status>
    </span>
  )
}
