import { DataTable } from '#components/table/data-table.tsx'
import { plural, shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeviceCommand } from '#lib/protocol/command.ts'
import type { SessionRow } from '../../sessions/session-row.ts'
import { commandLabel, commandState, isWaiting } from './command-words.ts'
import type { OfDevice } from './read-of-device.ts'

type Found = { items: readonly unknown[]; more: boolean }
type Props<T extends Found> = { found: T; query: string; nowMs: number }

const atLeast = ({ items, more }: Found, noun: string): string =>
  `${more ? 'At least ' : ''}${plural(items.length, noun)}`

/** What of it failed for good and waits for a decision. */
export function DeviceDeadLetters({ found, query, nowMs }: Props<OfDevice['letters']>) {
  if (found.items.length === 0) return null
  return (
    <Section title={`${atLeast(found, 'dead letter')} of its own open`}>
      <DataTable
        label="Open dead letters of the device"
        columns={[
          { key: 'code', header: 'Why', cell: ({ code }) => <span className="mono">{code}</span> },
          { key: 'collection', header: 'Collection', cell: ({ mutation }) => mutation.collection },
          {
            key: 'made',
            header: 'Made',
            cell: ({ madeAtMs }) => <Time at={madeAtMs} now={nowMs} show="clock" />,
          },
        ]}
        rows={found.items}
        rowKey={({ id }) => id}
        rowHref={({ id }) => carryShared(`/dead-letters/${id}`, query)}
        empty={null}
      />
    </Section>
  )
}

/** Somebody else may have its token. */
export function DeviceDeadToken({
  use,
  query,
  nowMs,
}: {
  use: OfDevice['deadToken']
  query: string
  nowMs: number
}) {
  if (use === null) return null
  return (
    <Section title="A token of it was used after its end">
      <p>
        <Status kind="warn">Somebody may have a copy</Status> It was shown last{' '}
        <Time at={use.lastMs} now={nowMs} show="age" />, in {plural(use.uses, 'minute')} since{' '}
        <Time at={use.firstMs} now={nowMs} show="moment" />, and refused.{' '}
        <Link href={carryShared('/alerts/runbooks/dead-token', query)}>What to do</Link>
      </p>
    </Section>
  )
}

/** Its changes that met another's and wait for a person. */
export function DeviceConflicts({ found, query, nowMs }: Props<OfDevice['conflicts']>) {
  if (found.items.length === 0) return null
  return (
    <Section title={`${atLeast(found, 'conflict')} of its own open`}>
      <DataTable
        label="Open conflicts of the device"
        columns={[
          {
            key: 'record',
            header: 'Record',
            cell: ({ collection, recordId }) => (
              <>
                {collection} <span className="mono">{shortId(recordId)}</span>
              </>
            ),
          },
          {
            key: 'since',
            header: 'Since',
            cell: ({ createdAtMs }) => <Time at={createdAtMs} now={nowMs} show="clock" />,
          },
          {
            key: 'session',
            header: 'Session',
            cell: ({ sessionId }) =>
              sessionId === null ? (
                <span className="den">none</span>
              ) : (
                <Link className="link mono" href={carryShared(`/sessions/${sessionId}`, query)}>
                  {shortId(sessionId)}
                </Link>
              ),
          },
        ]}
        rows={found.items}
        rowKey={({ id }) => id}
        rowHref={({ id }) => carryShared(`/conflicts/${id}`, query)}
        empty={null}
      />
    </Section>
  )
}

/** What the device itself would not take from its app, as the sessions shown told. */
export function DeviceRefusals({
  sessions,
  query,
  nowMs,
}: {
  sessions: readonly SessionRow[]
  query: string
  nowMs: number
}) {
  const rows = sessions.flatMap((session) =>
    (session.localRefusals ?? []).map((refusal, index) => ({ ...refusal, session, index })),
  )
  if (rows.length === 0) return null
  return (
    <Section title={`${plural(rows.length, 'change')} refused on the device`} note="in the sessions shown">
      <DataTable
        label="Changes that the device refused"
        columns={[
          {
            key: 'session',
            header: 'Told in',
            cell: ({ session }) => (
              <Link className="link mono" href={carryShared(`/sessions/${session.sessionId}`, query)}>
                {shortId(session.sessionId)}
              </Link>
            ),
          },
          { key: 'at', header: 'Ended', cell: ({ session }) => <Time at={session.endedAtMs} now={nowMs} /> },
          { key: 'collection', header: 'Collection', cell: ({ collection }) => collection },
          { key: 'code', header: 'Why', cell: ({ code }) => <span className="mono">{code}</span> },
        ]}
        rows={rows}
        rowKey={({ session, index }) => `${session.sessionId} ${index}`}
        empty={null}
      />
    </Section>
  )
}

/** What operators told it, newest first, and whether it has heard. */
export function DeviceCommands({ commands, nowMs }: { commands: readonly DeviceCommand[]; nowMs: number }) {
  if (commands.length === 0) return null
  const waiting = commands.filter((command) => isWaiting(command, nowMs)).length
  const all = plural(commands.length, 'command')
  return (
    <Section title={waiting === 0 ? `${all}, none waits` : `${waiting} of ${all} not heard yet`}>
      <DataTable
        label="Commands to the device"
        columns={[
          { key: 'type', header: 'Command', cell: ({ type }) => commandLabel(type) },
          {
            key: 'issued',
            header: 'Given',
            cell: ({ issuedAtMs }) => <Time at={issuedAtMs} now={nowMs} show="clock" />,
          },
          {
            key: 'state',
            header: 'State',
            cell: (command) => {
              const { kind, word } = commandState(command, nowMs)
              return (
                <>
                  <Status kind={kind}>{word}</Status>{' '}
                  {command.acknowledgedAtMs === null ? null : (
                    <Time at={command.acknowledgedAtMs} now={nowMs} show="clock" />
                  )}
                </>
              )
            },
          },
          {
            key: 'reason',
            header: 'Reason',
            hideOnPhone: true,
            cell: ({ reason }) => reason ?? <span className="den">none given</span>,
          },
        ]}
        rows={commands.toReversed()}
        rowKey={({ id }) => id}
        empty={null}
      />
    </Section>
  )
}
