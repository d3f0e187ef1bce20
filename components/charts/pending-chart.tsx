'use client'
import { useMemo } from 'react'
import { PlotFrame } from '#components/charts/plot-frame.tsx'
import type { Mark } from '#components/charts/prepare.ts'
import { preparePending, type Stretch } from '#components/charts/prepare-pending.ts'
import { SeriesTable } from '#components/charts/series-table.tsx'
import { formatRound } from '#components/ui/format.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'

const HEIGHT_PX = 102

/** One device's oldest waiting change over time: known in ink, dotted where it is a lower bound, hatched where not told. */
export function PendingChart({
  pieces,
  fromMs,
  toMs,
  warnMs,
  label,
  marks,
}: {
  pieces: readonly Stretch[]
  fromMs: number
  toMs: number
  warnMs: number
  label: string
  marks?: readonly Mark[]
}) {
  const zone = useViewerZone()
  const warnWord = `warn ${formatRound(warnMs)}`
  const chart = useMemo(
    () =>
      preparePending({
        pieces,
        fromMs,
        toMs,
        warnMs,
        warnWord,
        height: HEIGHT_PX,
        zone,
        ...(marks && { marks }),
      }),
    [pieces, fromMs, toMs, warnMs, warnWord, zone, marks],
  )
  const rows = pieces.map((piece) => ({ t: piece.toMs, value: piece.toAgeMs, past: null }))
  return (
    <figure aria-label={label}>
      <PlotFrame
        height={HEIGHT_PX}
        format="duration"
        yTicks={chart.yTicks}
        xTicks={chart.xTicks}
        thresholds={chart.thresholds}
        gaps={chart.gaps}
        end={chart.end}
        marks={chart.marks}
        markLetters
        axisWidth={76}
      >
        <svg viewBox={`0 0 1000 ${HEIGHT_PX}`} preserveAspectRatio="none" aria-hidden="true">
          <path className="age" d={chart.known} />
          <path className="age low" d={chart.dotted} />
        </svg>
      </PlotFrame>
      <SeriesTable
        label={label}
        rows={rows}
        format="duration"
        zone={zone}
        names={{ subject: 'Pending age' }}
      />
    </figure>
  )
}
