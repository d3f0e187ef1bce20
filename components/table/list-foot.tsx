'use client'
import { LOADED_ROWS_MAX, type News, type RowsShown } from '#components/table/row-store.ts'
import { Button, LinkButton } from '#components/ui/button.tsx'
import { formatCount, plural } from '#components/ui/format.ts'
import { withParams } from '#components/ui/search-params.ts'
import { Time } from '#components/ui/time.tsx'
import { useHydrated } from '#components/ui/use-hydrated.ts'

/** What stands under a list: where its page is, how many there are in all where that is known, and all of it as a file. */
export type ListEnd = {
  path: string
  query: string
  matching?: number
  exports: { csv: string; ndjson: string }
  /** What a row is, where a new one comes on top: "session". */
  newest?: string
}

/** What a list says of itself, and the way to the rest of it. Without script there are pages; with it, the list grows. */
export function ListFoot({
  end: { path, query, matching, exports, newest },
  shown: { first, rows, nextCursor, loading, news },
  onMore,
  onNewest,
}: {
  end: ListEnd
  shown: RowsShown<unknown>
  onMore: () => void
  onNewest: () => void
}) {
  const grows = useHydrated() && rows.length < LOADED_ROWS_MAX
  const isLong = rows !== first.rows
  return (
    <nav className="pager list-foot" aria-label="Pages">
      <span className="sub" role="status">
        {isLong ? `${formatCount(rows.length)} loaded` : `${formatCount(rows.length)} on this page`}
        {matching === undefined
          ? null
          : isLong
            ? ` of ${formatCount(matching)} matching`
            : ` · ${formatCount(matching)} matching`}
        {news === null ? null : (
          <>
            {` · ${newsWords(news, newest)} `}
            <Time at={first.atMs} now={first.atMs} show="clock" />
          </>
        )}
      </span>
      {news === null ? null : (
        <Button onClick={onNewest} icon="up">
          Show as it is now
        </Button>
      )}
      <a className="btn quiet" href={exports.csv} download>
        Export CSV
      </a>
      <a className="btn quiet" href={exports.ndjson} download>
        Export NDJSON
      </a>
      {new URLSearchParams(query).get('cursor') === null ? null : (
        <LinkButton href={withParams(path, query, { cursor: null })}>First page</LinkButton>
      )}
      {nextCursor === null ? null : grows ? (
        <Button onClick={onMore} aria-disabled={loading.kind === 'loading'}>
          {loading.kind === 'loading' ? 'Loading…' : 'Load more'}
        </Button>
      ) : (
        <LinkButton href={withParams(path, query, { cursor: nextCursor })}>Next page</LinkButton>
      )}
    </nav>
  )
}

/** "12 newer sessions since", with the time behind it. Pure. */
export function newsWords({ added, all }: News, newest: string | undefined): string {
  if (newest === undefined || added === 0) return 'changed since'
  return `${all ? 'at least ' : ''}${plural(added, `newer ${newest}`)} since`
}
