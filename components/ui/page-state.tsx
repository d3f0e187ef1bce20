import type { ReactNode } from 'react'
import { Status, type StatusKind } from '#components/ui/status.tsx'

/** What stands where content would: a status, a sentence, what is known, and what can be done. */
export function PageState({
  kind,
  word,
  title,
  detail,
  actions,
}: {
  kind: StatusKind
  word: string
  title: string
  detail?: ReactNode
  actions?: ReactNode
}) {
  return (
    <div className="state" role={kind === 'crit' ? 'alert' : undefined}>
      <Status kind={kind}>{word}</Status>
      <h2>{title}</h2>
      {detail === undefined ? null : <p className="sub">{detail}</p>}
      {actions === undefined ? null : <div className="acts">{actions}</div>}
    </div>
  )
}
