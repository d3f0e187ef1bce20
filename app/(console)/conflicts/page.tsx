import type { Metadata } from 'next'
import type { FacetGroup } from '#components/table/filter-bar.tsx'
import { formatCount } from '#components/ui/format.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Link } from '#components/ui/link.tsx'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { conflictFacets, conflictGroups, listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { openConflicts } from '#lib/application/conflicts/open-conflicts.ts'
import { settleTimes } from '#lib/application/conflicts/settle-times.ts'
import { CONFLICT_FIELDS, CONFLICT_LOOK_MAX, CONFLICT_SORTS } from '#lib/query/conflict-fields.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { facetGroups } from '../facet-groups.ts'
import { keptPage } from '../kept-page.tsx'
import { listFilter } from '../list-filter.ts'
import { ListFrame } from '../list-frame.tsx'
import { exportHrefs, listUrl } from '../list-url.ts'
import { readViews } from '../read-views.ts'
import { readFrictionLine } from '../pillars/read-contested.ts'
import type { PageProps } from '../search-params.ts'
import { visit, type Visit } from '../viewer.ts'
import { conflictRows } from './conflict-row.ts'
import { pillarOfHref, sortHref, withoutGroup, withStatus } from './conflict-links.ts'
import { ConflictsList } from './conflicts-list.tsx'
import {
  deskSentence,
  filteredSentence,
  placeWords,
  settledSentence,
  SORT_WORDS,
  type WaitLimits,
} from './desk-words.ts'
import { GroupList } from './group-list.tsx'
import { RuleDialog } from './rule-dialog.tsx'
import { CONFLICTS, loadConflicts } from './search-params.ts'

export const metadata: Metadata = { title: 'Conflicts · Tidemark' }

const FACET_WORDS = {
  status: 'Status',
  collection: 'Collection',
  field: 'Field',
  version: 'Version',
  against: 'Against',
  strategy: 'Strategy',
  assigned: 'Assigned',
} as const
const NOTHING = {
  list: { items: [], nextCursor: null },
  counts: { facets: [], matching: 0, capped: false } as FacetCounts,
  groups: { groups: [], total: 0 },
} as const

/** Who lost what? */
async function ConflictsPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([
    visit('/conflicts', searchParams, CONFLICTS),
    loadConflicts(searchParams),
  ])
  const { filter, problem } = listFilter(params.q, CONFLICT_FIELDS)
  const listed = withStatus(filter)
  const q = formatFilter(listed)
  const { sort } = params
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const [{ list, counts, groups }, limits, open, settled, views, friction] = await Promise.all([
    problem === null
      ? readList(at, {
          q,
          sort,
          cursor: params.cursor,
          groupsQ: formatFilter(withStatus(withoutGroup(filter))),
        })
      : NOTHING,
    waitLimits(at),
    openConflicts(at.ctx, who),
    settleTimes(at.ctx, { ...who, query: { from: String(at.span.fromMs), to: String(at.span.toMs) } }),
    readViews(at, 'conflicts'),
    readFrictionLine(at),
  ])
  const scope = {
    q: params.q,
    more: list.nextCursor !== null,
    later: params.cursor !== null,
    ...(counts.capped ? {} : { matching: counts.matching }),
  }
  const asking = { fleet: at.fleet.id, q, sort }
  return (
    <ListFrame
      at={at}
      label="Conflicts"
      range
      sentence={
        params.q === ''
          ? deskSentence({ ...open, limits }, at.nowMs)
          : filteredSentence(list.items.length, scope)
      }
      evidence={
        <>
          {settledSentence(settled, at.span.label.toLowerCase())}{' '}
          {friction === null ? null : (
            <Link className="link" href={pillarOfHref(at.query, friction.collection)}>
              {friction.line}
            </Link>
          )}
        </>
      }
      fields={CONFLICT_FIELDS}
      filter={filter}
      facets={facetGroups(counts, FACET_WORDS).map(inWords)}
      counted={
        counts.capped ? `Counts and groups are of ${formatCount(CONFLICT_LOOK_MAX)} conflicts at most` : null
      }
      views={views}
      problem={problem}
      actions={
        at.fleet.role === 'viewer' || problem !== null ? undefined : (
          <RuleDialog
            fleetId={at.fleet.id}
            query={at.query}
            q={q}
            beforeMs={at.nowMs}
            waiting={
              open.open > 0 &&
              (scope.more || scope.later || list.items.some(({ status }) => status === 'open'))
            }
          />
        )
      }
    >
      <div className="desk">
        <GroupList
          groups={groups.groups}
          total={groups.total}
          filter={filter}
          query={at.query}
          nowMs={at.nowMs}
        />
        <section className="items" aria-label="Conflicts of this list">
          <div className="pane-head">
            <h2>{params.q === '' ? 'Waiting for a person' : 'Of this search'}</h2>
            <span className="r">
              {CONFLICT_SORTS.map((one) => (
                <Link
                  key={one}
                  className="chip"
                  href={sortHref(at.query, one)}
                  aria-current={one === sort ? 'true' : undefined}
                  scroll={false}
                >
                  {SORT_WORDS[one]}
                </Link>
              ))}
            </span>
          </div>
          <ConflictsList
            key={at.query}
            label={`Conflicts, ${SORT_WORDS[sort]}`}
            rows={conflictRows(list.items)}
            nextCursor={list.nextCursor}
            nowMs={at.nowMs}
            limits={limits}
            url={listUrl('conflicts', asking)}
            end={{
              path: at.path,
              query: at.query,
              exports: exportHrefs('conflicts', { fleet: at.fleet.id, q }),
              ...(sort === 'newest' ? { newest: 'conflict' } : {}),
              ...(counts.capped ? {} : { matching: counts.matching }),
            }}
            empty={<NothingHere isSearch={params.q !== ''} problem={problem} more={scope.more} />}
          />
        </section>
      </div>
    </ListFrame>
  )
}

/** A field's chip says what the groups and the rows say; the filter keeps its own word. */
const inWords = (group: FacetGroup): FacetGroup =>
  group.key === 'field'
    ? { ...group, values: group.values.map((one) => ({ ...one, label: placeWords(one.value) })) }
    : group

async function readList(
  at: Visit,
  { q, sort, cursor, groupsQ }: { q: string; sort: string; cursor: string | null; groupsQ: string },
) {
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const page = cursor === null ? {} : { cursor }
  const [list, counts, groups] = await Promise.all([
    listConflicts(at.ctx, { ...who, query: { q, sort, ...page } }),
    conflictFacets(at.ctx, { ...who, query: { q, sort } }),
    conflictGroups(at.ctx, { ...who, query: { q: groupsQ, sort } }),
  ])
  return { list, counts, groups }
}

/** How long conflicts of each collection may wait. */
async function waitLimits(at: Visit): Promise<WaitLimits> {
  const collections = await listCollections(at.ctx, { actor: at.actor, fleetId: at.fleet.id })
  const own = collections.flatMap(({ name, thresholds }) =>
    thresholds.conflictWaitMs === undefined ? [] : [[name, thresholds.conflictWaitMs] as const],
  )
  return { fleet: at.fleet.limits.conflictWaitMs, byCollection: Object.fromEntries(own) }
}

function NothingHere({
  isSearch,
  problem,
  more,
}: {
  isSearch: boolean
  problem: string | null
  more: boolean
}) {
  if (problem !== null)
    return <EmptyState title="Nothing was searched" detail="The box tells its keys while you type." />
  if (!isSearch)
    return (
      <EmptyState
        good
        word="None open"
        title="Nothing waits for a decision"
        detail="Those that were settled are under status:resolved."
      />
    )
  return (
    <EmptyState
      title={more ? 'None of those that were looked through' : 'No conflict matches this filter'}
      detail={more ? 'Go on below: others are looked through next.' : 'Take fewer filters.'}
    />
  )
}

export default keptPage(ConflictsPage)
