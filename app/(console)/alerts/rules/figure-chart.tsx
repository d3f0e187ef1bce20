import type { Mark, Stretch } from '#components/charts/prepare.ts'
import type { ValueFormat } from '#components/charts/ticks.ts'
import { TimeChart } from '#components/charts/time-chart.tsx'
import type { AlertRule } from '#lib/application/alerts/terms.ts'
import { steadyBound, type Point } from './preview-words.ts'
import { figureText, measureOfRule, unitOf, type FigureUnit } from './rule-words.ts'

const FORMATS: Readonly<Record<FigureUnit, ValueFormat>> = {
  percent: 'percent',
  minutes: 'duration',
  count: 'count',
}
const CHART_PX = 140

/** The figure of a rule beside its bound: a line where that stays the same, and one that moves where it doesn't. */
export function FigureChart({
  rule,
  points,
  ...span
}: {
  rule: AlertRule
  fromMs: number
  toMs: number
  bucketMs: number
  points: readonly Point[]
  stretches: readonly Stretch[]
  marks?: readonly Mark[]
}) {
  const measure = measureOfRule(rule)
  const bound = steadyBound(points)
  return (
    <TimeChart
      {...span}
      label={`${rule.title}: its figure beside its bound`}
      names={bound === null ? { subject: 'Figure', past: 'Bound' } : { subject: 'Figure' }}
      format={FORMATS[unitOf(measure)]}
      points={points.map(({ atMs, value }) => ({ t: atMs, value }))}
      {...(bound === null
        ? { past: points.map(({ atMs, bound: value }) => ({ t: atMs, value })) }
        : {
            thresholds: [{ value: bound, word: `bound ${figureText(bound, measure)}`, tone: toneOf(rule) }],
          })}
      gapWord="too little, or not known"
      height={CHART_PX}
    />
  )
}

const toneOf = ({ severity }: AlertRule): 'warn' | 'crit' => (severity === 'critical' ? 'crit' : 'warn')
