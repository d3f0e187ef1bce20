import type { Crumb } from '#components/shell/top-bar.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, plural, shortId } from '#components/ui/format.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { causeText } from '#lib/protocol/dead-letter-cause.ts'
import { LETTER_FACET_ROWS_MAX, LETTER_FIELDS, isPoisoned } from '#lib/query/letter-fields.ts'
import { facetGroups } from '../facet-groups.ts'
import { ListFrame } from '../list-frame.tsx'
import { exportHrefs } from '../list-url.ts'
import { readViews } from '../read-views.ts'
import type { loadList } from '../search-params.ts'
import type { Visit } from '../viewer.ts'
import { readBoard, type Board } from './board-read.ts'
import { CauseList } from './cause-list.tsx'
import { marksOf } from '../pillars/mark-words.ts'
import { GroupPanel } from './group-panel.tsx'
import { listedWords } from './group-words.ts'
import { ItemDetail } from './item-detail.tsx'
import type { LetterRow } from './item-table.tsx'
import { GROUPS_SHOWN_MAX, groupHref, lettersHref } from './letter-links.ts'
import { LettersPane } from './letters-pane.tsx'
import { boardEvidence, boardSentence, filteredSentence } from './letter-words.ts'

const FACET_WORDS = {
  code: 'Code',
  collection: 'Collection',
  version: 'Version',
  rule: 'Rule',
  path: 'Place',
} as const

/** Three panes: causes, the letters of one or of a filter, and one letter. On a phone the address says which one is shown. */
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
  const [board, views] = await Promise.all([readBoard(at, params, asked), readViews(at, 'dead-letters')])
  const { filter, problem, groups, totals, counts } = board
  const isFiltered = filter.length > 0
  return (
    <ListFrame
      at={at}
      label="Dead letters"
      crumbs={crumbsFor(at, board, asked)}
      sentence={isFiltered ? filteredSentence(board, params.q) : boardSentence(groups, totals)}
      evidence={boardEvidence(groups)}
      fields={LETTER_FIELDS}
      filter={filter}
      // The status has its own chips, above the letters.
      facets={facetGroups(counts, FACET_WORDS).filter(({ key }) => key !== 'status')}
      counted={
        counts.capped ? `Counts are of the newest ${formatCount(LETTER_FACET_ROWS_MAX)} letters` : null
      }
      views={views}
      problem={problem}
    >
      {problem !== null && asked === null ? (
        <EmptyState title="Nothing was searched" detail="The box tells its keys while you type." />
      ) : groups.length === 0 && board.list.items.length === 0 && asked === null ? (
        <NothingHere at={at} board={board} />
      ) : (
        <Panes at={at} board={board} asked={asked} />
      )}
    </ListFrame>
  )
}

function Panes({ at, board, asked }: { at: Visit; board: Board; asked: DeadLetterDetail | null }) {
  const { filter, groups, totals, group, merged, annotations, listed, q, list, matching, detail, foretold } =
    board
  const isFiltered = filter.length > 0
  const shown = asked !== null ? 'at-item' : isFiltered ? 'at-items' : 'at-causes'
  const role = at.fleet.role
  return (
    <div className={`panes ${shown}`}>
      <CauseList
        groups={groups}
        totals={totals}
        current={board.groupId}
        filter={filter}
        query={at.query}
        nowMs={at.nowMs}
      />
      <section className="items" aria-label="Dead letters of this cause">
        {group === null ? null : (
          <GroupPanel
            group={group}
            merged={merged}
            marks={marksOf(annotations)}
            nowMs={at.nowMs}
            fleetId={at.fleet.id}
            role={role}
            others={groups
              .filter(({ id }) => id !== group.id)
              .slice(0, GROUPS_SHOWN_MAX)
              .map((one) => ({
                id: one.id,
                label: `${one.title ?? causeText(one)} (${formatCount(one.count)}, ${one.collection})`,
              }))}
          />
        )}
        <LettersPane
          title={listedWords(matching, listed, group === null ? totals.groups : null)}
          rows={list.items.map((letter) => letterRow(letter, board.standings))}
          nextCursor={list.nextCursor}
          matching={matching}
          isMixed={group === null}
          currentId={detail?.letter.id ?? null}
          listed={listed}
          q={q}
          fleetId={at.fleet.id}
          query={at.query}
          nowMs={at.nowMs}
          role={role}
          exports={exportHrefs('dead-letters', { fleet: at.fleet.id, q })}
          empty={
            <div className="pane-body">
              <EmptyState
                title={`No ${board.status ?? ''} dead letter here`.replace('  ', ' ')}
                {...(list.nextCursor === null
                  ? {}
                  : { detail: 'Go on below: older ones are looked through next.' })}
              />
            </div>
          }
        />
      </section>
      {detail === null ? (
        <section className="item" aria-label="Dead letter" />
      ) : (
        <ItemDetail
          detail={detail}
          foretold={foretold}
          role={role}
          fleetId={at.fleet.id}
          query={at.query}
          nowMs={at.nowMs}
        />
      )}
    </div>
  )
}

/** Why no letter is shown, and the way to those that there are. */
function NothingHere({ at, board: { filter, status, all } }: { at: Visit; board: Board }) {
  if (filter.length === 0) {
    return (
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
    )
  }
  const isOpen = status === 'open'
  return (
    <EmptyState
      good={isOpen}
      {...(isOpen ? { word: 'None open' } : {})}
      title={isOpen ? 'Nothing of it waits for a decision' : 'No dead letter matches this filter'}
      detail={
        all.groups === 0 ? (
          'No other dead letter is open either.'
        ) : (
          <a className="link" href={lettersHref(at.query, { groupId: null })}>
            See the {plural(all.groups, 'cause')} that {all.groups === 1 ? 'is' : 'are'} open
          </a>
        )
      }
    />
  )
}

/** Without the payload, which may be large. */
const letterRow = (letter: Board['list']['items'][number], standings: Board['standings']): LetterRow => ({
  id: letter.id,
  deviceName: letter.deviceName,
  code: letter.code,
  createdAtMs: letter.createdAtMs,
  status: letter.status,
  poisoned: isPoisoned(letter),
  record: standings.get(letter.id) ?? null,
  lastReplay: letter.lastReplay?.status ?? null,
})

/** The way back on a phone, pane by pane. */
function crumbsFor(
  at: Visit,
  { filter, groupId, group }: Board,
  asked: DeadLetterDetail | null,
): readonly Crumb[] {
  const root = { label: 'Dead letters', href: lettersHref(at.query, { groupId: null }) }
  if (asked !== null) {
    const code = { label: asked.letter.code, mono: true }
    const href = groupId === null ? root.href : groupHref(at.query, [], groupId)
    return [root, { ...code, href }, { label: shortId(asked.letter.id), mono: true }]
  }
  if (filter.length === 0) return [{ label: 'Dead letters' }]
  return [root, group === null ? { label: 'Letters' } : { label: group.code, mono: true }]
}
