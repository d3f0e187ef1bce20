import type { LetterForecast } from '#lib/application/operations/foretell-letter.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { OutcomeList } from '../operations/outcome-list.tsx'
import { OUTCOME_WORDS } from '../operations/operation-words.ts'
import { WhyCell } from '../operations/why-cell.tsx'

/** What a replay of the letter would come to on the server as it is now, before anybody presses anything. */
export function ItemForecast({ foretold, nowMs }: { foretold: LetterForecast; nowMs: number }) {
  return (
    <Section
      title="What a replay would do now"
      note={
        <>
          dry run, <Time at={nowMs} now={nowMs} show="age" />
        </>
      }
    >
      <ForecastLines foretold={foretold} />
    </Section>
  )
}

/** The outcome with its reason, and what would become of the letters behind it. */
export function ForecastLines({ foretold }: { foretold: LetterForecast }) {
  const { outcome, behind, assumesAuthority } = foretold
  const { kind, became } = OUTCOME_WORDS[outcome]
  return (
    <>
      <p>
        <Status kind={kind}>{became}</Status> <WhyCell {...foretold} />
      </p>
      {assumesAuthority ? (
        <p className="sub">Where the collection’s authority accepts it: that is asked only when it runs.</p>
      ) : null}
      {behind.length === 0 ? null : (
        <>
          <p className="sub">What is held behind it:</p>
          <OutcomeList label="Predicted for what is held behind it" told="became" counts={behind} />
        </>
      )}
    </>
  )
}
