import type { Metadata } from 'next'
import type { FacetGroup } from '#components/table/filter-bar.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { failedSessions } from '#lib/application/pillars/failures.ts'
import { listSessions } from '#lib/application/sessions/list-sessions.ts'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import { ListFrame } from '../list-frame.tsx'
import { keptPage } from '../kept-page.tsx'
import { listFilter } from '../list-filter.ts'
import { LIST, loadList, type PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { sessionsSentence } from './session-words.ts'
import { SessionsTable } from './sessions-table.tsx'

export const metadata: Metadata = { title: 'Sessions · Tidemark' }

const FACETS: readonly FacetGroup[] = [
  { key: 'result', label: 'Result', values: [{ value: 'failed' }, { value: 'abandoned' }] },
  {
    key: 'has',
    label: 'With',
    values: [
      { value: 'conflict', label: 'conflicts' },
      { value: 'dead', label: 'dead letters' },
    ],
  },
]

const NOTHING = { items: [], nextCursor: null } as const

const emptyTitle = (q: string, problem: string | null): string =>
  problem !== null
    ? 'Nothing was searched'
    : q === ''
      ? 'No session in this range'
      : 'No session matches this filter'

/** What happened? */
async function SessionsPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([visit('/sessions', searchParams, LIST), loadList(searchParams)])
  const { fromMs, toMs, label } = at.span
  const { filter, problem } = listFilter(params.q, SESSION_FIELDS)
  const page = { cursor: params.cursor ?? undefined }
  const range = { fromMs, toMs }
  const query = { q: params.q, ...page, ...range }
  const { items, nextCursor } =
    problem === null ? await listSessions(at.ctx, { actor: at.actor, fleetId: at.fleet.id, query }) : NOTHING
  const scope = { q: params.q, more: nextCursor !== null, later: params.cursor !== null }
  // A page is the newest of them; the sentence and the count are about the range.
  const isWhole = params.q === '' && problem === null && !scope.more && !scope.later
  const all =
    params.q === '' && !isWhole ? await failedSessions(at.ctx, { fleetId: at.fleet.id, ...range }) : null
  return (
    <ListFrame
      at={at}
      label="Sessions"
      range
      sentence={sessionsSentence(items, scope, label.toLowerCase(), all)}
      evidence="By their end, newest first, as the devices told them afterwards; a session still running is not here yet."
      fields={SESSION_FIELDS}
      filter={filter}
      facets={FACETS}
      problem={problem}
      shown={items.length}
      nextCursor={nextCursor}
      {...(all === null ? {} : { matching: all.whole })}
    >
      <SessionsTable
        rows={items}
        query={at.query}
        nowMs={at.nowMs}
        empty={
          <EmptyState title={emptyTitle(params.q, problem)} detail="Take a longer range, or fewer filters." />
        }
      />
    </ListFrame>
  )
}

export default keptPage(SessionsPage)
