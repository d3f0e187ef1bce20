import type { ReactNode } from 'react'
import { PageState } from '#components/ui/page-state.tsx'

/** Something did not load: what, which code, and the request to quote when asking for help. */
export function ErrorState({
  title,
  code,
  requestId,
  detail,
  actions,
}: {
  title: string
  code: string
  requestId?: string
  detail?: ReactNode
  actions?: ReactNode
}) {
  const said = (
    <>
      <span className="mono">{code}</span>
      {requestId === undefined ? null : (
        <>
          {' · request '}
          <span className="mono">{requestId}</span>
        </>
      )}
      {detail === undefined ? null : <> · {detail}</>}
    </>
  )
  return <PageState kind="crit" word="Not loaded" title={title} detail={said} actions={actions} />
}
