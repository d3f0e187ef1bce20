import { formatCount, formatRound, plural } from '#components/ui/format.ts'
import type { RulePreview } from '#lib/application/alerts/preview-rule.ts'
import type { GroupLabels } from '#lib/application/alerts/terms.ts'
import { partText } from './rule-words.ts'

type Past = NonNullable<RulePreview['past']>
export type Point = Past['points'][number]

const DAY_MS = 86_400_000
const rangeText = ({ fromMs, toMs }: RulePreview): string =>
  plural(Math.round((toMs - fromMs) / DAY_MS), 'day')

/** What a rule would have done, in a sentence; where nothing is known of the past, that. Pure. */
export function previewSentence(preview: RulePreview): string {
  const { past } = preview
  const range = rangeText(preview)
  if (past === null) return 'The past of this figure is not kept, so what it would have done is not known'
  if (past.fired > 0)
    return `In the last ${range} it would have fired ${timesText(past.fired)}, for ${formatRound(past.firingMs)} in all`
  const isKnown = past.points.some(({ bound }) => bound !== null)
  return isKnown
    ? `In the last ${range} it would not have fired`
    : `Nothing is known of the last ${range}, so what it would have done is not known`
}

const timesText = (count: number): string => (count === 1 ? 'once' : `${formatCount(count)} times`)

/** "twice for version 2.4.1, once for version 2.4.0"; of a rule about the fleet as a whole nothing. Pure. */
export function episodesByPart({ episodes }: Pick<Past, 'episodes'>): string | null {
  const counts = new Map<string, number>()
  for (const { group } of episodes) {
    if (isWhole(group)) return null
    counts.set(partText(group), (counts.get(partText(group)) ?? 0) + 1)
  }
  const said = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([part, count]) => `${timesText(count)} for ${part}`)
  if (said.length === 0) return null
  const shown = said.slice(0, PARTS_SHOWN).join(', ')
  return said.length > PARTS_SHOWN ? `${shown} and ${plural(said.length - PARTS_SHOWN, 'other part')}` : shown
}
const PARTS_SHOWN = 4

const isWhole = (group: GroupLabels): boolean => Object.keys(group).length === 0

/** What the chart shows, and what the replay leaves out. Pure. */
export function previewNotes(preview: RulePreview): readonly string[] {
  const { past, stepMs } = preview
  if (past === null) return []
  const { pointsOf, partsLeftOut, fired, episodes } = past
  return [
    `Replayed in steps of ${formatRound(stepMs)}: what comes and goes within one is left out.`,
    ...(isWhole(pointsOf) ? [] : [`The chart is of ${partText(pointsOf)}.`]),
    ...(partsLeftOut === 0
      ? []
      : [`The busiest parts were replayed; ${plural(partsLeftOut, 'other', 'others')} left out.`]),
    ...(episodes.length < fired
      ? [`The first ${formatCount(episodes.length)} of ${formatCount(fired)} are known one by one.`]
      : []),
  ]
}

/** The bound where it is one and the same all the time; null where it moves. Pure. */
export function steadyBound(points: readonly Point[]): number | null {
  const bounds = new Set(points.flatMap(({ bound }) => (bound === null ? [] : [bound])))
  const [only] = bounds
  return bounds.size === 1 ? (only ?? null) : null
}

/** The stretches in which the part of the chart fired. Pure. */
export const stretchesOf = (
  { episodes, pointsOf }: Pick<Past, 'episodes' | 'pointsOf'>,
  toMs: number,
): { fromMs: number; toMs: number }[] =>
  episodes
    .filter(({ group }) => partText(group) === partText(pointsOf))
    .map(({ firedAtMs, endedAtMs }) => ({ fromMs: firedAtMs, toMs: endedAtMs ?? toMs }))
