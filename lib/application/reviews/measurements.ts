import type { Measured } from '#lib/telemetry/review/review.ts'
import { remember } from '../remember.ts'
import type { Surroundings } from '../surroundings.ts'

/** A page that follows its fleet is made anew every few seconds, and a month's figures don't change in one minute. */
export const MEASURED_FOR_MS = 60_000
const COLLECTIONS_MAX = 200

/** What this process measured of collections in the last minute; those who ask at once share one measurement. */
export class Measurements {
  private readonly kept = new Map<string, { readonly atMs: number; readonly measured: Promise<Measured> }>()
  private readonly clock: Surroundings['clock']

  constructor(clock: Surroundings['clock']) {
    this.clock = clock
  }

  /** @param id of the collection, which no other fleet's has */
  of(id: string, measure: () => Promise<Measured>): Promise<Measured> {
    const nowMs = this.clock.now()
    const known = this.kept.get(id)
    if (known && nowMs - known.atMs < MEASURED_FOR_MS) return known.measured
    const measured = measure()
    remember(this.kept, id, { atMs: nowMs, measured }, COLLECTIONS_MAX)
    // A failure is nobody's measurement but theirs who waited for it.
    measured.catch(() => {
      if (this.kept.get(id)?.measured === measured) this.kept.delete(id)
    })
    return measured
  }
}
