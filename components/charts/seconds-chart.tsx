'use client'
import { PlotFrame } from '#components/charts/plot-frame.tsx'
import { prepareSeconds, type SecondsInput } from '#components/charts/prepare-seconds.ts'
import { SERIES_TABLE_ROWS_MAX } from '#components/charts/series-table.tsx'
import { formatClock, formatCount } from '#components/ui/format.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'

export type SecondsChartProps = Omit<SecondsInput, 'zone'> & {
  /** Accessible name with unit and range: "Calls a second, the two minutes before now". */
  label: string
  height?: number
  /** px at the left, where it stands below another plot. */
  axisWidth?: number
}

const FILLS = { good: 'f-off', failed: 'f-crit', shed: 'f-shed' } as const

/** Calls second by second: good, failed on top of them, and shed. A second without a call is empty. */
export function SecondsChart({ label, height = 92, axisWidth, ...input }: SecondsChartProps) {
  const zone = useViewerZone()
  const chart = prepareSeconds({ ...input, zone })
  const newest = chart.rows.slice(-SERIES_TABLE_ROWS_MAX)
  return (
    <figure aria-label={label}>
      <PlotFrame
        height={height}
        format="count"
        yTicks={chart.yTicks}
        xTicks={chart.xTicks}
        marks={chart.marks}
        markWords={false}
        {...(axisWidth !== undefined && { axisWidth })}
      >
        <svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">
          {chart.blocks.map(({ x, y, width, height: tall, tone }) => (
            <rect key={`${x} ${tone}`} className={FILLS[tone]} x={x} width={width} y={y} height={tall} />
          ))}
        </svg>
      </PlotFrame>
      <div className="legend" aria-hidden="true">
        <span>
          <i className="bg-unk" />
          good
        </span>
        <span>
          <i className="bg-crit" />
          failed, on top of good
        </span>
        <span>
          <i className="bg-shed" />
          shed, not counted
        </span>
      </div>
      <div className="sr">
        <table>
          <caption>
            {newest.length < chart.rows.length ? `${label}, the newest ${newest.length}` : label}
          </caption>
          <thead>
            <tr>
              <th scope="col">Second</th>
              <th scope="col">Good</th>
              <th scope="col">Failed</th>
              <th scope="col">Shed</th>
            </tr>
          </thead>
          <tbody>
            {newest.map(({ t, good, failed, shed }) => (
              <tr key={t}>
                <th scope="row">{formatClock(t, zone)}</th>
                <td>{formatCount(good)}</td>
                <td>{formatCount(failed)}</td>
                <td>{formatCount(shed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}
