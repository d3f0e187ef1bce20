import { formatCount, formatPercent, formatRound, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { LabFindingName, LabRow } from '#lib/application/lab/lab-board.ts'
import type { LabRunFound } from '#lib/application/lab/list-lab-runs.ts'

/** A way to settle conflicts in words: "field-merge, ties by lww". Pure. */
export function wayWords({ id, settings, isNow }: Pick<LabRow, 'id' | 'settings' | 'isNow'>): string {
  const { strategy, tieRule, fieldStrategies } = settings
  const fields = Object.keys(fieldStrategies).length
  const own = fields === 0 ? '' : `, ${plural(fields, 'field')} of ${fields === 1 ? 'its' : 'their'} own`
  const tie = strategy === 'field-merge' ? `, ties by ${tieRule}` : ''
  const name = `${strategy}${tie}${own}`
  const proposed = id === 'proposed' ? ', as proposed' : ''
  return `${name}${proposed}${isNow ? ', as it is set' : id === 'current' ? ', as it was set' : ''}`
}

/** How often a conflict of these lost a change, as a part of the changes. */
const lostShare = ({ counts }: LabRow): number =>
  counts.changes === 0 ? 0 : counts.lostUpdates / counts.changes

/**
 * The page's first line: what the collection's own settings lose, and what would have cost least instead. Pure.
 * @param run null where the lab has not run
 */
export function labSentence(name: string, run: LabRunFound | null, rows: readonly LabRow[]): string {
  if (run === null) return `Which strategy suits ${name} is not known: the lab has not run yet`
  if (run.state === 'running') return `The lab replays the conflicts of ${name}`
  if (run.state === 'cancelled') return 'This run was stopped, and found nothing'
  if (run.state === 'failed') return `This run failed: ${run.problem ?? 'its log says how'}`
  const current = rows.find(({ id }) => id === 'current')
  if (current === undefined || run.report === null || run.report.replayed === 0)
    return `Which strategy suits ${name} is not known: no conflict was recorded in this time`
  const { counts } = current
  if (counts.conflicts === 0)
    return `What ${current.settings.strategy} loses is not known: ${
      counts.notReplayed > counts.timeUnknown
        ? 'what both sides started from is not known'
        : 'when the sides were written is kept no more'
    }`
  const own = `${current.settings.strategy}, as it ${current.isNow ? 'is' : 'was'} set, ${doesWords(current, run.report.clocksOffMs !== 0)}`
  if (current.isCheapest) return `${own}; nothing else costs less`
  const best = leastAsking(rows.filter(({ isCheapest }) => isCheapest))
  if (best === undefined) return `${own}; what would cost less is not known, for too few could be replayed`
  return `${own}; ${wayWords(best)} ${wouldWords(best)}`
}

/** Of ways that cost the same the one that asks least, then the one that loses least. */
const leastAsking = (rows: readonly LabRow[]): LabRow | undefined =>
  rows.toSorted((a, b) => a.counts.manual - b.counts.manual || a.counts.lostUpdates - b.counts.lostUpdates)[0]

/** @param isWhatIf with clocks that were put off nothing of it happened */
function doesWords({ counts }: LabRow, isWhatIf: boolean): string {
  const lost = `${isWhatIf ? 'would have lost' : 'lost'} ${formatCount(counts.lostUpdates)} of ${plural(counts.changes, 'change')}`
  return counts.manual === 0 ? lost : `${lost} and asked ${plural(counts.manual, 'time')}`
}
const wouldWords = (row: LabRow): string => {
  const { counts } = row
  const lost =
    counts.lostUpdates === 0
      ? 'would have lost none'
      : `would have lost ${formatPercent(lostShare(row))} of them`
  return counts.manual === 0
    ? lost
    : `${lost} and asked in ${formatPercent(counts.manual / counts.conflicts)} of the conflicts`
}

export const clocksWords = (offMs: number): string =>
  offMs === 0 ? 'by the clocks as they were' : `as if clocks were ${formatRound(offMs)} off`

/** What stands under the sentence: how many conflicts, of what time, by which clocks. Pure. */
export function runEvidence({ report }: LabRunFound): string | null {
  if (report === null) return null
  const { replayed, capped, clocksOffMs, left } = report
  const without = left.reduce((sum, { count }) => sum + count, 0)
  return [
    `${capped ? 'the newest ' : ''}${plural(replayed, 'conflict')} replayed`,
    without === 0 ? null : `${formatCount(without)} left out, since their record was no more`,
    clocksWords(clocksOffMs),
  ]
    .filter((part) => part !== null)
    .join('; ')
}

/** What has come since a run that shows another strategy as the collection's; null for nothing. Pure. */
export const changedSince = (rows: readonly LabRow[]): string | null =>
  rows.some(({ id, isNow }) => id === 'current' && !isNow)
    ? 'The collection was set otherwise when this ran: run the lab again to see what is decided now.'
    : null

/** What a finding is called, and what it means for a person who counts it. A full Record. */
export const FINDING_WORDS: Readonly<
  Record<LabFindingName, { readonly title: string; readonly about: string }>
> = {
  lost_update: {
    title: 'Lost updates',
    about: 'somebody’s change is in the record no more, and nobody was asked',
  },
  manual: { title: 'Asked a person', about: 'it waits for a decision on the device or at the desk' },
  wrong_winner: {
    title: 'Wrong winners',
    about: 'with clocks that are right the other side would have won',
  },
  broken_rule: {
    title: 'Broken rules',
    about: 'what comes out of it the schema or a rule of the collection refuses',
  },
}

export const CLOCKS: readonly { readonly ms: number; readonly words: string }[] = [
  { ms: 0, words: 'as they were' },
  { ms: 60_000, words: '1 min off' },
  { ms: 600_000, words: '10 min off' },
  { ms: 3_600_000, words: '1 h off' },
]

/** A cost in the collection's own unit, with two figures behind the point where it is small. Pure. */
export const costWords = (cost: number | null): string =>
  cost === null ? 'not known' : cost < 100 ? cost.toFixed(2) : formatCount(Math.round(cost))

/** What stays uncounted of a way, and why; null for nothing. Pure. */
export function uncountedWords({ counts, newestAlone }: LabRow): string | null {
  const parts = [
    newestAlone === null ? null : `of the newest ${formatCount(newestAlone)} alone`,
    counts.timeUnknown === 0 ? null : `${formatCount(counts.timeUnknown)} without known times`,
    counts.notReplayed === 0 ? null : `${formatCount(counts.notReplayed)} without a known base`,
  ].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(', ')
}

/** What became of a run. A full Record. */
export const RUN_WORDS: Readonly<
  Record<LabRunFound['state'], { readonly kind: StatusKind; readonly word: string }>
> = {
  running: { kind: 'held', word: 'running' },
  done: { kind: 'ok', word: 'done' },
  failed: { kind: 'crit', word: 'failed' },
  cancelled: { kind: 'unk', word: 'stopped' },
}
