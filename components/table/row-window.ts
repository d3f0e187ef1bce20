/** Which rows of a long list are drawn: those in view, some on either side, and the one that has the focus. Pure. */

/** Rows from here on are drawn in part; up to it a list stands whole. */
export const WHOLE_ROWS_MAX = 100
/** Drawn on either side of what is seen, so that a flick meets rows. */
const SPARE_ROWS = 16
/** The window moves in such steps: most scroll events change nothing. */
const STEP_ROWS = 8

/** [from, to) */
export type RowRange = { from: number; to: number }

/**
 * @param seenPx how far the list's first row lies above the upper edge of what is seen; negative below it
 * @param heightPx of what is seen
 */
export function rowRange({
  seenPx,
  heightPx,
  rowPx,
  count,
}: {
  seenPx: number
  heightPx: number
  rowPx: number
  count: number
}): RowRange {
  const first = Math.floor(seenPx / rowPx) - SPARE_ROWS
  const last = Math.ceil((seenPx + heightPx) / rowPx) + SPARE_ROWS
  const to = Math.min(count, Math.max(0, Math.ceil(last / STEP_ROWS) * STEP_ROWS))
  return { from: Math.min(to, Math.max(0, Math.floor(first / STEP_ROWS) * STEP_ROWS)), to }
}

/** A part of the list from top to bottom: rows that are drawn, or the room of rows that are not. */
export type Stretch = RowRange & { kind: 'rows' | 'room' }

/** The whole of the list in stretches, with the row `kept` drawn wherever it lies. */
export function stretches(range: RowRange, kept: number | null, count: number): readonly Stretch[] {
  const drawn: RowRange[] = [range]
  if (kept !== null && kept < range.from) drawn.unshift({ from: kept, to: kept + 1 })
  if (kept !== null && kept >= range.to && kept < count) drawn.push({ from: kept, to: kept + 1 })
  const all: Stretch[] = []
  let at = 0
  for (const { from, to } of drawn) {
    if (from > at) all.push({ kind: 'room', from: at, to: from })
    if (to > from) all.push({ kind: 'rows', from, to })
    at = to
  }
  if (count > at) all.push({ kind: 'room', from: at, to: count })
  return all
}
