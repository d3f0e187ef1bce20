import { JsonView, type JsonMark } from '#components/ui/json-view.tsx'
import { DiffTable } from '#components/ui/diff-table.tsx'
import { shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { editBasis } from '#lib/application/dead-letters/check-edit.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import type { LetterForecast } from '#lib/application/operations/foretell-letter.ts'
import { placeInOp } from '#lib/application/dead-letters/op-place.ts'
import { fieldName } from '#lib/protocol/field-name.ts'
import { issueWords } from '#lib/protocol/issue-words.ts'
import { WhyWords } from '../operations/why-cell.tsx'
import { documentThen, versionThen } from './forecast-words.ts'
import { ItemActions } from './item-actions.tsx'
import { ItemForecast } from './item-forecast.tsx'
import { ItemHistory } from './item-history.tsx'
import { ItemReveal } from './item-reveal.tsx'
import { CODE_WORDS, letterSentence, passesNow, refusedFields } from './letter-words.ts'

/** The third pane: one letter, why it failed, how the server stands now, and what can be done. */
export function ItemDetail({
  detail,
  foretold,
  role,
  fleetId,
  query,
  nowMs,
}: {
  detail: DeadLetterDetail
  foretold: LetterForecast | null
  role: string
  fleetId: string
  query: string
  nowMs: number
}) {
  const { letter, base, op, device, server, issues, masked, keptUntilMs } = detail
  const { mutation } = letter
  const basis = editBasis(detail)
  const serverWords = server === null ? 'no record on the server' : `server now v${server.version}`
  const then = foretold === null ? undefined : documentThen(foretold)
  const sides = {
    base,
    server: server?.data ?? null,
    when: {
      base: mutation.baseVersion === 0 ? 'new record' : `v${mutation.baseVersion}`,
      device: mutation.op.type,
      server: server === null ? 'none' : `v${server.version}${server.deleted ? ', deleted' : ''}`,
    },
  }
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
        keptUntil={keptUntilMs === null ? null : <Time at={keptUntilMs} now={nowMs} show="moment" />}
        edit={
          basis && {
            basis,
            opText: JSON.stringify(op, null, 2),
            issues: issues.map(({ path, message }) => ({ path, message })),
            sides: { ...sides, device, serverVersion: server?.version ?? 0 },
            identity: {
              collection: mutation.collection,
              recordId: mutation.recordId,
              deviceName: letter.deviceName,
              mutationId: mutation.id,
              baseVersion: mutation.baseVersion,
            },
          }
        }
      />
      {foretold === null ? null : <ItemForecast foretold={foretold} nowMs={nowMs} />}
      <Section
        title={stands ? 'Why it cannot apply' : 'Why it was refused'}
        note={<span className="mono">{letter.code}</span>}
      >
        {stands ? <p>{CODE_WORDS[letter.code]}.</p> : null}
        <IssueList detail={detail} />
        <p className="sub">
          As refused then: <WhyWords {...letter} />
        </p>
      </Section>
      <Section
        title="Base, device and server by field"
        note={
          masked.length === 0 ? (
            serverWords
          ) : (
            <>
              {serverWords} · {masked.length === 1 ? '1 field' : `${masked.length} fields`} masked{' '}
              {role === 'viewer' ? (
                'for your role'
              ) : (
                <ItemReveal id={letter.id} fleetId={fleetId} fields={masked.length} />
              )}
            </>
          )
        }
      >
        {device === null || (base === null && server === null) ? (
          <p className="sub">{nothingToCompare(mutation.op.type, device !== null)}</p>
        ) : (
          <DiffTable
            label="Base, device and server now"
            {...sides}
            device={device}
            refused={refusedFields(issues)}
            {...(foretold === null || then === undefined
              ? {}
              : {
                  after: then,
                  when: { ...sides.when, after: versionThen(foretold, server?.version ?? 0) },
                })}
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
          marks={device === null ? marksInOp(detail) : marksOf(detail)}
        />
      </Section>
      <ItemHistory detail={detail} query={query} nowMs={nowMs} />
    </section>
  )
}

const ISSUES_SHOWN_MAX = 8

/** The places that today's schema refuses, in words. */
function IssueList({ detail: { issues } }: { detail: DeadLetterDetail }) {
  if (issues.length === 0) return null
  return (
    <ul className="issues">
      {issues.slice(0, ISSUES_SHOWN_MAX).map(({ path, message }) => (
        <li key={`${path} ${message}`}>
          <span className="mono">{path === '' ? '(the whole record)' : fieldName(path)}</span>{' '}
          {issueWords(message)}
        </li>
      ))}
      {issues.length > ISSUES_SHOWN_MAX ? <li>and {issues.length - ISSUES_SHOWN_MAX} more</li> : null}
    </ul>
  )
}

/** The same in a change that no document is known of. */
function marksInOp({ letter }: DeadLetterDetail): readonly JsonMark[] {
  const { path, code, detail, mutation, status } = letter
  if (path === null || code === 'rule_violation' || status !== 'open') return []
  const pointer = placeInOp(mutation.op, path)
  return pointer === null ? [] : [{ pointer, why: issueWords(detail) }]
}

/** What today's schema refuses; for another cause, the place that was refused then. */
function marksOf({ issues, letter }: DeadLetterDetail): readonly JsonMark[] {
  if (issues.length > 0)
    return issues.map(({ path, message }) => ({ pointer: path, why: issueWords(message) }))
  const schemaOnly = letter.code === 'schema_mismatch' || letter.code === 'schema_ahead'
  const isElsewhere = letter.path === null || letter.code === 'rule_violation'
  return isElsewhere || schemaOnly || letter.status !== 'open'
    ? []
    : [{ pointer: letter.path, why: issueWords(letter.detail) }]
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
