import { mergeOf } from '#lib/rollups/aggregate.ts'
import { countsInBands } from '#lib/rollups/bands.ts'
import { LAG_SKETCH } from '#lib/rollups/counters.ts'
import type { LagHeat, LagStage } from '#lib/telemetry/lag-heat.ts'
import { LAG_BORDERS_MS } from '#lib/telemetry/lag-heat.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { PillarQuery } from './pillar.ts'
import { keeperOf, splitFor } from './pillar.ts'
import { readRange, stepsOf } from './window.ts'

/** Columns are as wide as a finger; more of them only flicker. */
export const HEAT_COLUMNS_MAX = 96

/** How the lags of a stage were spread over a range: where a p95 hides two crowds, this shows both. */
export async function lagHeat(
  ctx: TelemetryContext,
  query: Omit<PillarQuery, 'groupBy'>,
  stage: LagStage,
): Promise<LagHeat> {
  const { buckets, fromMs, toMs, stepMs } = await readRange(
    ctx,
    query,
    { split: splitFor(query), parts: ['sketches'] },
    HEAT_COLUMNS_MAX,
  )
  const keep = keeperOf(query)
  const columns = stepsOf(buckets, fromMs, toMs, stepMs).map(({ atMs, buckets: all }) => ({
    atMs,
    counts:
      all.length === 0
        ? null
        : countsInBands(
            mergeOf(
              all.filter(({ key }) => keep(key)),
              LAG_SKETCH[stage],
            ),
            LAG_BORDERS_MS,
          ),
  }))
  return { stage, fromMs, toMs, stepMs, bordersMs: LAG_BORDERS_MS, columns }
}
