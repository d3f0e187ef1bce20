import { formatCount, plural, shortId } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { outcomeKind, outcomeWords } from './letter-words.ts'

/** What happened to a letter so far, and what waits behind it. */
export function ItemHistory({
  detail: { letter, held },
  query,
  nowMs,
}: {
  detail: DeadLetterDetail
  query: string
  nowMs: number
}) {
  const { lastReplay, sessionId } = letter
  return (
    <>
      <Section title={`Tried ${formatCount(letter.attempts)} ${letter.attempts === 1 ? 'time' : 'times'}`}>
        <KeyValue
          align="start"
          items={[
            { key: 'Made', value: <Time at={letter.madeAtMs} now={nowMs} /> },
            { key: 'Refused', value: <Time at={letter.createdAtMs} now={nowMs} /> },
            ...(sessionId === null
              ? []
              : [
                  {
                    key: 'Pushed in',
                    value: (
                      <Link className="link mono" href={carryShared(`/sessions/${sessionId}`, query)}>
                        session {shortId(sessionId)}
                      </Link>
                    ),
                  },
                ]),
            ...(lastReplay === null
              ? []
              : [
                  {
                    key: 'Last replay',
                    value: (
                      <>
                        <Status kind={outcomeKind(lastReplay.status)}>
                          {outcomeWords(lastReplay.status)}
                        </Status>{' '}
                        <Time at={lastReplay.atMs} now={nowMs} />
                        {lastReplay.detail === null ? null : (
                          <span className="sub"> {lastReplay.detail}</span>
                        )}
                      </>
                    ),
                  },
                ]),
          ]}
        />
      </Section>
      {held.length === 0 ? null : (
        <Section title={`${plural(held.length, 'change')} held behind it`} note="a replay brings them along">
          <KeyValue
            align="start"
            items={held.map((child) => ({
              key: shortId(child.id),
              value: (
                <Link className="link" href={carryShared(`/dead-letters/${child.id}`, query)}>
                  {child.mutation.op.type} of {child.mutation.collection}
                </Link>
              ),
            }))}
          />
        </Section>
      )}
    </>
  )
}
