import { formatCount, plural, shortId } from '#components/ui/format.ts'
import type { BarChartProps } from '#components/charts/bar-chart.tsx'
import type { LetterGroup } from '#lib/application/letter-groups/list-groups.ts'
import type { MergedCause } from '#lib/application/letter-groups/merged-causes.ts'
import { causeText } from '#lib/protocol/dead-letter-cause.ts'
import type { Filter } from '#lib/query/field.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'
import { askedOf, speaksOf } from './letter-links.ts'
import { outcomeWords } from './letter-words.ts'

const HOUR_MS = 3_600_000

/** What kind of letters a list counts: "open", or "replayed or discarded". Pure. */
export function lettersWord(filter: Filter<LetterKey>): string {
  if (!speaksOf(filter, 'status')) return 'open'
  return askedOf(filter, 'status') ?? 'in all'
}

/** What a group's sparkline says to who cannot see it. Pure. */
export function hoursLabel(byHour: readonly number[]): string {
  const peak = Math.max(0, ...byHour)
  return peak === 0 ? 'none in the last 24 hours' : `per hour over 24 hours, peak ${formatCount(peak)}`
}

/** A group's letters by the hour, the running one last, as a chart. Pure. */
export function groupHours(
  byHour: readonly number[],
  nowMs: number,
): Pick<BarChartProps, 'fromMs' | 'toMs' | 'bucketMs' | 'points'> {
  const fromMs = (Math.floor(nowMs / HOUR_MS) + 1 - byHour.length) * HOUR_MS
  const points = byHour.map((value, hour) => ({ t: fromMs + hour * HOUR_MS, value }))
  return { fromMs, toMs: nowMs, bucketMs: HOUR_MS, points }
}

/** "2.4.1 1,284 · 2.4.0 12 · 3 other versions": the app versions of a group with their letters. Pure. */
export function versionShares({ versions, count }: Pick<LetterGroup, 'versions' | 'count'>): string {
  const named = versions.map((one) => `${one.appVersion} ${formatCount(one.count)}`)
  const rest = count - versions.reduce((sum, one) => sum + one.count, 0)
  return [...named, ...(rest > 0 ? [`others ${formatCount(rest)}`] : [])].join(' · ')
}

/** What the arrival of a group's letters over the last day says, the hour that has just begun and the one before it apart. Pure. */
export function arrivalSentence({ byHour, count }: Pick<LetterGroup, 'byHour' | 'count'>): string {
  const day = byHour.reduce((sum, one) => sum + one, 0)
  const [before = 0, running = 0] = [byHour.at(-2), byHour.at(-1)]
  if (day === 0) return `None of it came in the last 24 hours; ${formatCount(count)} from before`
  const inDay = `${formatCount(day)} in 24 hours`
  if (running > 0) return `It goes on: ${formatCount(running)} this hour, ${inDay}`
  return before > 0
    ? `None yet this hour, ${formatCount(before)} in the one before, ${inDay}`
    : `None this hour, ${inDay}`
}

/** The last replay of a group's letters in words. Pure. */
export const lastReplayWords = ({ lastReplay }: Pick<LetterGroup, 'lastReplay'>): string =>
  lastReplay === null ? 'never' : outcomeWords(lastReplay.status)

/** A cause that was merged into another, as one tells it from the others. Pure. */
export function mergedLabel({ id, title, face }: MergedCause): string {
  if (face === null) return title ?? `${shortId(id)}, without a letter by now`
  return `${title ?? causeText(face)} (${face.code}, ${face.collection})`
}

/** The heading of the second pane. Pure. */
export function listedWords(matching: number, filter: Filter<LetterKey>, groups: number | null): string {
  const letters = `${plural(matching, 'letter')} ${lettersWord(filter)}`
  return groups === null || groups === 1 ? letters : `${letters}, of ${plural(groups, 'cause')}`
}
