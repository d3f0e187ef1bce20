import type { ReactNode } from 'react'
import { KeyValue } from '#components/ui/key-value.tsx'

/** Figures with what each is out of and from when; one under the other where room is short. */
export function FigureRows({
  label,
  rows,
}: {
  label: string
  rows: readonly { name: string; value: ReactNode; basis: string }[]
}) {
  return (
    <div className="figures" role="group" aria-label={label}>
      <KeyValue
        align="start"
        items={rows.map(({ name, value, basis }) => ({
          key: name,
          value: (
            <>
              {value} <span className="sub">· {basis}</span>
            </>
          ),
        }))}
      />
    </div>
  )
}
