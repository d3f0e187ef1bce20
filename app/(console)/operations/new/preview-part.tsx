'use client'
import { DataTable } from '#components/table/data-table.tsx'
import { Button } from '#components/ui/button.tsx'
import { formatCount, plural, shortId } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { SkeletonLines } from '#components/ui/skeleton.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { Preview } from '#lib/application/operations/preview-operation.ts'
import type { PreviewState } from '../../use-preview.ts'
import { OutcomeList } from '../outcome-list.tsx'
import { OUTCOME_WORDS } from '../operation-words.ts'
import { WhyCell } from '../why-cell.tsx'

/** Examples that are shown at once; the counts are of all. */
const SHOWN_MAX = 50

/** What a dry run says: counts of each outcome, and letters as examples with their reasons. */
export function PreviewPart({
  state: { sinceMs, looked: last },
  isCurrent,
  query,
  onAgain,
}: {
  state: PreviewState<Preview>
  /** The dry run is of what is asked for now. */
  isCurrent: boolean
  query: string
  onAgain: (() => void) | null
}) {
  if (last === null) return sinceMs === null ? null : <Looking sinceMs={sinceMs} />
  const { preview, atMs } = last
  const { counts, items, matched, total, looked, assumesAuthority } = preview
  const behind = total - matched
  return (
    <Section
      title="What it would do"
      note={
        <>
          dry run, <Time at={atMs} now={atMs} show="age" />{' '}
          {onAgain === null ? null : (
            <Button tone="quiet" onClick={onAgain} aria-disabled={sinceMs !== null}>
              {sinceMs === null ? 'Look again' : 'Looking…'}
            </Button>
          )}
        </>
      }
    >
      {isCurrent ? null : (
        <p role="status">
          <Status kind="warn">The edit has changed since: look again before it starts.</Status>
        </p>
      )}
      <p>
        {plural(matched, 'letter')} of the selection
        {behind > 0 ? `, and ${plural(behind, 'change')} held behind them` : ''}.
        {looked < total ? ` The first ${formatCount(looked)} were looked at.` : ''}
        {assumesAuthority
          ? ' A collection’s authority is asked only when a letter runs: this is what follows where it accepts.'
          : ''}
      </p>
      <OutcomeList label="Predicted outcomes" counts={counts} />
      <DataTable
        label="Examples of the dry run"
        columns={[
          {
            key: 'letter',
            header: 'Item',
            cell: ({ letterId }) => <b className="mono">{shortId(letterId)}</b>,
          },
          {
            key: 'outcome',
            header: 'Would',
            cell: ({ outcome }) => (
              <Status kind={OUTCOME_WORDS[outcome].kind}>{OUTCOME_WORDS[outcome].words}</Status>
            ),
          },
          {
            key: 'why',
            header: 'Why',
            hideOnPhone: true,
            cell: (item) => <WhyCell {...item} />,
          },
        ]}
        rows={items.slice(0, SHOWN_MAX)}
        rowKey={({ letterId }) => letterId}
        rowHref={({ letterId }) => carryShared(`/dead-letters/${letterId}`, query)}
        empty={null}
      />
      {looked > SHOWN_MAX ? (
        <p className="sub">
          {formatCount(Math.min(SHOWN_MAX, items.length))} examples of {formatCount(looked)}, in the order in
          which they would run
        </p>
      ) : null}
    </Section>
  )
}

function Looking({ sinceMs }: { sinceMs: number }) {
  return (
    <Section title="Dry run" note="it changes nothing">
      <p role="status">
        Looking since <Time at={sinceMs} now={sinceMs} show="age" />…
      </p>
      <SkeletonLines label="The dry run is under way" widths={[420, 380, 400]} />
    </Section>
  )
}
