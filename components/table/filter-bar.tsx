'use client'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import type { FormEvent } from 'react'
import { formatQuery, hasToken, parseQuery, QUERY_LENGTH_MAX, toggleToken } from '#components/table/query.ts'
import { formatCount } from '#components/ui/format.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { Link } from '#components/ui/link.tsx'
import { withParams } from '#components/ui/search-params.ts'

/** A ready-made token: pressing it puts `key:value` into the search, or takes it out. */
export type Facet = { key: string; value: string; label?: string; count?: number }

export type FilterBarProps = {
  /** "Search devices" */
  label: string
  /** The keys the page understands in `key:value`. */
  keys: readonly string[]
  facets?: readonly Facet[]
}

/** Search by words and `key:value` tokens, kept in `q` of the URL. A changed filter starts at the first page. */
export function FilterBar({ label, keys, facets = [] }: FilterBarProps) {
  const router = useRouter()
  const path = usePathname()
  const params = useSearchParams()
  const source = params.get('q') ?? ''
  const query = parseQuery(source, keys)
  const hrefFor = (q: string): string => withParams(path, params.toString(), { q, cursor: null })

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const typed = new FormData(event.currentTarget).get('q')
    router.push(hrefFor(typeof typed === 'string' ? typed.trim() : ''), { scroll: false })
  }

  return (
    <search className="filter">
      <form onSubmit={submit}>
        <label className="input">
          <Icon name="search" />
          <span className="sr">{label}</span>
          {/* a new key, and so a fresh box, when the URL changes from elsewhere */}
          <input
            key={source}
            name="q"
            type="search"
            data-filter=""
            defaultValue={source}
            maxLength={QUERY_LENGTH_MAX}
            placeholder={`${label}, or ${keys.map((key) => `${key}:`).join(' ')}`}
            autoComplete="off"
            spellCheck={false}
          />
          <Kbd>/</Kbd>
        </label>
      </form>
      <div className="chips" role="group" aria-label="Filters">
        {facets.map((facet) => {
          const on = hasToken(query, facet.key, facet.value)
          return (
            <Link
              key={`${facet.key}:${facet.value}`}
              className="chip"
              href={hrefFor(formatQuery(toggleToken(query, facet.key, facet.value)))}
              scroll={false}
              aria-current={on ? 'true' : undefined}
            >
              {facet.label ?? `${facet.key} ${facet.value}`}
              {facet.count === undefined ? null : <span className="n">{formatCount(facet.count)}</span>}
              {on ? <Icon name="close" /> : null}
            </Link>
          )
        })}
      </div>
    </search>
  )
}
