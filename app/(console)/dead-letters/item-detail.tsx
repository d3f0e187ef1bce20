import { JsonView, type JsonMark } from '#components/ui/json-view.tsx'
import { DiffTable } from '#components/ui/diff-table.tsx'
import { shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { editBasis } from '#lib/application/dead-letters/check-edit.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { ItemActions } from './item-actions.tsx'
import { ItemHistory } from './item-history.tsx'
import { CODE_WORDS, letterSentence, passesNow, refusedFields } from './letter-words.ts'

/** The third pane: one letter, why it failed, how the server stands now, and what can be done. */
export function ItemDetail({
  detail,
  role,
  fleetId,
  query,
  nowMs,
}: {
  detail: DeadLetterDetail
  role: string
  fleetId: string
  query: string
  nowMs: number
}) {
  const { letter, base, op, device, server, issues } = detail
  const { mutation } = letter
  const basis = editBasis(detail)
  const stands = letter.status === 'open' && !passesNow(detail)
  return (
    <section className="item" aria-label="Dead letter">
      <h2>{letterSentence(detail)}</h2>
      <p className="sub">
        <span className="mono">{letter.id}</span> · {mutation.op.type} of {mutation.collection}{' '}
        <span className="mono">{shortId(mutation.recordId)}</span> ·{' '}
        <Link className="link" href={carryShared(`/devices/${letter.deviceId}`, query)}>
          {letter.deviceName}
        </Link>{' '}
        on {letter.appVersion} · made <Time at={letter.madeAtMs} now={nowMs} />
      </p>
      <ItemActions
        key={letter.id}
        id={letter.id}
        fleetId={fleetId}
        status={letter.status}
        role={role}
        deviceName={letter.deviceName}
        held={detail.held.map(({ id, mutation: one }) => ({
          id,
          label: `${one.op.type} of ${one.collection}`,
        }))}
        edit={basis && { basis, opText: JSON.stringify(op, null, 2) }}
      />
      <Section
        title={stands ? 'Why it cannot apply' : 'Why it was refused'}
        note={<span className="mono">{letter.code}</span>}
      >
        {stands ? <p>{CODE_WORDS[letter.code]}.</p> : null}
        <p className="sub">As refused then: {letter.detail}</p>
      </Section>
      <Section
        title="Base, device and server by field"
        note={server === null ? 'no record on the server' : `server now v${server.version}`}
      >
        {device === null || (base === null && server === null) ? (
          <p className="sub">{nothingToCompare(mutation.op.type, device !== null)}</p>
        ) : (
          <DiffTable
            label="Base, device and server now"
            base={base}
            device={device}
            server={server?.data ?? null}
            refused={refusedFields(issues)}
            when={{
              base: mutation.baseVersion === 0 ? 'new record' : `v${mutation.baseVersion}`,
              device: mutation.op.type,
              server: server === null ? 'none' : `v${server.version}${server.deleted ? ', deleted' : ''}`,
            }}
          />
        )}
      </Section>
      <Section
        title={device === null ? 'The change as it came' : 'The record as the device wants it'}
        note="the payload is kept as it is"
      >
        <JsonView
          label="Payload"
          value={device ?? opJson(mutation.op)}
          marks={device === null ? [] : marksOf(detail)}
        />
      </Section>
      <ItemHistory detail={detail} query={query} nowMs={nowMs} />
    </section>
  )
}

/** What today's schema refuses; for another cause, the place that was refused then. */
function marksOf({ issues, letter }: DeadLetterDetail): readonly JsonMark[] {
  if (issues.length > 0) return issues.map(({ path, message }) => ({ pointer: path, why: message }))
  const schemaOnly = letter.code === 'schema_mismatch' || letter.code === 'schema_ahead'
  const isElsewhere = letter.path === null || letter.code === 'rule_violation'
  return isElsewhere || schemaOnly || letter.status !== 'open'
    ? []
    : [{ pointer: letter.path, why: letter.detail }]
}

function nothingToCompare(type: Op['type'], wanted: boolean): string {
  if (wanted) return 'It would be a new record: there is neither a base nor a record on the server.'
  return type === 'delete'
    ? 'The device deleted the record.'
    : 'The change cannot be carried out on its base, so there is nothing to compare.'
}

type Op = DeadLetterDetail['letter']['mutation']['op']

/** The operation as it came: it was read from JSON, so it is JSON, whatever its type. */
function opJson(op: Op) {
  return op as unknown as Parameters<typeof JsonView>[0]['value']
}
