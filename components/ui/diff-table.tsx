import { diffFields, type DiffCell, type DiffInput } from '#components/ui/diff-fields.ts'
import { plural } from '#components/ui/format.ts'

/** When each side is from: "v3, 10:57". */
export type DiffTableProps = DiffInput & {
  label: string
  /** Of the third side; “Server now” when it isn’t another time’s. */
  serverTitle?: string
  /** Of the fourth side, where there is one; “After replay” without. */
  afterTitle?: string
  when: { base: string; device: string; server: string; after?: string }
}

/** Base, device, server and what a replay would leave side by side; Δ is changed against base, × is refused. */
export function DiffTable({
  label,
  serverTitle = 'Server now',
  afterTitle = 'After replay',
  when,
  ...sides
}: DiffTableProps) {
  const { rows, equal } = diffFields(sides)
  const isForetold = sides.after !== undefined
  return (
    <>
      <table className="d3" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col" className="base-col">
              Base<small>{when.base}</small>
            </th>
            <th scope="col">
              Device<small>{when.device}</small>
            </th>
            <th scope="col">
              {serverTitle}
              <small>{when.server}</small>
            </th>
            {isForetold ? (
              <th scope="col" className="after">
                {afterTitle}
                <small>{when.after}</small>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.field}>
              <th scope="row" className="mono">
                <b>{row.field}</b>
              </th>
              <Cell cell={row.base} className="base-col" />
              <Cell cell={row.device} />
              <Cell cell={row.server} />
              {row.after === null ? null : <Cell cell={row.after} className="after" />}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="sub">
        <span className="delta">Δ</span>changed against base · <span className="refusal">×</span>refused
        {equal === 0 ? null : ` · ${plural(equal, 'equal field')} hidden`}
      </p>
    </>
  )
}

function Cell({ cell, className = '' }: { cell: DiffCell; className?: string }) {
  return (
    <td className={`${cell.mark ?? ''} ${className}`.trim() || undefined}>
      <span className="v mono" title={cell.text}>
        {cell.mark === 'changed' ? (
          <span className="delta">
            Δ<span className="sr"> changed: </span>
          </span>
        ) : null}
        {cell.mark === 'refused' ? (
          <span className="refusal">
            ×<span className="sr"> refused: </span>
          </span>
        ) : null}
        {cell.text}
      </span>
      {cell.note === null ? null : <span className="vn">{cell.note}</span>}
    </td>
  )
}
