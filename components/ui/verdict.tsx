import type { ReactNode } from 'react'
import { Status, StatusShape, type StatusKind } from '#components/ui/status.tsx'

/**
 * The page's first line answers its question in a sentence; then the evidence, then the next step.
 * `kind` puts the shape before a sentence about one thing; `status` stands after the evidence.
 */
export type VerdictProps = {
  sentence: string
  evidence?: ReactNode
  kind?: StatusKind
  status?: { kind: StatusKind; word: string }
  /** At most one primary button. */
  actions?: ReactNode
  /** Short facts in a row under the sentence. */
  facts?: readonly { value: ReactNode; of: ReactNode }[]
}

export function Verdict({ sentence, evidence, kind, status, actions, facts = [] }: VerdictProps) {
  return (
    <section className="verdict" aria-label="Verdict">
      <div>
        <h1>
          {kind === undefined ? null : <StatusShape kind={kind} />}
          {sentence}
        </h1>
        {evidence === undefined && status === undefined ? null : (
          <p>
            {evidence} {status === undefined ? null : <Status kind={status.kind}>{status.word}</Status>}
          </p>
        )}
        {facts.length === 0 ? null : (
          <div className="facts">
            {facts.map((fact, index) => (
              <span key={index}>
                <b>{fact.value}</b> {fact.of}
              </span>
            ))}
          </div>
        )}
      </div>
      {actions === undefined ? null : <div className="acts">{actions}</div>}
    </section>
  )
}
