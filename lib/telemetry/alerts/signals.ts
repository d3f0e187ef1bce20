import type { Thresholds } from '../thresholds.ts'
import type { AlertCounter, AlertGauge, Grouping } from './measures.ts'

/** One part of a fleet; its key is '' of the fleet as a whole. */
export interface Part {
  readonly by: Grouping
  readonly key: string
}

/** The figures of one fleet at one moment, wherever they come from: rollups as they grow, the past, or a test. */
export interface Signals {
  /** The parts that there is anything of. */
  keys(by: Grouping): readonly string[]
  /**
   * What a counter grew by in the `windowMs` up to now, or up to `agoMs` ago; null where nobody counted then, which is not 0.
   * Of a part that nothing is known of it is 0 where there is anything of its fleet.
   */
  sum(counter: AlertCounter, part: Part, windowMs: number, agoMs?: number): number | null
  /** Null where it isn't known. */
  gauge(gauge: AlertGauge, part: Part): number | null
  limits(part: Part): Thresholds
}
