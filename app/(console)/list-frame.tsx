import type { ReactNode } from 'react'
import { FilterBar, type Facet } from '#components/table/filter-bar.tsx'
import { Pager } from '#components/table/pager.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { ConsolePage } from './console-page.tsx'
import type { Visit } from './viewer.ts'

export type ListFrameProps = {
  at: Visit
  /** The page's name, also in "Search …". */
  label: string
  range?: boolean
  sentence: string
  evidence: string
  keys: readonly string[]
  facets: readonly Facet[]
  /** What in the search is not understood; nothing was searched then. */
  problem: string | null
  shown: number
  nextCursor: string | null
  /** How many there are in all, where that is known. */
  matching?: number
  children: ReactNode
}

/** A page that is a list: what it says in a sentence, the search, the table, and the way to the rest of it. */
export function ListFrame(props: ListFrameProps) {
  const { at, label, range = false, sentence, evidence, keys, facets, problem, shown, nextCursor } = props
  return (
    <ConsolePage at={at} crumbs={[{ label }]} range={range}>
      {problem === null ? (
        <Verdict sentence={sentence} evidence={evidence} />
      ) : (
        <Verdict sentence="This search is not understood, so nothing is shown" evidence={problem} />
      )}
      <FilterBar label={`Search ${label.toLowerCase()}`} keys={keys} facets={facets} />
      {props.children}
      {shown === 0 ? null : (
        <Pager
          place={{ path: at.path, query: at.query }}
          shown={shown}
          nextCursor={nextCursor}
          {...(props.matching === undefined ? {} : { matching: props.matching })}
        />
      )}
    </ConsolePage>
  )
}
