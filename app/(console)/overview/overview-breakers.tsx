import { Countdown } from '#components/ui/countdown.tsx'
import { capitalised } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Section } from '#components/ui/section.tsx'
import { StatusShape } from '#components/ui/status.tsx'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { breakerHref } from '../breakers/breaker-links.ts'
import { FORCED_WORDS, STATE_KINDS } from '../breakers/breaker-words.ts'
import { breakersTitle } from './device-words.ts'

type BreakerNow = OverviewAnswer['breakers']['notClosed'][number]

/** What is shut, by whom, and for how long. */
export function OverviewBreakers({ answer, query }: { answer: OverviewAnswer; query: string }) {
  const { breakers, asOf } = answer
  return (
    <Section title={breakersTitle(breakers)} note="now">
      {breakers.notClosed.length === 0 ? (
        <p className="sub">
          One opens when too much of what is behind it fails, or when a person shuts it; devices then keep
          their changes.
        </p>
      ) : (
        <ul className="rows">
          {breakers.notClosed.map((breaker) => (
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
    </Section>
  )
}

function howOf({ state, held }: BreakerNow): string {
  if (held !== null && state in FORCED_WORDS)
    return `${FORCED_WORDS[state as keyof typeof FORCED_WORDS].is} by ${held.by}`
  if (state === 'closed') return 'is not closed in another process'
  return state === 'half_open' ? 'is on trial' : 'is open'
}
