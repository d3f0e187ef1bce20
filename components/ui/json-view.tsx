import { formatCount } from '#components/ui/format.ts'
import { jsonLines } from '#components/ui/json-lines.ts'
import type { Json } from '#lib/kernel/json.ts'

/** A place in a payload (JSON pointer, RFC 6901) and why it was refused. */
export type JsonMark = { pointer: string; why: string }

/** A payload, with what was refused marked and the reason beside it. Long ones are cut and say so. */
export function JsonView({
  value,
  label,
  marks = [],
}: {
  value: Json
  label: string
  marks?: readonly JsonMark[]
}) {
  const { lines, hidden } = jsonLines(value)
  const whyAt = new Map<string | null, string>(marks.map((mark) => [mark.pointer, mark.why]))
  return (
    <pre className="json" role="region" aria-label={label} tabIndex={0}>
      {lines.map((line, index) => {
        const why = whyAt.get(line.pointer)
        return (
          <span key={index} className={why === undefined ? undefined : 'marked'}>
            {'  '.repeat(line.indent)}
            {line.key === null ? null : <span className="key">{JSON.stringify(line.key)}: </span>}
            {line.text}
            {why === undefined ? null : <span className="said">{`  × ${why}`}</span>}
          </span>
        )
      })}
      {hidden === 0 ? null : <span>{`… ${formatCount(hidden)} more lines`}</span>}
    </pre>
  )
}
