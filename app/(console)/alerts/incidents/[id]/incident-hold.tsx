import { Countdown } from '#components/ui/countdown.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'
import { Section } from '#components/ui/section.tsx'
import { StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { IncidentHold } from '#lib/application/alerts/incident-hold.ts'
import { breakerHref } from '../../../breakers/breaker-links.ts'
import { FORCED_WORDS, titleOfScope } from '../../../breakers/breaker-words.ts'

/** What is held is not solved: by when somebody has to decide, and where. */
export function IncidentHoldPart({
  hold: { scope, kind, by, reason, sinceMs, endsAtMs },
  query,
  nowMs,
}: {
  hold: IncidentHold
  query: string
  nowMs: number
}) {
  return (
    <Section
      className="held-part"
      title={
        <>
          Decide before <Time at={endsAtMs} now={nowMs} show="clock" />: the override ends then
        </>
      }
      note="held, not solved"
    >
      <p>
        {titleOfScope(scope)} is {FORCED_WORDS[kind].is} by {by}: {reason}
      </p>
      <progress
        className="held-until"
        max={endsAtMs - sinceMs}
        value={Math.min(endsAtMs, nowMs) - sinceMs}
        aria-label="Time of the override that is over"
      />
      <p className="held-ends sub">
        <span>
          <Time at={sinceMs} now={nowMs} show="clock" /> held
        </span>
        <span>
          <StatusShape kind="held" /> <Countdown until={endsAtMs} now={nowMs} over="a moment" /> left
        </span>
        <span>
          <Time at={endsAtMs} now={nowMs} show="clock" /> ends
        </span>
      </p>
      <ul className="ways">
        <li>
          <Link href={breakerHref(query, scope)}>
            <span>
              <b>Extend the override, or let it go</b>
              <span className="sub">on the breaker’s page, with what comes of either</span>
            </span>
            <Icon name="right" />
          </Link>
        </li>
      </ul>
    </Section>
  )
}
