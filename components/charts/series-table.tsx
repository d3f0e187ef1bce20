import { formatDay, formatClock } from '#components/ui/format.ts'
import { valueLabel, type ValueFormat } from '#components/charts/ticks.ts'

/** The table form of a chart for screen readers: at most this many rows, evenly taken, and it says so. */
export const SERIES_TABLE_ROWS_MAX = 24

export type SeriesRow = { t: number; value: number | null; past?: number | null }

export function SeriesTable({
  label,
  rows,
  format,
  zone,
  names,
}: {
  label: string
  rows: readonly SeriesRow[]
  format: ValueFormat
  zone: string
  names: { subject: string; past?: string }
}) {
  const size = Math.max(1, Math.ceil(rows.length / SERIES_TABLE_ROWS_MAX))
  const shown = rows.filter((_row, index) => (rows.length - 1 - index) % size === 0)
  return (
    <div className="sr">
      <table>
        <caption>{shown.length < rows.length ? `${label}, one of ${size} values` : label}</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">{names.subject}</th>
            {names.past === undefined ? null : <th scope="col">{names.past}</th>}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.t}>
              <th scope="row">{`${formatDay(row.t, zone)} ${formatClock(row.t, zone, false)}`}</th>
              <td>{valueLabel(row.value, format)}</td>
              {names.past === undefined ? null : <td>{valueLabel(row.past ?? null, format)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
