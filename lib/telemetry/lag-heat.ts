const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Where a lag stands in the heat map: each band some four times the one below it, with the default limits among the borders. */
export const LAG_BORDERS_MS: readonly number[] = [
  SECOND,
  5 * SECOND,
  15 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  6 * HOUR,
  24 * HOUR,
]

export const LAG_STAGES = ['upload', 'delivery', 'visibility'] as const
/** Parts of a change's way. */
export type LagStage = (typeof LAG_STAGES)[number]

/** How lags were spread over time: a column for each step, a cell for each band. */
export interface LagHeat {
  readonly stage: LagStage
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** Ends of the bands but the last one, which has none. */
  readonly bordersMs: readonly number[]
  /** `counts` has a number for each band, shortest lags first; null where telemetry is missing. */
  readonly columns: readonly { readonly atMs: number; readonly counts: readonly number[] | null }[]
}
