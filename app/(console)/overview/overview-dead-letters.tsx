import { BarChart } from '#components/charts/bar-chart.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Section } from '#components/ui/section.tsx'
import { StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { causeText, versionsText } from '#lib/protocol/dead-letter-cause.ts'
import { marksOf } from '../pillars/mark-words.ts'
import { deadLetterHours, deadLettersSentence } from './dead-letter-words.ts'
import { deadLettersHref } from './overview-links.ts'

/** What failed for good, by cause. */
export function OverviewDeadLetters({ answer, query }: { answer: OverviewAnswer; query: string }) {
  const { deadLetters, versions, asOf } = answer
  const hours = deadLetterHours(versions, asOf.nowMs)
  const title = deadLettersSentence(deadLetters)
  if (deadLetters.open === 0) {
    return (
      <section className="blk">
        <EmptyState
          good
          word="None open"
          title={title}
          detail="What can never apply is kept here until a person decides."
        />
      </section>
    )
  }
  return (
    <Section title={title} note="per hour">
      <BarChart
        label="New dead letters per hour over 24 h"
        name="dead letters"
        {...hours}
        marks={marksOf(answer.annotations)}
      />
      <ul className="rows">
        {deadLetters.causes.map((cause) => (
          <li key={cause.id}>
            <StatusShape kind="warn" />
            <span>
              <Link className="link mono" href={deadLettersHref(query, cause.id)}>
                {cause.code}
              </Link>{' '}
              {cause.title ?? causeText(cause)}
              <span className="sub">
                {versionsText(cause)} on {cause.collection} · {plural(cause.devices, 'device')} · newest{' '}
                <Time at={cause.lastAtMs} now={asOf.nowMs} show="age" />
              </span>
            </span>
            <b>{formatCount(cause.count)}</b>
          </li>
        ))}
      </ul>
      {deadLetters.causesLeftOut === 0 ? null : (
        <p className="sub">and {plural(deadLetters.causesLeftOut, 'more cause')}</p>
      )}
    </Section>
  )
}
