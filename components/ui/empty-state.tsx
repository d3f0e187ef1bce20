import type { ReactNode } from 'react'
import { PageState } from '#components/ui/page-state.tsx'

/**
 * Nothing to show, and why: `good` when empty is the wish (no dead letters), else it waits for something
 * or a filter hides it.
 */
export function EmptyState({
  title,
  word,
  good = false,
  detail,
  actions,
  whole,
}: {
  title: string
  word?: string
  good?: boolean
  detail?: ReactNode
  actions?: ReactNode
  whole?: boolean
}) {
  return (
    <PageState
      kind={good ? 'ok' : 'unk'}
      word={word ?? (good ? 'None' : 'Nothing here')}
      title={title}
      detail={detail}
      actions={actions}
      {...(whole === undefined ? {} : { whole })}
    />
  )
}
