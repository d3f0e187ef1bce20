import type { ReactNode } from 'react'
import { Status, type StatusKind } from '#components/ui/status.tsx'

/** What stands where content would: a status, a sentence, what is known, and what can be done. */
export function PageState({
  kind,
  word,
  title,
  detail,
  actions,
  whole = false,
}: {
  kind: StatusKind
  word: string
  title: string
  detail?: ReactNode
  actions?: ReactNode
  /** It stands for the whole page, and its title is the page's. */
  whole?: boolean
}) {
  const Title = whole ? 'h1' : 'h2'
  return (
    <div className="state" role={kind === 'crit' ? 'alert' : undefined}>
      <Status kind={kind}>{word}</Status>
      <Title>{title}</Title>
      {detail === undefined ? null : <p className="sub">{detail}</p>}
      {actions === undefined ? null : <div className="acts">{actions}</div>}
    </div>
  )
}
