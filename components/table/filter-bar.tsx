'use client'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import type { ReactNode } from 'react'
import { FilterBox } from '#components/table/filter-box.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'
import { withParams } from '#components/ui/search-params.ts'
import type { Filter } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import type { SuggestedKey } from '#lib/query/suggest.ts'
import { hasValue, toggleValue } from '#lib/query/toggle-value.ts'

/** One value of a key: pressing it asks for it, or no longer. */
export type FacetValue = { value: string; label?: string; count?: number }
/** A key with the values that there are, most frequent first; `rest` counts those that are not shown. */
export type FacetGroup = {
  key: string
  label: string
  values: readonly FacetValue[]
  rest?: { values: number; count: number }
}

export type FilterBarProps = {
  /** The list's, where it isn't the page's own. */
  path?: string
  /** "Search devices" */
  label: string
  keys: readonly SuggestedKey[]
  /** What `q` asks for; null where it is not understood. */
  filter: Filter | null
  facets?: readonly FacetGroup[]
  /** What stands beside the box. */
  beside?: ReactNode
}

/** Search by words and conditions, kept in `q` of the URL. A changed filter starts at the first page. */
export function FilterBar({ path: listPath, label, keys, filter, facets = [], beside }: FilterBarProps) {
  const router = useRouter()
  const ownPath = usePathname()
  const path = listPath ?? ownPath
  const params = useSearchParams()
  const source = params.get('q') ?? ''
  const hrefFor = (q: string): string => withParams(path, params.toString(), { q, cursor: null })

  return (
    <search className="filter">
      {/* a new key, and so a fresh box, when the URL changes from elsewhere */}
      <FilterBox
        key={source}
        label={label}
        source={source}
        keys={keys}
        invalid={filter === null}
        onSearch={(q) => router.push(hrefFor(q), { scroll: false })}
      />
      {beside}
      {filter === null
        ? null
        : facets.map((group) => <Facets key={group.key} group={group} filter={filter} hrefFor={hrefFor} />)}
    </search>
  )
}

/** Values of a key that are shown at once; the others open. */
const FACETS_SHOWN = 4

function Facets({
  group,
  filter,
  hrefFor,
}: {
  group: FacetGroup
  filter: Filter
  hrefFor: (q: string) => string
}) {
  const { key, label, values, rest } = group
  const isOn = ({ value }: FacetValue): boolean => hasValue(filter, key, value)
  const shown = values.filter((value, index) => index < FACETS_SHOWN || isOn(value))
  const others = values.filter((value) => !shown.includes(value))
  const chip = (one: FacetValue) => (
    <Link
      key={one.value}
      className="chip"
      href={hrefFor(formatFilter(toggleValue(filter, key, one.value)))}
      scroll={false}
      aria-current={isOn(one) ? 'true' : undefined}
    >
      {one.label ?? one.value}
      {one.count === undefined ? null : <span className="n">{formatCount(one.count)}</span>}
      {isOn(one) ? <Icon name="close" /> : null}
    </Link>
  )
  if (values.length === 0) return null
  return (
    <div className="chips" role="group" aria-label={label}>
      <span className="facet-key">{label}</span>
      {shown.map(chip)}
      {others.length === 0 ? null : (
        <details className="facet-more">
          <summary className="chip">{`${others.length} more`}</summary>
          <div className="pop">
            {others.map(chip)}
            {rest === undefined || rest.values === 0 ? null : (
              <span className="den">{`${formatCount(rest.values)} other values, ${formatCount(rest.count)}`}</span>
            )}
          </div>
        </details>
      )}
    </div>
  )
}
