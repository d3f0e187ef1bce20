import { formatAge } from '#components/ui/format.ts'

/** A figure with what makes it readable: its unit, what it is out of, and how old it is. */
export type FigureProps = {
  label: string
  value: string
  unit?: string
  /** "of 12,480 devices" */
  of?: string
  ageMs?: number | null
}

export function Figure({ label, value, unit, of, ageMs }: FigureProps) {
  const said = [of, ageMs === undefined ? undefined : formatAge(ageMs)].filter((part) => part !== undefined)
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd>
        <span className="val">{unit === undefined ? value : `${value} ${unit}`}</span>
        {said.length === 0 ? null : <span className="sub">{said.join(' · ')}</span>}
      </dd>
    </div>
  )
}
