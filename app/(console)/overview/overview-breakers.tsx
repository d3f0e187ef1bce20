import { Countdown } from '#components/ui/countdown.tsx'
import { capitalised, formatCount } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { StatusShape } from '#components/ui/status.tsx'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { breakerHref } from '../breakers/breaker-links.ts'
import { FORCED_WORDS, STATE_KINDS } from '../breakers/breaker-words.ts'
import { agreeSentence, breakersTitle } from './device-words.ts'

const LISTED_MAX = 5

type BreakerNow = OverviewAnswer['breakers']['notClosed'][number]

/** What is shut, by whom, and for how long. */
export function OverviewBreakers({ answer, query }: { answer: OverviewAnswer; query: string }) {
  const { breakers, asOf } = answer
  const rest = breakers.notClosed.length - LISTED_MAX
  const title = <Link href={carryShared('/breakers', query)}>{breakersTitle(breakers)}</Link>
  return (
    <Section title={title} note={agreeSentence(breakers)}>
      {breakers.notClosed.length === 0 ? (
        <p className="sub">
          One opens when too much of what is behind it fails, or when a person shuts it; devices then keep
          their changes.
        </p>
      ) : (
        <ul className="rows">
          {breakers.notClosed.slice(0, LISTED_MAX).map((breaker) => (
            <li key={breaker.scope}>
              <StatusShape kind={breaker.state === 'closed' ? 'warn' : STATE_KINDS[breaker.state]} />
              <span>
                <Link className="link" href={breakerHref(query, breaker.scope)}>
                  {capitalised(breaker.name)}
                </Link>{' '}
                {howOf(breaker)}
                {breaker.held === null ? null : <span className="sub">“{breaker.held.reason}”</span>}
              </span>
              {breaker.held === null ? null : (
                <span className="sub">
                  <Countdown until={breaker.held.endsAtMs} now={asOf.nowMs} over="ends now" />
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      {rest > 0 ? <p className="sub">and {formatCount(rest)} more</p> : null}
    </Section>
  )
}

function howOf({ state, held }: BreakerNow): string {
  if (held !== null && state in FORCED_WORDS)
    return `${FORCED_WORDS[state as keyof typeof FORCED_WORDS].is} by ${held.by}`
  if (state === 'closed') return 'is not closed in another process'
  return state === 'half_open' ? 'is on trial' : 'is open'
}
