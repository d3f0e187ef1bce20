import { Section } from '#components/ui/section.tsx'
import type { IncidentPast } from '#lib/application/alerts/incident-past.ts'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import { marksLegend } from '../../../pillars/mark-words.ts'
import { FigureChart } from '../../rules/figure-chart.tsx'
import { pastMarks, pastNotes, pastSentence } from './past-words.ts'

/** How the figure came to this, and how it stands; shaded while the incident was open. */
export function IncidentPastPart({
  incident,
  past,
}: {
  incident: Pick<IncidentView, 'openedAtMs' | 'resolvedAtMs' | 'ack'>
  past: IncidentPast
}) {
  const { rule, fromMs, toMs, stepMs, points } = past
  const { openedAtMs, resolvedAtMs } = incident
  const marks = pastMarks(past, incident)
  return (
    <Section title={pastSentence(past, resolvedAtMs !== null)} note={marksLegend(marks)}>
      {points.length === 0 ? null : (
        <FigureChart
          rule={rule}
          fromMs={fromMs}
          toMs={toMs}
          bucketMs={stepMs}
          points={points}
          stretches={[{ fromMs: openedAtMs, toMs: resolvedAtMs ?? toMs }]}
          marks={marks}
        />
      )}
      <p className="sub">{pastNotes(past)} Shaded: the incident was open.</p>
    </Section>
  )
}
