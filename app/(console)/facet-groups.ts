import type { FacetGroup } from '#components/table/filter-bar.tsx'
import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import type { FacetCounts } from '#lib/query/facets.ts'

/** Counted values as the filter bar shows them, under these words; the engine only where there are others. Pure. */
export const facetGroups = (
  { facets }: FacetCounts,
  words: Readonly<Record<string, string>>,
): readonly FacetGroup[] =>
  facets
    .filter(({ key, values }) => key !== 'source' || values.some(({ value }) => value !== OWN_SOURCE))
    .map(({ key, values, rest }) => ({ key, label: words[key] ?? key, values, rest }))
