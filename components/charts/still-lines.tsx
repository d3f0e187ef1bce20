import type { PreparedChart, Row } from '#components/charts/prepare.ts'

/**
 * The lines of a chart as a picture: they are in the page's first bytes, and cost no script. What follows the pointer and
 * the arrow keys is drawn over the same places once somebody uses the page.
 */
export function StillLines({ chart, past }: { chart: PreparedChart; past: boolean }) {
  const place = placerOf(chart)
  return (
    <svg className="lines" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      {past ? <path className="past" d={linePath(chart.rows, 'past', place)} /> : null}
      <path d={linePath(chart.rows, 'subject', place)} />
      {/* a line without length whose ends are round: a dot that the box doesn't stretch */}
      <path className="alone" d={alonePath(chart.rows, place)} />
    </svg>
  )
}

type Place = (row: Row, value: number) => string

const placerOf =
  ({ fromMs, toMs, yMax }: PreparedChart): Place =>
  (row, value) =>
    `${((row.t - fromMs) / Math.max(1, toMs - fromMs)) * 100} ${100 - (value / yMax) * 100}`.replace(
      /\.(\d\d)\d+/g,
      '.$1',
    )

/** A null lifts the pen. */
function linePath(rows: readonly Row[], key: 'subject' | 'past', place: Place): string {
  let path = ''
  let isDown = false
  for (const row of rows) {
    const value = row[key]
    if (value !== null) path += `${isDown ? 'L' : 'M'}${place(row, value)}`
    isDown = value !== null
  }
  return path
}

const alonePath = (rows: readonly Row[], place: Place): string =>
  rows
    .filter(({ alone }) => alone)
    .map((row) => `M${place(row, row.subject ?? 0)}h0`)
    .join('')
