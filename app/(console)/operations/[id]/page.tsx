import type { Metadata } from 'next'
import { shortId } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { getOperation, listOperationItems } from '#lib/application/operations/list-operations.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import { loadPaged, PAGED, type ItemProps } from '../../search-params.ts'
import { itemId, orNotFound, visit } from '../../viewer.ts'
import { kindName, operationSentence, pausedWords, STATE_WORDS } from '../operation-words.ts'
import { OperationActs } from './operation-acts.tsx'
import { OperationItems } from './operation-items.tsx'
import { OperationProgress } from './operation-progress.tsx'

export const metadata: Metadata = { title: 'Operation · Tidemark' }

/** Is it done, and what became of each letter? */
async function OperationPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const [at, { cursor }] = await Promise.all([
    visit(`/operations/${id}`, searchParams, PAGED),
    loadPaged(searchParams),
  ])
  const who = { actor: at.actor, fleetId: at.fleet.id, id }
  const operation = await orNotFound(getOperation(at.ctx, who))
  const items = await listOperationItems(at.ctx, { ...who, query: cursor === null ? {} : { cursor } })
  const { kind, state, actor, reason, startByMs, keptUntilMs } = operation
  const { words, kind: status } = STATE_WORDS[state]
  return (
    <ConsolePage
      at={at}
      crumbs={[
        { label: 'Operations', href: carryShared('/operations', at.query) },
        { label: `${kindName(kind)} ${shortId(id)}` },
      ]}
    >
      <Verdict
        sentence={operationSentence(operation)}
        evidence={
          <>
            By {actor.name}: “{reason}”. {pausedWords(operation)}{' '}
            {startByMs === null ? null : (
              <>
                Cancelled <Time at={startByMs} now={at.nowMs} show="moment" /> unless it is started before.
              </>
            )}
            {keptUntilMs === null ? null : (
              <>
                Kept until <Time at={keptUntilMs} now={at.nowMs} show="moment" />.
              </>
            )}
          </>
        }
        status={{ kind: status, word: words }}
        actions={
          <OperationActs
            id={id}
            fleetId={at.fleet.id}
            role={at.fleet.role}
            kind={kind}
            total={operation.total}
            pending={operation.pending}
            rate={operation.ratePerSecond}
            actions={operation.actions}
          />
        }
      />
      <OperationProgress operation={operation} fleetId={at.fleet.id} query={at.query} nowMs={at.nowMs} />
      <OperationItems
        kind={kind}
        items={items.items}
        nextCursor={items.nextCursor}
        path={at.path}
        query={at.query}
        nowMs={at.nowMs}
      />
    </ConsolePage>
  )
}

export default keptPage(OperationPage)
