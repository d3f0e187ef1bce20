'use client'
import { useRouter } from 'next/navigation'
import type { CSSProperties } from 'react'
import { HeatCells } from '#components/charts/heat-cells.tsx'
import {
  prepareFieldHeat,
  type FieldHeatInput,
  type FieldHeatRow,
} from '#components/charts/prepare-field-heat.ts'
import { formatCount, formatMoment, formatPercent, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'
import { formatTimeRange } from '#lib/query/time-range.ts'

export type LinkedFieldHeatRow = FieldHeatRow & {
  /** What stands for the row in the list's search, but for its time; null where that would be too long. */
  q: string | null
}

export type FieldHeatProps = Omit<FieldHeatInput<LinkedFieldHeatRow>, 'zone'> & {
  /** Accessible name with the range: "Conflicts by field, last 24 h". */
  label: string
  /** The list that rows and cells lead to, with what of the address goes along. */
  list: { path: string; query: string }
  /** The list's key of the time: "arose". */
  timeKey: string
}

/** px of one row: a finger meets it. */
const ROW_PX = 24

/** Which fields are contested, and when; a row leads to its conflicts, a cell to those of its time. */
export function FieldHeat({ label, list, timeKey, ...input }: FieldHeatProps) {
  const zone = useViewerZone()
  const router = useRouter()
  const heat = prepareFieldHeat({ ...input, zone })
  const count = heat.lines.length
  const hrefOf = (q: string, fromMs: number, toMs: number): string =>
    withParams(list.path, list.query, { q: `${q} ${timeKey}:${formatTimeRange({ fromMs, toMs })}` })
  const qOf = (row: number): string | null => input.rows[row]?.q ?? null
  return (
    <figure aria-label={label}>
      <div className="plot heat fields" style={{ '--h': `${count * ROW_PX}px` } as CSSProperties}>
        <div className="pa">
          <HeatCells
            {...heat}
            rows={count}
            titleOf={(cell) =>
              `${formatMoment(cell.atMs, zone)}, ${heat.lines[cell.row]?.label}: ${plural(cell.count, 'conflict')}`
            }
            leadsOn={(cell) => qOf(cell.row) !== null}
            onCell={(cell) => router.push(hrefOf(qOf(cell.row) ?? '', cell.atMs, cell.endMs))}
          />
          {heat.lines.map(({ label: name, of, count: many, share }, row) => {
            const q = qOf(row)
            const top = `${((row + 0.5) * 100) / count}%`
            const words = (
              <>
                {name}
                {of === undefined ? null : <span className="den"> {of}</span>}
              </>
            )
            const title = of === undefined ? name : `${name}, ${of}`
            return (
              <span key={title} className="line" style={{ top }}>
                {q === null ? (
                  <span className="name" title={title}>
                    {words}
                  </span>
                ) : (
                  <Link className="name link" title={title} href={hrefOf(q, input.fromMs, input.toMs)}>
                    {words}
                  </Link>
                )}
                <span className="figures" aria-hidden="true">
                  <b>{formatCount(many)}</b>
                  <span className="den">{share === null ? '' : formatPercent(share)}</span>
                </span>
              </span>
            )
          })}
        </div>
      </div>
      <div className="sr">
        <table>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Conflicts</th>
              <th scope="col">Of its collection’s conflicts</th>
              <th scope="col">Most of them at</th>
            </tr>
          </thead>
          <tbody>
            {heat.lines.map(({ label: name, of, count: many, share, busiestMs }) => (
              <tr key={`${of} ${name}`}>
                <th scope="row">{of === undefined ? name : `${name}, ${of}`}</th>
                <td>{formatCount(many)}</td>
                <td>{formatPercent(share)}</td>
                <td>{busiestMs === null ? '' : formatMoment(busiestMs, zone)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}
