import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatDuration, plural, shortId } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status, type StatusKind } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { SessionRow } from '../session-row.ts'

type Props = { session: SessionRow; nowMs: number }

/** The requests of a session, each with its answer. */
export function SessionAttempts({ session, nowMs }: Props) {
  const bad = session.attempts.filter(({ status }) => answerKind(status) !== 'ok').length
  const all = plural(session.attempts.length, 'request')
  return (
    <Section title={bad === 0 ? `${all}, all answered well` : `${bad} of ${all} not answered well`}>
      <DataTable
        label="Requests of the session"
        columns={[
          {
            key: 'at',
            header: 'Sent',
            cell: ({ startedAt }) => (
              <Time at={Date.parse(startedAt) + session.offsetMs} now={nowMs} show="exact" />
            ),
          },
          {
            key: 'after',
            header: 'After',
            align: 'end',
            hideOnPhone: true,
            cell: ({ startedAt }) => afterText(session, startedAt),
          },
          { key: 'kind', header: 'Request', cell: ({ kind }) => kind },
          {
            key: 'status',
            header: 'Answer',
            cell: ({ status, code }) => (
              <Status kind={answerKind(status)}>
                {status === 0 ? 'no answer' : `${status}${code === undefined ? '' : ` ${code}`}`}
              </Status>
            ),
          },
          {
            key: 'id',
            header: 'Request id',
            hideOnPhone: true,
            cell: ({ requestId }) => (
              <span className="mono">{requestId === undefined ? 'none' : shortId(requestId)}</span>
            ),
          },
          { key: 'took', header: 'Took', align: 'end', cell: ({ durationMs }) => formatDuration(durationMs) },
        ]}
        rows={session.attempts}
        rowKey={({ startedAt, kind, requestId }) => `${startedAt} ${kind} ${requestId ?? ''}`}
        empty={<EmptyState title="It sent no request that it told of" />}
      />
    </Section>
  )
}

/** How long after the session's start; both are told by the server's clock. */
const afterText = ({ startedAtMs, offsetMs }: SessionRow, at: string): string =>
  `+${formatDuration(Math.max(0, Date.parse(at) + offsetMs - startedAtMs))}`

/** 503 and 429 are a wish to wait, not a failure. */
function answerKind(status: number): StatusKind {
  if (status === 0) return 'unk'
  if (status === 503 || status === 429) return 'held'
  return status >= 400 ? 'crit' : 'ok'
}

/** The state machine's steps, as the device told them. */
export function SessionTransitions({ session, nowMs }: Props) {
  return (
    <Section title={`${plural(session.transitions.length, 'transition')} of its state machine`}>
      <DataTable
        label="Transitions of the session"
        columns={[
          {
            key: 'at',
            header: 'At',
            cell: ({ at }) => <Time at={Date.parse(at) + session.offsetMs} now={nowMs} show="exact" />,
          },
          { key: 'after', header: 'After', align: 'end', cell: ({ at }) => afterText(session, at) },
          // The row above ends with it: on a phone there is room for one of them.
          { key: 'from', header: 'From', hideOnPhone: true, cell: ({ from }) => from },
          { key: 'event', header: 'Event', cell: ({ event }) => <span className="mono">{event}</span> },
          { key: 'to', header: 'To', cell: ({ to }) => <b>{to}</b> },
        ]}
        rows={session.transitions.map((transition, index) => ({ ...transition, index }))}
        rowKey={({ index }) => String(index)}
        empty={<EmptyState title="No transition was told" />}
      />
    </Section>
  )
}
