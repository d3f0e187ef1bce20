import type { Platform } from '#lib/protocol/device.ts'
import type { LagStage } from '../lag-heat.ts'
import type { Rejected } from '../rejections.ts'

/** Figures that stand until the next one is told; times in ms, `breaker` by BREAKER_STATES, `jobs` are replications. */
export const TOLD_GAUGES = [
  'queueDepth',
  'oldestAgeMs',
  'deadLetters',
  'lagMs',
  'breaker',
  'jobs',
  'jobsFailing',
] as const
export type ToldGauge = (typeof TOLD_GAUGES)[number]

/** From the best to the worst: of several breakers the worst is shown. */
export const BREAKER_STATES = ['closed', 'half_open', 'open'] as const

/**
 * What is counted: `requests` are attempts whose outcome is known, `failures` those of them that failed, `attempts`
 * those whose outcome nobody tells. `conflicts` have a rate only where `pushed` is told too. `deliveryMs` is what
 * `deliveries` took together: a mean is all that can be made of it.
 */
export type ToldCounter =
  | 'requests'
  | 'failures'
  | 'attempts'
  | 'pushed'
  | 'conflicts'
  | 'deliveries'
  | 'deliveryMs'

/** How often values of a range came, in the unit of the metric. Counts are whole. */
export type Spread =
  | {
      readonly kind: 'explicit'
      /** Upper bounds, ascending; the last count is of what is above all of them. */
      readonly bounds: readonly number[]
      readonly counts: readonly number[]
    }
  | {
      readonly kind: 'exponential'
      /** Bucket i holds (b^i, b^(i+1)] with b = 2^(2^-scale); the first count is of bucket `offset`. */
      readonly scale: number
      readonly offset: number
      readonly counts: readonly number[]
      /** Values of zero and below. */
      readonly zero: number
    }

export type ToldValue =
  | { readonly kind: 'gauge'; readonly gauge: ToldGauge; readonly value: number }
  | {
      readonly kind: 'count'
      readonly counters: readonly ToldCounter[]
      /** Of a failure, where it is told. */
      readonly code: string | null
      /** Since the start of its series; else since the point before. */
      readonly cumulative: boolean
      readonly value: number
    }
  | {
      readonly kind: 'spread'
      readonly stage: LagStage
      readonly cumulative: boolean
      /** Milliseconds of one unit. */
      readonly unitMs: number
      readonly spread: Spread
    }

/** One figure of another engine at one moment, however it came. Of what it doesn't name it is of the whole. */
export interface ToldPoint {
  /** Tells one series of a source from another: everything that its teller calls it by. */
  readonly series: string
  readonly collection: string | null
  readonly platform: Platform | null
  readonly appVersion: string | null
  /** When the series began, Unix ms; null where it isn't told. */
  readonly startMs: number | null
  readonly atMs: number
  readonly told: ToldValue
}

/** Points of one export, and what of it can be none. */
export interface PointsRead extends Rejected {
  readonly points: readonly ToldPoint[]
}
