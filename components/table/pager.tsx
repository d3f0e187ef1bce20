import { LinkButton } from '#components/ui/button.tsx'
import { formatCount } from '#components/ui/format.ts'
import { withParams } from '#components/ui/search-params.ts'

const FORMATS = [
  ['csv', 'Export CSV'],
  ['ndjson', 'Export NDJSON'],
] as const

/** Where a page is: its path and its query, as the server read them. */
export type Place = { path: string; query: string }

/**
 * Keyset paging: forward by cursor, back to the start. "All 48,213 matching" is not "50 on this page":
 * `matching` is left out where nobody has counted.
 */
export function Pager({
  place,
  shown,
  matching,
  nextCursor,
  exportHref,
}: {
  place: Place
  shown: number
  matching?: number
  nextCursor: string | null
  /** All of what matches, as a file. */
  exportHref?: (format: 'csv' | 'ndjson') => string
}) {
  const onFirst = new URLSearchParams(place.query).get('cursor') === null
  return (
    <nav className="pager" aria-label="Pages">
      <span className="sub">
        {formatCount(shown)} on this page
        {matching === undefined ? null : ` · ${formatCount(matching)} matching`}
      </span>
      {exportHref === undefined
        ? null
        : FORMATS.map(([format, name]) => (
            <a key={format} className="btn quiet" href={exportHref(format)} download>
              {name}
            </a>
          ))}
      {onFirst ? null : (
        <LinkButton href={withParams(place.path, place.query, { cursor: null })}>First page</LinkButton>
      )}
      {nextCursor === null ? null : (
        <LinkButton href={withParams(place.path, place.query, { cursor: nextCursor })}>Next page</LinkButton>
      )}
    </nav>
  )
}
