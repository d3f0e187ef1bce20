import { StateMachine } from '#components/charts/state-machine.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'
import { devicesSentence, stateCounts } from './device-words.ts'
import { listHref } from './overview-links.ts'

/** Devices by state, on the picture of the state machine. */
export function OverviewDevices({ answer, query }: { answer: OverviewAnswer; query: string }) {
  const { devices, transitionRates } = answer
  const unheard = devices.neverHeard === 0 ? '' : `, ${formatCount(devices.neverHeard)} never heard`
  const hrefs = Object.fromEntries(
    SESSION_STATES.map((state) => [state, listHref('/devices', query, { state })]),
  )
  return (
    <Section
      title={devicesSentence(devices, answer.breakers.shutOut)}
      note={`of ${formatCount(devices.total)}${unheard} · rates of sessions that ended in the last 5 min`}
    >
      <StateMachine
        counts={stateCounts(devices)}
        total={devices.heard - devices.paused}
        hrefs={hrefs}
        rates={transitionRates}
      />
    </Section>
  )
}
