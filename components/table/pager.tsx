import type { ReactNode } from 'react'
import { LinkButton } from '#components/ui/button.tsx'
import { formatCount } from '#components/ui/format.ts'
import { withParams } from '#components/ui/search-params.ts'

/** Keyset paging of a list that has no more than a page on the screen: forward by cursor, back to the start. */
export function Pager({
  place: { path, query },
  shown,
  nextCursor,
  children,
}: {
  /** Where the page is: its path and its query, as the server read them. */
  place: { path: string; query: string }
  shown: number
  nextCursor: string | null
  /** What else can be had of the list, such as a file. */
  children?: ReactNode
}) {
  const onFirst = new URLSearchParams(query).get('cursor') === null
  return (
    <nav className="pager" aria-label="Pages">
      <span className="sub">{formatCount(shown)} on this page</span>
      {children}
      {onFirst ? null : <LinkButton href={withParams(path, query, { cursor: null })}>First page</LinkButton>}
      {nextCursor === null ? null : (
        <LinkButton href={withParams(path, query, { cursor: nextCursor })}>Next page</LinkButton>
      )}
    </nav>
  )
}
