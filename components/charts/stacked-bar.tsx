import { formatCount } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'

export type BarPart = { key: string; label: string; count: number; kind: StatusKind | 'merged' }

/** Parts of a whole in one bar; the rest of `total` stays empty. Every part is named in the legend. */
export function StackedBar({
  label,
  parts,
  total,
}: {
  label: string
  parts: readonly BarPart[]
  total: number
}) {
  const shown = parts.filter((part) => part.count > 0)
  const rest = Math.max(0, total - shown.reduce((sum, part) => sum + part.count, 0))
  return (
    <figure aria-label={label}>
      <div className="bar" aria-hidden="true">
        {shown.map((part) => (
          <i key={part.key} className={`bg-${part.kind}`} style={{ flex: part.count }} />
        ))}
        {rest === 0 ? null : <i style={{ flex: rest }} />}
      </div>
      <figcaption className="legend">
        {parts.map((part) => (
          <span key={part.key}>
            <i className={`bg-${part.kind}`} aria-hidden="true" />
            {part.label} <b>{formatCount(part.count)}</b>
          </span>
        ))}
        <span>of {formatCount(total)}</span>
      </figcaption>
    </figure>
  )
}
