/** A heat map of contested fields made ready to draw: columns are time, rows are fields, the most contested on top. Pure; times are epoch ms. */
import { joinedGaps, type HeatCell } from '#components/charts/prepare-heat.ts'
import { placer, type Gap } from '#components/charts/prepare.ts'
import { timeTicks, type TimeTick } from '#components/charts/ticks.ts'

export type FieldHeatRow = {
  label: string
  /** What it is a field of, where the rows are of several. */
  of?: string
  count: number
  /** Of its collection's conflicts, 0 to 1; null where that isn't known. */
  share: number | null
}

export type FieldHeatInput<Row extends FieldHeatRow = FieldHeatRow> = {
  fromMs: number
  toMs: number
  stepMs: number
  /** Most contested first. */
  rows: readonly Row[]
  /** How many fields stand in no row: they are counted together. */
  othersLeft: number
  /** A count for each row, and a last one for the other fields; null where nothing is known. */
  columns: readonly { atMs: number; counts: readonly number[] | null }[]
  zone: string
}

export type PreparedFieldHeat = {
  /** The rows, and where fields are left one for all of them. */
  lines: { label: string; of?: string; count: number; share: number | null; busiestMs: number | null }[]
  /** Their `share` is of the fullest cell of a field, so that one look finds where and when. */
  cells: (HeatCell & { endMs: number })[]
  gaps: Gap[]
  xTicks: TimeTick[]
}

/** A cell says how much of the fullest one it is: fields are compared with each other, and times too. */
export function prepareFieldHeat({
  fromMs,
  toMs,
  stepMs,
  rows,
  othersLeft,
  columns,
  zone,
}: FieldHeatInput): PreparedFieldHeat {
  const shown = rows.length + (othersLeft > 0 ? 1 : 0)
  const place = placer(fromMs, toMs)
  const cells: PreparedFieldHeat['cells'] = []
  const gaps: Gap[] = []
  // Many fields together would make each by itself look pale.
  const fullest = Math.max(1, ...columns.flatMap(({ counts }) => (counts ?? []).slice(0, rows.length)))
  for (const { atMs, counts } of columns) {
    // Steps start at whole multiples: the first may be a part of one.
    const endMs = Math.min(toMs, Math.floor(atMs / stepMs) * stepMs + stepMs)
    const leftPct = place(atMs)
    const widthPct = place(endMs) - leftPct
    if (counts === null) {
      gaps.push({ leftPct, widthPct, word: null })
      continue
    }
    counts.slice(0, shown).forEach((count, row) => {
      const share = Math.min(1, count / fullest)
      if (count > 0) cells.push({ leftPct, widthPct, row, share, count, atMs, endMs })
    })
  }
  const busiestOf = (row: number): number | null =>
    cells.filter((cell) => cell.row === row).toSorted((a, b) => b.count - a.count)[0]?.atMs ?? null
  const lines: PreparedFieldHeat['lines'] = rows.map(({ label, of, count, share }, row) => ({
    label,
    ...(of === undefined ? {} : { of }),
    count,
    share,
    busiestMs: busiestOf(row),
  }))
  if (othersLeft > 0) {
    const count = columns.reduce((sum, { counts }) => sum + (counts?.[rows.length] ?? 0), 0)
    const label = othersLeft === 1 ? '1 other field' : `${othersLeft} other fields`
    lines.push({ label, count, share: null, busiestMs: busiestOf(rows.length) })
  }
  return { lines, cells, gaps: joinedGaps(gaps), xTicks: timeTicks(fromMs, toMs, zone) }
}
