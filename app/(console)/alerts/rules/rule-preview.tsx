import { TimeChart } from '#components/charts/time-chart.tsx'
import type { ValueFormat } from '#components/charts/ticks.ts'
import { DataTable } from '#components/table/data-table.tsx'
import { formatCount, formatRound } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { SkeletonLines } from '#components/ui/skeleton.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { RulePreview } from '#lib/application/alerts/preview-rule.ts'
import { measureOf, type AlertRule, type Measure } from '#lib/application/alerts/terms.ts'
import { FormFailure } from '../../form-failure.tsx'
import type { PreviewState } from '../../use-preview.ts'
import { episodesByPart, previewNotes, previewSentence, steadyBound, stretchesOf } from './preview-words.ts'
import { figureText, partText, unitOf, type FigureUnit } from './rule-words.ts'

const FORMATS: Readonly<Record<FigureUnit, ValueFormat>> = {
  percent: 'percent',
  minutes: 'duration',
  count: 'count',
}
/** What is counted itself, where a condition is about no measure. */
const COUNTED: Measure = {
  kind: 'count',
  counter: 'requests',
  noun: '',
  words: '',
  groupings: [],
  promql: null,
}
const measureOfRule = ({ condition }: AlertRule): Measure =>
  'measure' in condition ? measureOf(condition.measure) : COUNTED
const CHART_PX = 140
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
  const bound = steadyBound(past)
  const byPart = episodesByPart(past)
  const [first, second] = past.points
  const bucketMs = first && second ? second.atMs - first.atMs : stepMs
  return (
    <>
      {byPart === null ? null : <p>{`${byPart}.`}</p>}
      {past.points.length === 0 ? null : (
        <TimeChart
          label={`${rule.title}: its figure beside its bound`}
          names={bound === null ? { subject: 'Figure', past: 'Bound' } : { subject: 'Figure' }}
          fromMs={fromMs}
          toMs={toMs}
          bucketMs={bucketMs}
          format={FORMATS[unitOf(measure)]}
          points={past.points.map(({ atMs, value }) => ({ t: atMs, value }))}
          {...(bound === null
            ? { past: past.points.map(({ atMs, bound: value }) => ({ t: atMs, value })) }
            : {
                thresholds: [
                  { value: bound, word: `bound ${figureText(bound, measure)}`, tone: toneOf(rule) },
                ],
              })}
          stretches={stretchesOf(past, toMs)}
          gapWord="too little, or not known"
          height={CHART_PX}
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

const toneOf = ({ severity }: AlertRule): 'warn' | 'crit' => (severity === 'critical' ? 'crit' : 'warn')
