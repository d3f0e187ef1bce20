/** The time axis that is dragged over, epoch ms. */
export type BrushField = { fromMs: number; toMs: number; bucketMs: number }

/**
 * The time between two places of an axis (0 to 1), in whole buckets that touch it; of a click the bucket at its place. Pure.
 */
export function spanAt(
  { fromMs, toMs, bucketMs }: BrushField,
  one: number,
  other: number,
  dragged: boolean,
): { fromMs: number; toMs: number; dragged: boolean } {
  const at = (place: number): number => fromMs + place * (toMs - fromMs)
  const [start, end] = [at(Math.min(one, other)), at(Math.max(one, other))]
  const first = Math.floor(start / bucketMs) * bucketMs
  const last = dragged ? Math.ceil(end / bucketMs) * bucketMs : first + bucketMs
  return { fromMs: first, toMs: Math.max(last, first + bucketMs), dragged }
}
