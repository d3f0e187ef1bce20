/** A heat map made ready to draw: columns are time, rows are bands of a value, the longest on top. Pure; times are epoch ms. */
import { placer, type Gap } from '#components/charts/prepare.ts'
import { tickLabel, timeTicks, type TimeTick } from '#components/charts/ticks.ts'

export type HeatInput = {
  fromMs: number
  toMs: number
  stepMs: number
  /** Where one band ends and the next begins, ascending, ms. */
  bordersMs: readonly number[]
  /** A count for each band, shortest first; null where nothing is known. */
  columns: readonly { atMs: number; counts: readonly number[] | null }[]
  zone: string
}

export type HeatCell = {
  leftPct: number
  widthPct: number
  /** From the top. */
  row: number
  /** 0 to 1: how much of its column lies here. */
  share: number
  count: number
  atMs: number
}

export type PreparedHeat = {
  /** From the top. */
  bands: { label: string; count: number }[]
  cells: HeatCell[]
  gaps: Gap[]
  xTicks: TimeTick[]
  total: number
}

/** Fewer rows than these are no picture. */
const BANDS_MIN = 5

/**
 * A cell's colour says its share of its column, so that a quiet hour shows its spread as a busy one does. Bands above the
 * highest one in use are left out.
 */
export function prepareHeat({ fromMs, toMs, stepMs, bordersMs, columns, zone }: HeatInput): PreparedHeat {
  const totals = [...bordersMs, null].map((_, band) =>
    columns.reduce((sum, { counts }) => sum + (counts?.[band] ?? 0), 0),
  )
  const highest = totals.findLastIndex((count) => count > 0) + 1
  const used = Math.min(totals.length, Math.max(BANDS_MIN, highest))
  const place = placer(fromMs, toMs)
  const cells: HeatCell[] = []
  const gaps: Gap[] = []
  for (const { atMs, counts } of columns) {
    const leftPct = place(atMs)
    const widthPct = place(atMs + stepMs) - leftPct
    if (counts === null) {
      gaps.push({ leftPct, widthPct, word: null })
      continue
    }
    const whole = counts.reduce((sum, count) => sum + count, 0)
    counts.slice(0, used).forEach((count, band) => {
      if (count > 0)
        cells.push({ leftPct, widthPct, row: used - 1 - band, share: count / whole, count, atMs })
    })
  }
  const bands = totals.slice(0, used).map((count, band) => ({ label: bandLabel(bordersMs, band), count }))
  return {
    bands: bands.reverse(),
    cells,
    gaps: joinedGaps(gaps),
    xTicks: timeTicks(fromMs, toMs, zone),
    total: totals.reduce((sum, count) => sum + count, 0),
  }
}

function bandLabel(borders: readonly number[], band: number): string {
  const [low, high] = [borders[band - 1], borders[band]]
  if (low === undefined) return `under ${tickLabel(high ?? 0, 'duration')}`
  return high === undefined
    ? `over ${tickLabel(low, 'duration')}`
    : `${tickLabel(low, 'duration')} to ${tickLabel(high, 'duration')}`
}

/** Gaps side by side are one. */
export function joinedGaps(gaps: readonly Gap[]): Gap[] {
  const whole: Gap[] = []
  for (const gap of gaps) {
    const last = whole.at(-1)
    if (last && Math.abs(last.leftPct + last.widthPct - gap.leftPct) < 0.02)
      whole[whole.length - 1] = { ...last, widthPct: gap.leftPct + gap.widthPct - last.leftPct }
    else whole.push(gap)
  }
  return whole
}
