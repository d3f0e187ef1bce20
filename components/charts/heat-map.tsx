'use client'
import type { CSSProperties } from 'react'
import { HeatCells } from '#components/charts/heat-cells.tsx'
import { prepareHeat, type HeatInput } from '#components/charts/prepare-heat.ts'
import { formatClock, formatCount, formatPercent } from '#components/ui/format.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'

export type HeatMapProps = Omit<HeatInput, 'zone'> & {
  /** Accessible name with unit and range: "Upload lag, last 24 h". */
  label: string
  /** What is counted: "changes". */
  name: string
}

/** px of one band. */
const ROW_PX = 18

/** How values were spread over time; where nothing is known it is hatched, where nothing lies it is empty. */
export function HeatMap({ label, name, ...input }: HeatMapProps) {
  const zone = useViewerZone()
  const heat = prepareHeat({ ...input, zone })
  const rows = heat.bands.length
  return (
    <figure aria-label={label}>
      <div className="plot heat" style={{ '--h': `${rows * ROW_PX}px` } as CSSProperties}>
        <div className="pa">
          <HeatCells
            {...heat}
            rows={rows}
            titleOf={(cell) =>
              `${formatClock(cell.atMs, zone, false)}, ${heat.bands[cell.row]?.label}: ${formatCount(cell.count)} ${name}, ${formatPercent(cell.share)} of them`
            }
          />
          {heat.bands.map((band, row) => (
            <span
              key={band.label}
              className="yl"
              aria-hidden="true"
              style={{ top: `${((row + 0.5) * 100) / rows}%` }}
            >
              {band.label}
            </span>
          ))}
        </div>
      </div>
      <div className="sr">
        <table>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th scope="col">Lag</th>
              <th scope="col">{name}</th>
            </tr>
          </thead>
          <tbody>
            {heat.bands.map((band) => (
              <tr key={band.label}>
                <th scope="row">{band.label}</th>
                <td>{formatCount(band.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}
