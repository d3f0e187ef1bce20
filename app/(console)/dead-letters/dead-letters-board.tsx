import type { Crumb } from '#components/shell/top-bar.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { plural, shortId } from '#components/ui/format.ts'
import { Verdict } from '#components/ui/verdict.tsx'
import { getDeadLetter, type DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { listCauses } from '#lib/application/dead-letters/list-causes.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import type { CauseKey } from '#lib/protocol/dead-letter-cause.ts'
import { ConsolePage } from '../console-page.tsx'
import type { Visit } from '../viewer.ts'
import { CauseList } from './cause-list.tsx'
import { causeHref, pickCause } from './causes.ts'
import { ItemDetail } from './item-detail.tsx'
import { ItemTable } from './item-table.tsx'
import { boardEvidence, boardSentence } from './letter-words.ts'
import type { DeadLettersParams } from './search-params.ts'

/** Three panes: causes, the letters of one, and one letter. On a phone the address says which one is shown. */
export async function DeadLettersBoard({
  at,
  params,
  asked,
}: {
  at: Visit
  params: DeadLettersParams
  /** The letter that the address names. */
  asked: DeadLetterDetail | null
}) {
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const { causes: groups, totals } = await listCauses(at.ctx, who)
  const cause =
    params.status === 'open' || asked !== null ? pickCause(groups, params, asked?.letter ?? null) : null
  const status = asked?.letter.status ?? params.status
  const query = {
    ...(cause === null ? {} : { ...cause, path: cause.path ?? '' }),
    ...(params.cursor === null ? {} : { cursor: params.cursor }),
    status,
  }
  // One past the bound of the groups is none of them either.
  const isGone =
    status === 'open' && cause === null && params.code !== null && totals.causes === groups.length
  const list = await listDeadLetters(at.ctx, { ...who, query })
  const first = list.items[0]
  const detail = asked ?? (first === undefined ? null : await getDeadLetter(at.ctx, { ...who, id: first.id }))
  const shown =
    asked !== null ? 'at-item' : params.code !== null || status !== 'open' ? 'at-items' : 'at-causes'
  return (
    <ConsolePage at={at} crumbs={crumbsFor(at, params, cause, asked)}>
      <Verdict
        sentence={isGone ? 'No dead letter of this cause is open' : boardSentence(groups, totals)}
        evidence={boardEvidence(isGone ? [] : groups)}
      />
      {isGone && groups.length > 0 ? (
        <EmptyState
          good
          word="None open"
          title={`Nothing of ${params.code ?? ''} waits for a decision`}
          detail={
            <a className="link" href={causeHref(at.query, null)}>
              See the {plural(totals.causes, 'cause')} that {totals.causes === 1 ? 'is' : 'are'} open
            </a>
          }
        />
      ) : groups.length === 0 && status === 'open' ? (
        <EmptyState
          good
          word="None open"
          title="Nothing waits for a decision"
          detail={
            <a className="link" href={`/dead-letters?status=replayed&fleet=${at.fleet.id}`}>
              See those that were replayed
            </a>
          }
        />
      ) : (
        <div className={`panes ${shown}`}>
          <CauseList groups={groups} totals={totals} current={cause} query={at.query} nowMs={at.nowMs} />
          <ItemTable
            at={at}
            cause={cause}
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

/** The way back on a phone, pane by pane. */
function crumbsFor(
  at: Visit,
  { code }: DeadLettersParams,
  cause: CauseKey | null,
  asked: DeadLetterDetail | null,
): readonly Crumb[] {
  const root = { label: 'Dead letters', href: causeHref(at.query, null) }
  if (asked !== null) {
    const group = { label: asked.letter.code, mono: true, href: causeHref(at.query, cause) }
    return [root, group, { label: shortId(asked.letter.id), mono: true }]
  }
  return code === null ? [{ label: 'Dead letters' }] : [root, { label: code, mono: true }]
}
