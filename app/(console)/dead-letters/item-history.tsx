import { formatCount, plural, shortId } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { issueWords } from '#lib/protocol/issue-words.ts'
import type { LetterEvent } from '#lib/application/dead-letters/letter-history.ts'
import { DEED_WORDS, outcomeKind, outcomeWords } from './letter-words.ts'

/** What happened to a letter so far, and what waits behind it. */
export function ItemHistory({
  detail: { letter, held, history },
  query,
  nowMs,
}: {
  detail: DeadLetterDetail
  query: string
  nowMs: number
}) {
  const { sessionId, attempts } = letter
  const isTold = history.some(({ result }) => result !== null)
  return (
    <>
      <Section
        title={
          attempts === 0 && history.length === 0
            ? 'Refused once; nobody did anything since'
            : `Tried ${formatCount(attempts)} ${attempts === 1 ? 'time' : 'times'} since it was refused`
        }
      >
        <ol className="deeds">
          {history.map((event) => (
            <Deed key={event.id} event={event} query={query} nowMs={nowMs} />
          ))}
          {letter.lastReplay === null || isTold ? null : (
            <li>
              <Time at={letter.lastReplay.atMs} now={nowMs} show="clock" />
              <div>
                <Outcome status={letter.lastReplay.status} />
              </div>
            </li>
          )}
          <li>
            <Time at={letter.createdAtMs} now={nowMs} show="clock" />
            <div>
              Pushed, refused and kept
              {sessionId === null ? null : (
                <>
                  {' '}
                  in{' '}
                  <Link className="link mono" href={carryShared(`/sessions/${sessionId}`, query)}>
                    session {shortId(sessionId)}
                  </Link>
                </>
              )}
            </div>
          </li>
          <li>
            <Time at={letter.madeAtMs} now={nowMs} show="clock" />
            <div>
              Made on {letter.deviceName}, by its corrected clock
              {letter.mutation.after === undefined ? null : (
                <>
                  , after <span className="mono">{shortId(letter.mutation.after)}</span>
                </>
              )}
            </div>
          </li>
        </ol>
        {letter.lastReplay?.detail && letter.lastReplay.detail !== letter.detail ? (
          <p className="sub">As refused last: {issueWords(letter.lastReplay.detail)}</p>
        ) : null}
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

function Outcome({ status }: { status: string }) {
  return <Status kind={outcomeKind(status)}>{outcomeWords(status)}</Status>
}

function Deed({ event, query, nowMs }: { event: LetterEvent; query: string; nowMs: number }) {
  const { deed, by, reason, result, code, conflictId, changes } = event
  return (
    <li>
      <Time at={event.atMs} now={nowMs} show="clock" />
      <div>
        {DEED_WORDS[deed]} by {by.kind === 'system' ? 'the server' : by.name}
        {event.with === null ? null : (
          <>
            , along with{' '}
            <Link className="link mono" href={carryShared(`/dead-letters/${event.with}`, query)}>
              {shortId(event.with)}
            </Link>
          </>
        )}
        {result === null ? null : (
          <>
            {': '}
            <Outcome status={result} />
            {code === null ? null : <span className="mono"> {code}</span>}
          </>
        )}
        {conflictId === null ? null : (
          <>
            {' · conflict '}
            <Link className="link mono" href={carryShared(`/conflicts/${conflictId}`, query)}>
              {shortId(conflictId)}
            </Link>
          </>
        )}
        {reason === null ? null : <div className="sub">“{reason}”</div>}
        {changes.length === 0 ? null : (
          <ul className="changes">
            {changes.map(({ pointer, before, after }) => (
              <li key={pointer} className="mono">
                {pointer}: <del>{before ?? 'absent'}</del> → <ins>{after ?? 'absent'}</ins>
              </li>
            ))}
          </ul>
        )}
      </div>
    </li>
  )
}
