'use client'
import { PlotFrame } from '#components/charts/plot-frame.tsx'
import { prepareBars, type BarInput } from '#components/charts/prepare-bars.ts'
import { SeriesTable } from '#components/charts/series-table.tsx'
import { useViewerZone } from '#components/ui/viewer-clock.ts'

export type BarChartProps = Omit<BarInput, 'zone'> & {
  /** Accessible name with unit and range: "Dead letters per 10 minutes, 09:00 to 14:32". */
  label: string
  /** What one bar counts: "dead letters". */
  name: string
  height?: number
}

/** Counts per bucket. A bucket with no data is hatched, one with zero is empty. */
export function BarChart({ label, name, height = 60, ...input }: BarChartProps) {
  const zone = useViewerZone()
  const chart = prepareBars({ ...input, zone })
  return (
    <figure aria-label={label}>
      <PlotFrame
        height={height}
        format="count"
        yTicks={chart.yTicks}
        xTicks={chart.xTicks}
        gaps={chart.gaps}
        marks={chart.marks}
        markLetters
      >
        <svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">
          {chart.bars.map((bar) => (
            <rect
              key={bar.x}
              className="f-bar"
              x={bar.x}
              width={bar.width}
              y={100 - bar.height}
              height={bar.height}
            />
          ))}
        </svg>
      </PlotFrame>
      <SeriesTable label={label} rows={chart.rows} format="count" zone={zone} names={{ subject: name }} />
    </figure>
  )
}
