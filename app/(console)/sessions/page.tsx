import type { Metadata } from 'next'
import { formatCount } from '#components/ui/format.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { failedSessions } from '#lib/application/pillars/failures.ts'
import { listSessions, sessionFacets } from '#lib/application/sessions/list-sessions.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import { SESSION_FACET_ROWS_MAX, SESSION_FIELDS, sessionLook } from '#lib/query/session-fields.ts'
import { facetGroups } from '../facet-groups.ts'
import { ListFrame } from '../list-frame.tsx'
import { keptPage } from '../kept-page.tsx'
import { readViews } from '../read-views.ts'
import { listFilter } from '../list-filter.ts'
import { exportHrefs, listUrl } from '../list-url.ts'
import { LIST, loadList, type PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { sessionsSentence } from './session-words.ts'
import { SessionsList } from './sessions-list.tsx'

export const metadata: Metadata = { title: 'Sessions · Tidemark' }

const FACET_WORDS = {
  result: 'Result',
  version: 'Version',
  platform: 'Platform',
  source: 'Engine',
  code: 'Code',
  collection: 'Collection',
} as const
const NOTHING = { items: [], nextCursor: null } as const
const NOT_COUNTED: FacetCounts = { facets: [], matching: 0, capped: false }

function emptyTitle(q: string, problem: string | null, more: boolean): string {
  if (problem !== null) return 'Nothing was searched'
  if (q === '') return 'No session in this range'
  return more ? 'None of those that were looked through' : 'No session matches this filter'
}
function emptyDetail(problem: string | null, more: boolean): string {
  if (problem !== null) return 'The box tells its keys while you type.'
  return more ? 'Go on below: older ones are looked through next.' : 'Take a longer range, or fewer filters.'
}

const failedIn = ({ facets }: FacetCounts): number =>
  facets.find(({ key }) => key === 'result')?.values.find(({ value }) => value === 'failed')?.count ?? 0

/** What happened? */
async function SessionsPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([visit('/sessions', searchParams, LIST), loadList(searchParams)])
  const { fromMs, toMs, label } = at.span
  const { filter, problem } = listFilter(params.q, SESSION_FIELDS)
  const page = { cursor: params.cursor ?? undefined }
  const range = { fromMs, toMs }
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const asked = { q: params.q, ...range }
  const [{ items, nextCursor }, counts] =
    problem === null
      ? await Promise.all([
          listSessions(at.ctx, { ...who, query: { ...asked, ...page } }),
          sessionFacets(at.ctx, { ...who, query: asked }),
        ])
      : [NOTHING, NOT_COUNTED]
  const scope = {
    q: params.q,
    more: nextCursor !== null,
    later: params.cursor !== null,
    ...(counts.capped ? {} : { matching: counts.matching }),
  }
  // A page is the newest of them; the sentence is about the range, and says what the counts beside it say.
  const isWhole = params.q === '' && problem === null && !scope.more && !scope.later
  const all =
    params.q !== '' || isWhole
      ? null
      : counts.capped
        ? await failedSessions(at.ctx, { fleetId: at.fleet.id, ...range })
        : { part: failedIn(counts), whole: counts.matching }
  const asking = { fleet: at.fleet.id, q: params.q, from: String(fromMs), to: String(toMs) }
  const views = await readViews(at, 'sessions')
  return (
    <ListFrame
      at={at}
      label="Sessions"
      range
      sentence={sessionsSentence(items, scope, label.toLowerCase(), all, sessionLook(filter))}
      evidence="By their end, newest first, as the devices told them afterwards; a session still running is not here yet."
      fields={SESSION_FIELDS}
      filter={filter}
      facets={facetGroups(counts, FACET_WORDS)}
      counted={
        counts.capped ? `Counts are of the newest ${formatCount(SESSION_FACET_ROWS_MAX)} at most` : null
      }
      views={views}
      problem={problem}
    >
      <SessionsList
        key={at.query}
        rows={items}
        nextCursor={nextCursor}
        nowMs={at.nowMs}
        url={listUrl('sessions', asking)}
        end={{
          path: at.path,
          query: at.query,
          newest: 'session',
          exports: exportHrefs('sessions', asking),
          ...(counts.capped ? (all === null ? {} : { matching: all.whole }) : { matching: counts.matching }),
        }}
        empty={
          <EmptyState
            title={emptyTitle(params.q, problem, scope.more)}
            detail={emptyDetail(problem, scope.more)}
          />
        }
      />
    </ListFrame>
  )
}

export default keptPage(SessionsPage)
