import type { Mark } from '#components/charts/prepare.ts'
import { formatRound } from '#components/ui/format.ts'
import type { IncidentPast } from '#lib/application/alerts/incident-past.ts'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import type { AlertRule } from '#lib/application/alerts/terms.ts'
import { marksOf } from '../../../pillars/mark-words.ts'
import { figureText, measureOfRule } from '../../rules/rule-words.ts'

type Past = Pick<IncidentPast, 'rule' | 'points' | 'worst'>

/** What the figure is now beside its bound; of what is over, the worst that it came to. Pure. */
export function pastSentence({ rule, points, worst }: Past, isOver: boolean): string {
  const measure = measureOfRule(rule)
  const last = points.at(-1)
  const bound = points.findLast((point) => point.bound !== null)?.bound ?? null
  const limit = bound === null ? '' : `, fires ${sideOf(rule)} ${figureText(bound, measure)}`
  if (isOver)
    return worst === null
      ? `${rule.title}: how bad it was is not known`
      : `${rule.title}: ${figureText(worst, measure)} at its worst${limit}`
  if (last === undefined || last.value === null) return `${rule.title}: not known now${limit}`
  return `${rule.title}: ${figureText(last.value, measure)} now${limit}`
}

function sideOf({ condition }: Pick<AlertRule, 'condition'>): string {
  switch (condition.kind) {
    case 'threshold':
      return condition.comparison === 'above' ? 'over' : 'under'
    case 'anomaly':
      return condition.direction === 'above' ? 'over' : 'under'
    case 'burn_rate':
      return 'over'
    case 'absence':
      return 'at'
  }
}

/** What each point is, and by what it is judged. Pure. */
export function pastNotes({
  rule,
  stepMs,
  ruleChanged,
}: Pick<IncidentPast, 'rule' | 'stepMs' | 'ruleChanged'>): string {
  const { condition } = rule
  const over = condition.kind === 'burn_rate' ? condition.windows[0]?.longMs : condition.windowMs
  const each =
    over === undefined || over === 0
      ? `Each point is its figure then, one for every ${formatRound(stepMs)}.`
      : `Each point is the ${formatRound(over)} up to it, one for every ${formatRound(stepMs)}.`
  return ruleChanged ? `${each} The rule was changed since it began: it is judged here as it is now.` : each
}

/** What happened to the incident, among what was done to the fleet. Pure. */
export function pastMarks(
  { annotations }: Pick<IncidentPast, 'annotations'>,
  { openedAtMs, resolvedAtMs, ack }: Pick<IncidentView, 'openedAtMs' | 'resolvedAtMs' | 'ack'>,
): readonly Mark[] {
  const own: readonly (Mark | null)[] = [
    { t: openedAtMs, letter: 'I', word: 'opened' },
    ack === null ? null : { t: ack.atMs, letter: 'A', word: 'taken on' },
    resolvedAtMs === null ? null : { t: resolvedAtMs, letter: 'E', word: 'over' },
  ]
  return [...marksOf(annotations), ...own.filter((mark) => mark !== null)].sort((a, b) => a.t - b.t)
}
