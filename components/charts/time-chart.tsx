'use client'
import { lazy, Suspense, useMemo, useSyncExternalStore } from 'react'
import { Brush } from '#components/charts/brush.tsx'
import { loadOnUse } from '#components/charts/load-on-use.ts'
import { PlotFrame } from '#components/charts/plot-frame.tsx'
import { prepareChart, type ChartInput } from '#components/charts/prepare.ts'
import { SeriesTable } from '#components/charts/series-table.tsx'
import { StillLines } from '#components/charts/still-lines.tsx'
import { formatCount } from '#components/ui/format.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'

const loadLibrary = () => import('#components/charts/time-chart-lines.tsx')

/** The chart library draws what follows the pointer and the keys; nobody waits for it to see the lines, nor loses them without it. */
const library = loadOnUse(loadLibrary)
/** Drawn only once the library is there: a part that cannot be loaded would take the whole page with it. */
const TimeChartLines = lazy(async () => ({ default: (await loadLibrary()).TimeChartLines }))

export type TimeChartProps = Omit<ChartInput, 'zone'> & {
  /** The accessible name: "Upload lag p95 over 24 hours". */
  label: string
  /** What the lines are called in the tooltip and the table. */
  names: { subject: string; past?: string }
  /** px of the plot area. */
  height?: number
  markLetters?: boolean
  /** px at the left, where it stands above another plot. */
  axisWidth?: number
  /** Dragging over it shows that time; a click opens this list at the point's time. */
  brush?: { pointHref?: string }
}

/** A pillar over time: the subject in ink, the same time before in grey, limits dashed, gaps hatched. */
export function TimeChart({
  label,
  names,
  height = 76,
  markLetters,
  axisWidth,
  brush,
  ...input
}: TimeChartProps) {
  const zone = useViewerZone()
  const isLoaded = useSyncExternalStore(library.subscribe, library.get, () => null) !== null
  const { fromMs, toMs, bucketMs, format, points, past, thresholds, marks, stretches, gapWord } = input
  const chart = useMemo(
    () =>
      prepareChart({
        fromMs,
        toMs,
        bucketMs,
        format,
        points,
        zone,
        ...(past && { past }),
        ...(thresholds && { thresholds }),
        ...(marks && { marks }),
        ...(stretches && { stretches }),
        ...(gapWord !== undefined && { gapWord }),
      }),
    [fromMs, toMs, bucketMs, format, points, past, thresholds, marks, stretches, gapWord, zone],
  )
  const rows = chart.rows.map((row) => ({ t: row.t, value: row.said, past: row.saidPast }))
  const still = <StillLines chart={chart} past={names.past !== undefined} />
  const lines = isLoaded ? (
    <Suspense fallback={still}>
      <TimeChartLines chart={chart} format={format} bucketMs={bucketMs} names={names} zone={zone} />
    </Suspense>
  ) : (
    still
  )
  return (
    <figure aria-label={label}>
      <PlotFrame
        height={height}
        format={format}
        yTicks={chart.yTicks}
        xTicks={chart.xTicks}
        thresholds={chart.thresholds}
        gaps={chart.gaps}
        marks={chart.marks}
        stretches={chart.stretches}
        peak={chart.peak}
        end={chart.end}
        {...(markLetters !== undefined && { markLetters })}
        {...(axisWidth !== undefined && { axisWidth })}
      >
        {brush === undefined ? (
          <div className="draw">{lines}</div>
        ) : (
          <Brush field={{ fromMs, toMs, bucketMs }} {...brush}>
            {lines}
          </Brush>
        )}
      </PlotFrame>
      <SeriesTable label={label} rows={rows} format={format} zone={zone} names={names} />
      {chart.merged === null ? null : (
        <figcaption className="sub">
          {formatCount(chart.merged.shown)} of {formatCount(chart.merged.of)} points, peaks kept
        </figcaption>
      )}
    </figure>
  )
}
