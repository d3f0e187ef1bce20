import { DataTable } from '#components/table/data-table.tsx'
import { formatCount, formatRound } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { SkeletonLines } from '#components/ui/skeleton.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { RulePreview } from '#lib/application/alerts/preview-rule.ts'
import type { AlertRule } from '#lib/application/alerts/terms.ts'
import { FormFailure } from '../../form-failure.tsx'
import type { PreviewState } from '../../use-preview.ts'
import { FigureChart } from './figure-chart.tsx'
import { episodesByPart, previewNotes, previewSentence, steadyBound, stretchesOf } from './preview-words.ts'
import { figureText, measureOfRule, partText } from './rule-words.ts'

/** Rows of the table; the sentence counts all of them. */
const EPISODES_SHOWN = 12

/** What the rule that was looked at would have done over the past days: on a chart, and in words. */
export function RulePreviewPart({
  state,
  isCurrent,
}: {
  state: PreviewState<RulePreview>
  isCurrent: boolean
}) {
  const { looked, failure, sinceMs } = state
  if (failure !== null)
    return (
      <div role="alert">
        <FormFailure failure={failure} whole="(all of it)" />
      </div>
    )
  if (looked === null)
    return sinceMs === null ? null : (
      <SkeletonLines label="The past days are replayed" widths={[300, 260, 280]} />
    )
  const { preview, asked } = looked
  const { rule } = JSON.parse(asked) as { rule: AlertRule }
  return (
    <Section title={previewSentence(preview)} note="preview, nothing is changed">
      {isCurrent ? null : (
        <p role="status">
          <Status kind="warn">The rule was changed since: preview it again.</Status>
        </p>
      )}
      {preview.past === null ? null : <Past rule={rule} preview={preview} past={preview.past} />}
    </Section>
  )
}

type Past = NonNullable<RulePreview['past']>

function Past({ rule, preview, past }: { rule: AlertRule; preview: RulePreview; past: Past }) {
  const { fromMs, toMs, stepMs } = preview
  const measure = measureOfRule(rule)
  const bound = steadyBound(past.points)
  const byPart = episodesByPart(past)
  const [first, second] = past.points
  const bucketMs = first && second ? second.atMs - first.atMs : stepMs
  return (
    <>
      {byPart === null ? null : <p>{`${byPart}.`}</p>}
      {past.points.length === 0 ? null : (
        <FigureChart
          rule={rule}
          fromMs={fromMs}
          toMs={toMs}
          bucketMs={bucketMs}
          points={past.points}
          stretches={stretchesOf(past, toMs)}
        />
      )}
      <p className="sub">
        {past.episodes.length === 0 ? null : 'Shaded: it would have fired. '}
        {bound === null && past.points.length > 0 ? 'The grey line is the bound. ' : null}
        {previewNotes(preview).join(' ')}
      </p>
      <DataTable
        label="When it would have fired"
        columns={[
          {
            key: 'at',
            header: 'Fired',
            cell: ({ firedAtMs }) => <Time at={firedAtMs} now={toMs} show="moment" />,
          },
          {
            key: 'for',
            header: 'For',
            align: 'end',
            cell: ({ firedAtMs, endedAtMs }) =>
              endedAtMs === null ? 'still' : formatRound(endedAtMs - firedAtMs),
          },
          { key: 'part', header: 'Part', hideOnPhone: true, cell: ({ group }) => partText(group) },
          {
            key: 'peak',
            header: 'Worst',
            align: 'end',
            cell: ({ peak }) =>
              peak === null ? <span className="den">not known</span> : figureText(peak, measure),
          },
        ]}
        rows={past.episodes.slice(-EPISODES_SHOWN).toReversed()}
        rowKey={({ firedAtMs, group }) => `${firedAtMs} ${partText(group)}`}
        empty={null}
      />
      {past.episodes.length > EPISODES_SHOWN ? (
        <p className="sub">{`The last ${EPISODES_SHOWN} of ${formatCount(past.fired)}.`}</p>
      ) : null}
    </>
  )
}
