import { DiffTable } from '#components/ui/diff-table.tsx'
import { fieldValue } from '#components/ui/field-value.ts'
import { formatCount, plural, shortId } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { conflictWords } from '../conflict-words.ts'
import type { SessionDetail } from '../session-row.ts'

/** More than this on one page reads like none. */
const CONFLICTS_SHOWN_MAX = 20
const RESULT_FIELDS_SHOWN_MAX = 8

/** Who lost what: base, this device and the server, by field. */
export function SessionConflicts({
  conflicts,
  query,
  nowMs,
}: {
  conflicts: SessionDetail['conflicts']
  query: string
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
            {` · ${conflict.strategy} · `}
            <Time at={conflict.createdAtMs} now={nowMs} />
            {' · '}
            <Link className="link" href={carryShared(`/conflicts/${conflict.id}`, query)}>
              {conflict.status === 'open' ? 'Decide it' : 'See the conflict'}
            </Link>
          </p>
          <p>{conflictWords(conflict)}</p>
          {resultItems(conflict).length === 0 ? null : (
            <KeyValue align="start" items={resultItems(conflict)} />
          )}
          <DiffTable
            label={`Conflict on ${conflict.collection} by field`}
            serverTitle="Server"
            base={conflict.base}
            device={conflict.local ?? {}}
            server={conflict.remote}
            refused={{}}
            when={{
              base: conflict.baseKnown ? 'as made on' : 'no longer kept',
              device: 'its change',
              server: 'as it was then',
            }}
          />
        </article>
      ))}
    </Section>
  )
}

/** What stands in the contested fields after it; nothing where the record is gone or a person has yet to choose. */
function resultItems({ fields, result, status }: SessionDetail['conflicts'][number]) {
  if (result === null || status === 'open') return []
  return fields.slice(0, RESULT_FIELDS_SHOWN_MAX).flatMap((pointer) => {
    const field = fieldValue(result, pointer)
    return field === null
      ? []
      : [{ key: `${field.name} became`, value: <span className="mono">{field.text}</span> }]
  })
}
