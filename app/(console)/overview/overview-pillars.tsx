import { PillarCard, Pillars } from '#components/charts/pillar-card.tsx'
import { TimeChart, type TimeChartProps } from '#components/charts/time-chart.tsx'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { pillarSeries } from './pillar-series.ts'
import {
  conflictRateWords,
  failureWords,
  lagWords,
  queueWords,
  shortLimit,
  type CardWords,
  type RangeText,
} from './pillar-words.ts'

/** Figures that miss more than this of what devices told are shown as stale. */
const FOLD_LAG_STALE_MS = 60_000

/** The four pillars: figure, denominator, trend against the same time before, and what is left out. */
export function OverviewPillars({ answer, words }: { answer: OverviewAnswer; words: RangeText }) {
  const { lag, conflicts, failures, queue, limits } = answer
  const stale = answer.asOf.foldLagMs > FOLD_LAG_STALE_MS
  const card = (text: CardWords, subject: string, chart: Omit<TimeChartProps, 'label' | 'names'>) => (
    <PillarCard
      {...text}
      stale={stale}
      chart={
        <TimeChart
          label={`${text.caption}: ${subject}, ${words.label.toLowerCase()}`}
          names={{ subject, past: words.compare.replace(/^vs /, '') }}
          {...chart}
        />
      }
    />
  )
  return (
    <Pillars>
      {card(lagWords(answer, words), 'upload lag p95', {
        ...pillarSeries(lag, (figure) => figure.upload.p95),
        format: 'duration',
        gapWord: 'no sample',
        thresholds: [
          { value: limits.lagWarnMs, word: `warn ${shortLimit(limits.lagWarnMs)}`, tone: 'warn' },
          { value: limits.lagCriticalMs, word: `critical ${shortLimit(limits.lagCriticalMs)}`, tone: 'crit' },
        ],
      })}
      {card(conflictRateWords(answer, words), 'conflict rate', {
        ...pillarSeries(conflicts, (figure) => figure.mutations.rate),
        format: 'percent',
        gapWord: 'nothing pushed',
        thresholds: [
          { value: limits.conflictWarn, word: `warn ${percent(limits.conflictWarn)}`, tone: 'warn' },
          {
            value: limits.conflictFriction,
            word: `friction ${percent(limits.conflictFriction)}`,
            tone: 'crit',
          },
        ],
      })}
      {card(failureWords(answer, words), 'failure rate', {
        ...pillarSeries(failures, (figure) => figure.requests.rate),
        format: 'percent',
        gapWord: 'too few calls',
        thresholds: [
          { value: limits.failureWarn, word: `warn ${percent(limits.failureWarn)}`, tone: 'warn' },
          { value: limits.failureBreaker, word: `breaker ${percent(limits.failureBreaker)}`, tone: 'crit' },
        ],
      })}
      {card(queueWords(answer, words), 'changes waiting', {
        ...pillarSeries(queue, (figure) => figure.depth),
        format: 'count',
      })}
    </Pillars>
  )
}

const percent = (ratio: number): string => `${Number((ratio * 100).toFixed(2))} %`
