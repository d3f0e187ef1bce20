import Link from 'next/link'
import type { ReactNode } from 'react'
import { withParams } from '#components/ui/search-params.ts'

/** Where a page is: its path and its query, as the server read them. */
export type Place = { path: string; query: string }

/**
 * A column head that sorts: `sort=key` or `sort=-key` in the URL. A second press turns the order around;
 * the page starts at its first rows again.
 */
export function SortLink({
  place,
  sortKey,
  current,
  children,
}: {
  place: Place
  sortKey: string
  /** The `sort` in force. */
  current: string
  children: ReactNode
}) {
  const next = current === `-${sortKey}` ? sortKey : `-${sortKey}`
  const arrow = current === sortKey ? ' ↑' : current === `-${sortKey}` ? ' ↓' : ''
  return (
    <Link
      className="sort"
      href={withParams(place.path, place.query, { sort: next, cursor: null })}
      scroll={false}
    >
      {children}
      <span aria-hidden="true">{arrow}</span>
    </Link>
  )
}
