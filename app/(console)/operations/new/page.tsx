import type { Metadata } from 'next'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Verdict } from '#components/ui/verdict.tsx'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { listGroups } from '#lib/application/letter-groups/list-groups.ts'
import { takesAll } from '#lib/application/operations/membership.ts'
import { isAmong, type Filter } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { LETTER_FIELDS, type LetterKey } from '#lib/query/letter-fields.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import { listFilter } from '../../list-filter.ts'
import type { PageProps } from '../../search-params.ts'
import { visit, type Visit } from '../../viewer.ts'
import { filterHref, speaksOf } from '../../dead-letters/letter-links.ts'
import { newOperationHref } from '../operation-links.ts'
import { KIND_WORDS, type Kind } from '../operation-words.ts'
import { Composer, type ComposerProps } from './composer.tsx'
import { loadNewOperation, NEW_OPERATION } from './search-params.ts'

export const metadata: Metadata = { title: 'New operation · Tidemark' }

/** What would this do? A dry run, and the way to start it. */
async function NewOperationPage({ searchParams }: PageProps) {
  const [at, { kind, q, letters }] = await Promise.all([
    visit('/operations/new', searchParams, NEW_OPERATION),
    loadNewOperation(searchParams),
  ])
  const { name, does } = KIND_WORDS[kind]
  const crumbs = [{ label: 'Operations', href: carryShared('/operations', at.query) }, { label: name }]
  if (at.fleet.role === 'viewer') {
    return (
      <ConsolePage at={at} crumbs={crumbs}>
        <ForbiddenState
          title="Bulk actions are made by operators"
          role="viewer"
          needs="operator"
          detail="What runs and what ran is on Operations."
        />
      </ConsolePage>
    )
  }
  const { filter, problem } = listFilter(q, LETTER_FIELDS)
  if (problem !== null) {
    return (
      <ConsolePage at={at} crumbs={crumbs}>
        <Verdict sentence="This filter is not understood, so nothing would run" evidence={problem} />
      </ConsolePage>
    )
  }
  return (
    <ConsolePage at={at} crumbs={crumbs}>
      <Composer
        // Another selection is another operation.
        key={`${kind} ${q} ${letters?.join(',') ?? ''}`}
        kind={kind}
        does={does}
        taken={letters === null ? { q } : { letters }}
        takesAll={letters === null && takesAll(filter)}
        lettersHref={letters === null ? filterHref(at.query, filter) : null}
        leftOut={letters === null ? await poisonedOf(at, kind, filter) : null}
        fleetId={at.fleet.id}
        query={at.query}
        schemas={kind === 'edit' ? await schemasOf(at) : []}
      />
    </ConsolePage>
  )
}

/** Letters that the filter matches and a bulk action passes by, as nobody asked for poisoned ones (DL11); null for none. */
async function poisonedOf(
  at: Visit,
  kind: Kind,
  filter: Filter<LetterKey>,
): Promise<ComposerProps['leftOut']> {
  if (kind === 'restore' || speaksOf(filter, 'poison')) return null
  const asked = [...filter, isAmong('poison', 'yes'), isAmong('status', 'open')]
  const { totals } = await listGroups(at.ctx, {
    actor: at.actor,
    fleetId: at.fleet.id,
    query: { q: formatFilter(asked) },
  })
  if (totals.letters === 0) return null
  return {
    letters: totals.letters,
    seeHref: filterHref(at.query, asked),
    takeHref: newOperationHref(at.query, kind, {
      q: formatFilter([...filter, isAmong('poison', 'yes', 'no')]),
    }),
  }
}

/** Collections whose up-migrations could be applied. */
async function schemasOf(at: Visit): Promise<readonly { name: string; version: number }[]> {
  const collections = await listCollections(at.ctx, { actor: at.actor, fleetId: at.fleet.id })
  return collections.map(({ name, schemaVersion }) => ({ name, version: schemaVersion }))
}

export default keptPage(NewOperationPage)
