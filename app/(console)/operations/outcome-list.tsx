import { formatCount } from '#components/ui/format.ts'
import { StatusShape } from '#components/ui/status.tsx'
import type { Preview } from '#lib/application/operations/preview-operation.ts'
import { byOutcome, OUTCOME_WORDS } from './operation-words.ts'

/** How many letters come to what: a bar, and each share with its count and codes. */
export function OutcomeList({
  label,
  counts,
  told = 'words',
}: {
  label: string
  counts: Preview['counts']
  /** As a prediction, or as what has become. */
  told?: 'words' | 'became'
}) {
  const rows = byOutcome(counts)
  const total = rows.reduce((sum, { count }) => sum + count, 0)
  return (
    <div className="outcomes" role="group" aria-label={label}>
      <div className="outcome-bar" aria-hidden="true">
        {rows.map(({ outcome, count }) => (
          <span
            key={outcome}
            className={OUTCOME_WORDS[outcome].kind}
            style={{ flexGrow: count / Math.max(1, total) }}
          />
        ))}
      </div>
      <ul className="rows">
        {rows.map(({ outcome, count, codes }) => (
          <li key={outcome}>
            <StatusShape kind={OUTCOME_WORDS[outcome].kind} />
            <span>
              {OUTCOME_WORDS[outcome][told]}
              {codes.length === 0 ? null : <span className="sub mono">{codes.join(', ')}</span>}
            </span>
            <b>{formatCount(count)}</b>
          </li>
        ))}
      </ul>
    </div>
  )
}
