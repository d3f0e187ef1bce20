import type { FacetGroup } from '#components/table/filter-bar.tsx'
import type { FacetCounts } from '#lib/query/facets.ts'

/** Counted values as the filter bar shows them, under these words. Pure. */
export const facetGroups = (
  { facets }: FacetCounts,
  words: Readonly<Record<string, string>>,
): readonly FacetGroup[] =>
  facets.map(({ key, values, rest }) => ({ key, label: words[key] ?? key, values, rest }))
