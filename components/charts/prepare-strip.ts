/** A session's states in the width of a table's cell. Pure. */
import type { SessionSegment } from '#components/charts/prepare-lanes.ts'

/** A stay that is drawn, or a number of stays in a row that are not. */
export type StripPart =
  | { readonly kind: 'stay'; readonly segment: SessionSegment }
  | { readonly kind: 'more'; readonly count: number }

/** More stays than this don't fit a cell. */
export const STRIP_STAYS_MAX = 8

/**
 * The stays of a strip. Of a long session those that went wrong stay, the latest first, with its end and its beginning;
 * the others between them are a number.
 */
export function prepareStrip(segments: readonly SessionSegment[]): readonly StripPart[] {
  const kept = keptOf(segments)
  const parts: StripPart[] = []
  let left = 0
  const tellLeft = (): void => {
    if (left > 0) parts.push({ kind: 'more', count: left })
    left = 0
  }
  segments.forEach((segment, index) => {
    if (!kept.has(index)) {
      left += 1
      return
    }
    tellLeft()
    parts.push({ kind: 'stay', segment })
  })
  tellLeft()
  return parts
}

/** Half of the room is for the numbers between them. */
const KEPT_OF_LONG = STRIP_STAYS_MAX / 2

function keptOf(segments: readonly SessionSegment[]): ReadonlySet<number> {
  const all = segments.map((_, index) => index)
  if (segments.length <= STRIP_STAYS_MAX) return new Set(all)
  const wrong = all.filter((index) => segments[index]?.tone !== undefined).toReversed()
  return new Set([...new Set([...all.slice(-1), ...wrong, ...all])].slice(0, KEPT_OF_LONG))
}
