import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatDuration, plural, shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status, type StatusKind } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { SessionDetail } from '../session-row.ts'

type Change = SessionDetail['changes'][number]

const KINDS: Record<Change['result']['status'], StatusKind> = {
  applied: 'ok',
  merged: 'ok',
  superseded: 'warn',
  conflict: 'warn',
  dead_lettered: 'crit',
}

const none = <span className="den">none</span>

/** What this session pushed, and what became of it. */
export function SessionMutations({
  detail,
  query,
  nowMs,
}: {
  detail: SessionDetail
  query: string
  nowMs: number
}) {
  const { changes } = detail
  return (
    <Section
      title={`${plural(changes.length, 'change')} had an effect`}
      note="oldest first; upload lag is committed − made"
    >
      <DataTable
        label="Changes pushed in the session"
        columns={[
          {
            key: 'made',
            header: 'Made',
            cell: (row) => <Time at={row.correctedMadeAtMs} now={nowMs} show="clock" />,
          },
          {
            key: 'op',
            header: 'Change',
            cell: ({ mutation }) => `${mutation.op.type} ${mutation.collection}`,
          },
          {
            key: 'record',
            header: 'Record',
            hideOnPhone: true,
            cell: ({ mutation }) => <span className="mono">{shortId(mutation.recordId)}</span>,
          },
          { key: 'result', header: 'Result', cell: (row) => <Result change={row} query={query} /> },
          {
            key: 'version',
            header: 'Version',
            align: 'end',
            hideOnPhone: true,
            cell: ({ version }) => (version === null ? none : `v${version}`),
          },
          {
            key: 'lag',
            header: 'Upload lag',
            align: 'end',
            cell: ({ version, committedAtMs, correctedMadeAtMs }) =>
              version === null ? none : formatDuration(Math.max(0, committedAtMs - correctedMadeAtMs)),
          },
        ]}
        rows={changes}
        rowKey={({ mutation }) => mutation.id}
        empty={<EmptyState title="It pushed nothing that had an effect" />}
      />
    </Section>
  )
}

function Result({ change: { result }, query }: { change: Change; query: string }) {
  const status = <Status kind={KINDS[result.status]}>{result.status.replaceAll('_', ' ')}</Status>
  if (result.status !== 'dead_lettered') return status
  return (
    <>
      {status}{' '}
      <Link className="link mono" href={carryShared(`/dead-letters/${result.deadLetterId}`, query)}>
        {result.code}
      </Link>
    </>
  )
}
