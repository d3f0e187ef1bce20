import { PillarCard, Pillars } from '#components/charts/pillar-card.tsx'
import { TimeChart } from '#components/charts/time-chart.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import {
  conflictsChart,
  failuresChart,
  lagChart,
  queueChart,
  type PillarChart,
} from '../pillars/pillar-charts.ts'
import { marksOf } from '../pillars/mark-words.ts'
import {
  conflictRateWords,
  failureWords,
  lagWords,
  queueWords,
  type CardWords,
  type RangeText,
} from '../pillars/pillar-words.ts'

/** Figures that miss more than this of what devices told are shown as stale. */
const FOLD_LAG_STALE_MS = 60_000

/** The four pillars: figure, denominator, trend against the same time before, and what is left out. */
export function OverviewPillars({
  answer,
  words,
  friction,
  query,
}: {
  answer: OverviewAnswer
  words: RangeText
  /** Where a collection indicates friction, in a line; null for nowhere. */
  friction: string | null
  query: string
}) {
  const { lag, conflicts, failures, queue } = answer
  const marks = marksOf(answer.annotations)
  const stale = answer.asOf.foldLagMs > FOLD_LAG_STALE_MS
  const card = (text: CardWords, page: string, subject: string, chart: PillarChart) => (
    <PillarCard
      {...text}
      name={
        <Link className="quiet-link" href={carryShared(`/pillars/${page}`, query)}>
          {text.caption}
        </Link>
      }
      stale={stale}
      chart={
        <TimeChart
          label={`${text.caption}: ${subject}, ${words.label.toLowerCase()}`}
          names={{ subject, past: words.compare.replace(/^vs /, '') }}
          {...chart}
          marks={marks}
          markLetters
        />
      }
    />
  )
  return (
    <Pillars>
      {card(lagWords(answer, words), 'lag', 'upload lag p95', lagChart(lag))}
      {card(
        conflictRateWords(answer, words, friction),
        'conflicts',
        'conflict rate',
        conflictsChart(conflicts),
      )}
      {card(failureWords(answer, words), 'failures', 'failure rate', failuresChart(failures))}
      {card(queueWords(answer, words), 'queue', 'changes waiting', queueChart(queue))}
    </Pillars>
  )
}
