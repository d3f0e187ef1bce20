'use client'
import type { HeatCell } from '#components/charts/prepare-heat.ts'
import type { Gap } from '#components/charts/prepare.ts'
import { TimeTicks } from '#components/charts/time-ticks.tsx'
import type { TimeTick } from '#components/charts/ticks.ts'

export type HeatCellsProps<Cell extends HeatCell> = {
  /** How many rows lie over each other. */
  rows: number
  cells: readonly Cell[]
  gaps: readonly Gap[]
  xTicks: readonly TimeTick[]
  titleOf: (cell: Cell) => string
  /** Whether a cell leads on, and what a click on it does: the keyboard has another way there. */
  onCell?: (cell: Cell) => void
  leadsOn?: (cell: Cell) => boolean
}

/** A single one of many is still seen. */
const OPACITY_MIN = 0.08

/** The picture of a heat map: darker is more. What it shows is told in a table beside it. */
export function HeatCells<Cell extends HeatCell>({
  rows,
  cells,
  gaps,
  xTicks,
  titleOf,
  onCell,
  leadsOn = () => onCell !== undefined,
}: HeatCellsProps<Cell>) {
  const rowPct = 100 / rows
  return (
    <div aria-hidden="true">
      {gaps.map((gap) => (
        <div
          key={gap.leftPct}
          className="gap"
          style={{ left: `${gap.leftPct}%`, width: `${gap.widthPct}%` }}
        />
      ))}
      {cells.map((cell) => (
        <i
          key={`${cell.atMs} ${cell.row}`}
          className={leadsOn(cell) ? 'cell on' : 'cell'}
          title={titleOf(cell)}
          {...(onCell !== undefined && leadsOn(cell) ? { onClick: () => onCell(cell) } : {})}
          style={{
            left: `${cell.leftPct}%`,
            width: `${cell.widthPct}%`,
            top: `${cell.row * rowPct}%`,
            height: `${rowPct}%`,
            opacity: Math.max(OPACITY_MIN, Math.sqrt(cell.share)),
          }}
        />
      ))}
      <TimeTicks ticks={xTicks} />
    </div>
  )
}
