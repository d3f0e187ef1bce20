import type { ReactNode } from 'react'
import { capitalised } from '#components/ui/format.ts'
import { PageState } from '#components/ui/page-state.tsx'

/** The viewer may not see or do this: their role, and the one that may. */
export function ForbiddenState({
  title,
  role,
  needs,
  detail,
  actions,
}: {
  title: string
  role: string
  needs: string
  detail?: ReactNode
  actions?: ReactNode
}) {
  const said = (
    <>
      Your role is {role}. This needs {needs}.{detail === undefined ? null : <> {detail}</>}
    </>
  )
  return (
    <PageState kind="unk" word={`${capitalised(needs)} only`} title={title} detail={said} actions={actions} />
  )
}
