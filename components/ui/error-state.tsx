import type { ReactNode } from 'react'
import { PageState } from '#components/ui/page-state.tsx'

/** A page did not load: what, which code, and the digest by which the log names it. */
export function ErrorState({
  title,
  code,
  digest,
  detail,
  actions,
}: {
  title: string
  code: string
  digest?: string
  detail?: ReactNode
  actions?: ReactNode
}) {
  const said = (
    <>
      <span className="mono">{code}</span>
      {digest === undefined ? null : (
        <>
          {' · digest '}
          <span className="mono">{digest}</span>
        </>
      )}
      {detail === undefined ? null : <> · {detail}</>}
    </>
  )
  return <PageState whole kind="crit" word="Not loaded" title={title} detail={said} actions={actions} />
}
