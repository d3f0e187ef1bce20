import { DataTable } from '#components/table/data-table.tsx'
import { formatCount, formatDuration, plural } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { OperationDetail } from '#lib/application/operations/list-operations.ts'
import { ruleLabel } from '../../conflicts/rule-words.ts'
import { membersHref } from '../operation-links.ts'
import { OutcomeList } from '../outcome-list.tsx'
import {
  besideDryRun,
  dryRunSentence,
  durationAt,
  memberNoun,
  OUTCOME_WORDS,
  stageWords,
} from '../operation-words.ts'

type Props = {
  operation: OperationDetail
  fleetId: string
  query: string
  nowMs: number
}

/** How far it is, at which rate and stage, what became of the letters, and what was predicted. */
export function OperationProgress(props: Props) {
  const { operation, nowMs } = props
  const { preview, outcomes, total, pending } = operation
  return (
    <>
      <Progress {...props} />
      {outcomes.length === 0 ? null : (
        <Section title="What became of them" note={`${formatCount(total - pending)} settled`}>
          <OutcomeList label="Outcomes" told="became" counts={outcomes} />
        </Section>
      )}
      {preview === null || preview.counts.length === 0 ? null : (
        <DryRun operation={operation} preview={preview} nowMs={nowMs} />
      )}
      <Section title="What it took" note="frozen when it was made">
        <KeyValue align="start" items={factsOf(operation, nowMs)} />
      </Section>
    </>
  )
}

/** What the dry run of its members said, outcome by outcome beside what became of them. */
function DryRun({
  operation,
  preview,
  nowMs,
}: Pick<Props, 'operation' | 'nowMs'> & { preview: NonNullable<OperationDetail['preview']> }) {
  const rows = besideDryRun(preview.counts, operation.outcomes)
  return (
    <Section
      title={dryRunSentence(operation, preview.looked, rows)}
      note={
        <>
          dry run <Time at={operation.previewedAtMs} now={nowMs} show="both" />
        </>
      }
    >
      <DataTable
        label="The dry run beside what became"
        columns={[
          {
            key: 'outcome',
            header: 'Outcome',
            cell: ({ outcome }) => (
              <Status kind={OUTCOME_WORDS[outcome].kind}>{OUTCOME_WORDS[outcome].became}</Status>
            ),
          },
          { key: 'foretold', header: 'Dry run', align: 'end', cell: ({ foretold }) => formatCount(foretold) },
          {
            key: 'became',
            header: 'Became',
            align: 'end',
            cell: ({ became }) =>
              operation.outcomes.length === 0 ? (
                <span className="den">to come</span>
              ) : (
                <b>{formatCount(became)}</b>
              ),
          },
        ]}
        rows={rows}
        rowKey={({ outcome }) => outcome}
        empty={null}
      />
    </Section>
  )
}

function Progress({ operation, fleetId, query }: Props) {
  const { id, kind, total, matched, pending, done, skipped, errored, state, secondsLeft } = operation
  const file = (format: string, only: Readonly<Record<string, string>> = {}): string =>
    withParams(`/api/admin/v1/operations/${id}/export`, '', { fleet: fleetId, format, ...only })
  const settled = total - pending
  return (
    <Section title={`${formatCount(settled)} of ${formatCount(total)} settled`} note={timeNote(operation)}>
      <progress className="progress" max={total} value={settled} aria-label="Settled" />
      <div className="facts">
        <span>
          <b>{formatCount(done)}</b> processed
        </span>
        <span>
          <b>{formatCount(skipped)}</b> passed over
        </span>
        <span>
          <b>{formatCount(errored)}</b> failed
        </span>
        <span>
          <b>{formatCount(pending)}</b> to come
        </span>
      </div>
      <p className="sub">
        {state === 'running' || state === 'paused' ? `${stageWords(operation)} · ` : ''}
        {secondsLeft === null ? '' : `${formatDuration(secondsLeft * 1_000)} left · `}
        {formatCount(matched)} by the filter
        {total > matched ? `, ${plural(total - matched, 'more letter')} held behind them` : ''}
      </p>
      <div className="op-links">
        <Link className="btn" href={membersHref(query, kind, 'operation', id)}>
          Its {memberNoun(kind)}s
        </Link>
        {errored === 0 ? null : (
          <Link className="btn" href={membersHref(query, kind, 'failed', id)}>
            The {formatCount(errored)} that failed
          </Link>
        )}
        {skipped === 0 ? null : (
          <Link className="btn" href={membersHref(query, kind, 'skipped', id)}>
            The {formatCount(skipped)} passed over
          </Link>
        )}
        <a className="btn quiet" href={file('csv')} download>
          Export CSV
        </a>
        <a className="btn quiet" href={file('ndjson')} download>
          Export NDJSON
        </a>
        {errored === 0 ? null : (
          <a className="btn quiet" href={file('csv', { state: 'errored' })} download>
            Export failures
          </a>
        )}
      </div>
    </Section>
  )
}

function factsOf(operation: OperationDetail, nowMs: number) {
  const { q, frozen, edit, rule, createdAtMs, startedAtMs, endedAtMs } = operation
  return [
    { key: 'Filter as asked', value: <span className="mono">{q === '' ? '(none)' : q}</span> },
    { key: 'As it chose', value: <span className="mono">{frozen}</span> },
    ...(rule === null ? [] : [{ key: 'Rule', value: ruleLabel(rule) }]),
    ...(edit === null ? [] : [{ key: 'Edit', value: <span className="mono">{JSON.stringify(edit)}</span> }]),
    { key: 'Made', value: <Time at={createdAtMs} now={nowMs} /> },
    ...(startedAtMs === null ? [] : [{ key: 'Started', value: <Time at={startedAtMs} now={nowMs} /> }]),
    ...(endedAtMs === null ? [] : [{ key: 'Ended', value: <Time at={endedAtMs} now={nowMs} /> }]),
  ]
}

/** The rate, and how long all of it takes or took. Pure. */
function timeNote({ startedAtMs, endedAtMs, ratePerSecond, pending }: OperationDetail): string {
  if (startedAtMs !== null && endedAtMs !== null) return `took ${formatDuration(endedAtMs - startedAtMs)}`
  return pending === 0 ? '' : durationAt(pending, ratePerSecond)
}
