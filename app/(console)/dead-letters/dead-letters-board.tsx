import type { Crumb } from '#components/shell/top-bar.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { plural, shortId } from '#components/ui/format.ts'
import { Verdict } from '#components/ui/verdict.tsx'
import { getDeadLetter, type DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { listGroups } from '#lib/application/letter-groups/list-groups.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { asks, LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import { ConsolePage } from '../console-page.tsx'
import type { loadList } from '../search-params.ts'
import { listFilter } from '../list-filter.ts'
import type { Visit } from '../viewer.ts'
import { CauseList } from './cause-list.tsx'
import { askedOf, lettersHref, pickGroup } from './letter-links.ts'
import { ItemDetail } from './item-detail.tsx'
import { ItemTable } from './item-table.tsx'
import { boardEvidence, boardSentence } from './letter-words.ts'

/** Three panes: causes, the letters of one, and one letter. On a phone the address says which one is shown. */
export async function DeadLettersBoard({
  at,
  params,
  asked,
}: {
  at: Visit
  params: Pick<Awaited<ReturnType<typeof loadList>>, 'q' | 'cursor'>
  /** The letter that the address names. */
  asked: DeadLetterDetail | null
}) {
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const { filter, problem } = listFilter(params.q, LETTER_FIELDS)
  const { groups, totals } = await listGroups(at.ctx, { ...who, query: {} })
  const group = pickGroup(groups, filter, asked?.letter ?? null)
  const status = asked?.letter.status ?? askedOf(filter, 'status')
  const listed =
    filter.length > 0 && asked === null
      ? filter
      : [...(group === null ? [] : [asks('group', group)]), asks('status', status ?? 'open')]
  const query = { q: formatFilter(listed), ...(params.cursor === null ? {} : { cursor: params.cursor }) }
  const list = problem === null ? await listDeadLetters(at.ctx, { ...who, query }) : NOTHING
  const isGone =
    filter.length > 0 &&
    asked === null &&
    status === 'open' &&
    list.items.length === 0 &&
    list.nextCursor === null
  const first = list.items[0]
  const detail = asked ?? (first === undefined ? null : await getDeadLetter(at.ctx, { ...who, id: first.id }))
  const shown = asked !== null ? 'at-item' : filter.length > 0 ? 'at-items' : 'at-causes'
  return (
    <ConsolePage at={at} crumbs={crumbsFor(at, filter.length > 0, group, asked)}>
      <Verdict
        sentence={
          problem ?? (isGone ? 'No dead letter of this cause is open' : boardSentence(groups, totals))
        }
        evidence={boardEvidence(isGone ? [] : groups)}
      />
      {isGone && groups.length > 0 ? (
        <EmptyState
          good
          word="None open"
          title="Nothing of it waits for a decision"
          detail={
            <a className="link" href={lettersHref(at.query, { groupId: null })}>
              See the {plural(totals.groups, 'cause')} that {totals.groups === 1 ? 'is' : 'are'} open
            </a>
          }
        />
      ) : groups.length === 0 && filter.length === 0 && asked === null ? (
        <EmptyState
          good
          word="None open"
          title="Nothing waits for a decision"
          detail={
            <a className="link" href={lettersHref(at.query, { groupId: null, status: 'replayed' })}>
              See those that were replayed
            </a>
          }
        />
      ) : (
        <div className={`panes ${shown}`}>
          <CauseList groups={groups} totals={totals} current={group} query={at.query} nowMs={at.nowMs} />
          <ItemTable
            at={at}
            groupId={group}
            status={status}
            items={list.items}
            nextCursor={list.nextCursor}
            currentId={detail?.letter.id ?? null}
          />
          {detail === null ? (
            <section className="item" aria-label="Dead letter" />
          ) : (
            <ItemDetail
              detail={detail}
              role={at.fleet.role}
              fleetId={at.fleet.id}
              query={at.query}
              nowMs={at.nowMs}
            />
          )}
        </div>
      )}
    </ConsolePage>
  )
}

const NOTHING = { items: [], nextCursor: null }

/** The way back on a phone, pane by pane. */
function crumbsFor(
  at: Visit,
  isFiltered: boolean,
  groupId: string | null,
  asked: DeadLetterDetail | null,
): readonly Crumb[] {
  const root = { label: 'Dead letters', href: lettersHref(at.query, { groupId: null }) }
  if (asked !== null) {
    const group = { label: asked.letter.code, mono: true, href: lettersHref(at.query, { groupId }) }
    return [root, group, { label: shortId(asked.letter.id), mono: true }]
  }
  return isFiltered ? [root, { label: 'Letters' }] : [{ label: 'Dead letters' }]
}
