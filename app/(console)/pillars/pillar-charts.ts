import type { TimeChartProps } from '#components/charts/time-chart.tsx'
import { formatRound } from '#components/ui/format.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { pillarSeries } from './pillar-series.ts'
import type { LagStage, PendingView } from './search-params.ts'
import { wholePercent } from './pillar-words.ts'

/** A pillar's chart but for its names; the Overview draws it small and the pillar's page large. */
export type PillarChart = Omit<TimeChartProps, 'label' | 'names'>

/** Limits on lag judge upload lag alone, so that they stand in no other chart. */
export function lagChart(lag: OverviewAnswer['lag'], stage: LagStage = 'upload'): PillarChart {
  const { lagWarnMs, lagCriticalMs } = lag.limits
  return {
    ...pillarSeries(lag, (figure) => figure[stage].p95),
    format: 'duration',
    gapWord: 'no sample',
    ...(stage === 'upload' && {
      thresholds: [
        { value: lagWarnMs, word: `warn ${formatRound(lagWarnMs)}`, tone: 'warn' },
        { value: lagCriticalMs, word: `critical ${formatRound(lagCriticalMs)}`, tone: 'crit' },
      ],
    }),
  }
}

/** Of the devices of one kind; where nothing waits it is 0, and a minute without a count is a gap. */
export function pendingChart(lag: OverviewAnswer['lag'], view: PendingView): PillarChart {
  const { oldestWarnMs } = lag.limits
  return {
    ...pillarSeries(lag, ({ pending }) => pendingP95(pending, view)),
    format: 'duration',
    thresholds: [{ value: oldestWarnMs, word: `warn ${formatRound(oldestWarnMs)}`, tone: 'warn' }],
  }
}

type Pending = NonNullable<OverviewAnswer['lag']['figure']>['pending']

/** Nearest rank; 0 where nothing waits, null where it isn’t known. Pure. */
export function pendingP95(pending: Pending, view: PendingView): number | null {
  if (pending === null) return null
  const ages = view === 'pending' ? pending.online : pending.offline
  return ages.count === 0 ? 0 : ages.p95
}

export function conflictsChart(conflicts: OverviewAnswer['conflicts']): PillarChart {
  const { conflictWarn, conflictFriction } = conflicts.limits
  return {
    ...pillarSeries(conflicts, (figure) => figure.mutations.rate),
    format: 'percent',
    gapWord: 'nothing pushed',
    thresholds: [
      { value: conflictWarn, word: `warn ${wholePercent(conflictWarn)}`, tone: 'warn' },
      { value: conflictFriction, word: `friction ${wholePercent(conflictFriction)}`, tone: 'crit' },
    ],
  }
}

export function failuresChart(failures: OverviewAnswer['failures']): PillarChart {
  const { failureWarn, failureBreaker } = failures.limits
  return {
    ...pillarSeries(failures, (figure) => figure.requests.rate),
    format: 'percent',
    gapWord: 'too few calls',
    thresholds: [
      { value: failureWarn, word: `warn ${wholePercent(failureWarn)}`, tone: 'warn' },
      { value: failureBreaker, word: `breaker ${wholePercent(failureBreaker)}`, tone: 'crit' },
    ],
  }
}

export const queueChart = (queue: OverviewAnswer['queue']): PillarChart => ({
  ...pillarSeries(queue, (figure) => figure.depth),
  format: 'count',
})
