import { DiffTable } from '#components/ui/diff-table.tsx'
import { formatCount, plural, shortId } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { SessionDetail } from '../session-row.ts'

/** More than this on one page reads like none. */
const CONFLICTS_SHOWN_MAX = 20

/** Who lost what: base, this device and the server, by field. */
export function SessionConflicts({
  conflicts,
  nowMs,
}: {
  conflicts: SessionDetail['conflicts']
  nowMs: number
}) {
  if (conflicts.length === 0) return null
  const shown = conflicts.slice(0, CONFLICTS_SHOWN_MAX)
  const open = conflicts.filter(({ status }) => status === 'open').length
  return (
    <Section
      title={`${plural(conflicts.length, 'conflict')}, ${open === 0 ? 'all resolved' : `${formatCount(open)} for a person`}`}
      note={
        shown.length < conflicts.length ? `${shown.length} of ${formatCount(conflicts.length)}` : undefined
      }
    >
      {shown.map((conflict) => (
        <article key={conflict.id} aria-label={`Conflict on ${conflict.collection}`}>
          <p className="sub">
            <Status kind={conflict.status === 'open' ? 'warn' : 'ok'}>{conflict.status}</Status>{' '}
            {`${conflict.collection} `}
            <span className="mono">{shortId(conflict.recordId)}</span>
            {` · ${conflict.strategy}, outcome ${conflict.outcome} · `}
            <Time at={conflict.createdAtMs} now={nowMs} />
          </p>
          <DiffTable
            label={`Conflict on ${conflict.collection} by field`}
            base={conflict.base}
            device={conflict.local ?? {}}
            server={conflict.remote}
            refused={{}}
            when={{
              base: conflict.baseKnown ? 'as made on' : 'no longer kept',
              device: 'local',
              server: 'remote',
            }}
          />
        </article>
      ))}
    </Section>
  )
}
