import type { Spread } from './point.ts'

/**
 * Visits a value for each bucket that has some, in the metric's own unit, with how many there are: the middle of the
 * bucket, and of what is above all bounds the last bound. A quantile of them is as exact as the buckets are.
 */
export function forEachBucket(spread: Spread, visit: (value: number, count: number) => void): void {
  if (spread.kind === 'explicit') {
    const { bounds, counts } = spread
    for (const [i, count] of counts.entries()) {
      const [low, high] = [bounds[i - 1] ?? Math.min(0, bounds[0] ?? 0), bounds[i] ?? bounds.at(-1) ?? 0]
      if (count > 0) visit((low + high) / 2, count)
    }
    return
  }
  const { scale, offset, counts, zero } = spread
  if (zero > 0) visit(0, zero)
  for (const [i, count] of counts.entries())
    if (count > 0) visit(2 ** ((offset + i + 0.5) * 2 ** -scale), count)
}
