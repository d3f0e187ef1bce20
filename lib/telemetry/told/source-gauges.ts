import type { SourceGaugesEvent } from '../events.ts'
import type { ToldSeries } from './advance.ts'
import type { ToldGauge } from './point.ts'

/**
 * What each engine tells of its figures that stand: over its series the sum of what waits, and of ages, lags and breakers
 * the worst. Null where it doesn't tell.
 */
export function sourceGauges(series: readonly ToldSeries[]): readonly SourceGaugesEvent[] {
  const bySource = new Map<string, Partial<Record<ToldGauge, number>>>()
  for (const { source, gauge, value } of series) {
    if (gauge === null || typeof value !== 'number') continue
    const told = bySource.get(source) ?? {}
    bySource.set(source, told)
    const known = told[gauge]
    told[gauge] = known === undefined ? value : SUMMED.has(gauge) ? known + value : Math.max(known, value)
  }
  return [...bySource].map(([source, told]) => ({
    kind: 'source-gauges',
    source,
    queueDepth: told.queueDepth ?? null,
    oldestPendingAgeMs: told.oldestAgeMs ?? null,
    deadLetters: told.deadLetters ?? null,
    lagMs: told.lagMs ?? null,
    breaker: told.breaker ?? null,
    jobs: told.jobs ?? null,
    jobsFailing: told.jobsFailing ?? null,
  }))
}

const SUMMED: ReadonlySet<ToldGauge> = new Set(['queueDepth', 'deadLetters', 'jobs', 'jobsFailing'])
