import type { ReactNode } from 'react'
import type { Crumb } from '#components/shell/top-bar.tsx'
import { FilterBar, type FacetGroup } from '#components/table/filter-bar.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import type { Fields, Filter } from '#lib/query/field.ts'
import { suggestedKeys } from '#lib/query/suggested-keys.ts'
import { ConsolePage } from './console-page.tsx'
import { SavedViews, type SavedViewsProps } from './saved-views.tsx'
import type { Visit } from './viewer.ts'

export type ListFrameProps = {
  at: Visit
  /** The page's name, also in "Search …". */
  label: string
  /** Where one thing of the list is shown, too. */
  crumbs?: readonly Crumb[]
  range?: boolean
  /** The way to the other parts of the page. */
  tabs?: ReactNode
  sentence: string
  evidence: ReactNode
  fields: Fields
  /** What `q` asks for. */
  filter: Filter
  facets: readonly FacetGroup[]
  /** What the counts are of, where they are not of everything. */
  counted: string | null
  /** Null for a list of which no views are kept. */
  views: SavedViewsProps | null
  /** What in the search is not understood; nothing was searched then. */
  problem: string | null
  /** What can be done with all of them. */
  actions?: ReactNode
  /** The table with its foot. */
  children: ReactNode
}

/** A page that is a list: what it says in a sentence, the search, and the table. */
export function ListFrame(props: ListFrameProps) {
  const { at, label, range = false, sentence, evidence, fields, filter, facets, views, problem } = props
  return (
    <ConsolePage at={at} crumbs={props.crumbs ?? [{ label }]} range={range}>
      {props.tabs}
      {problem === null ? (
        <Verdict sentence={sentence} evidence={evidence} actions={props.actions} />
      ) : (
        <Verdict sentence="This search is not understood, so nothing is shown" evidence={problem} />
      )}
      <FilterBar
        {...(views === null ? {} : { path: `/${views.page}` })}
        label={`Search ${label.toLowerCase()}`}
        keys={suggestedKeys(fields, foundIn(facets))}
        filter={problem === null ? filter : null}
        facets={facets}
        beside={views === null ? null : <SavedViews {...views} />}
      />
      {props.counted === null ? null : <p className="sub">{props.counted}</p>}
      {props.children}
    </ConsolePage>
  )
}

/** The values that there are, for the box to suggest. */
const foundIn = (facets: readonly FacetGroup[]): Record<string, readonly string[]> =>
  Object.fromEntries(facets.map(({ key, values }) => [key, values.map(({ value }) => value)]))
