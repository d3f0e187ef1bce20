import { formatDuration } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { settleTimes } from '#lib/application/conflicts/settle-times.ts'
import { settledSentence } from '../conflicts/desk-words.ts'
import type { Visit } from '../viewer.ts'

/** How long people took for the conflicts that they decided. It is of the whole fleet, whatever the page is narrowed to. */
export async function ConflictSettled({ at }: { at: Visit }) {
  const { fromMs, toMs, label } = at.span
  const settled = await settleTimes(at.ctx, {
    actor: at.actor,
    fleetId: at.fleet.id,
    query: { from: String(fromMs), to: String(toMs) },
  })
  return (
    <Section
      title={
        settled.count === 0
          ? 'Time to resolution is not known'
          : `Half of the conflicts that people decide take up to ${formatDuration(settled.p50Ms)}`
      }
      note="time to resolution, of the whole fleet"
    >
      <p className="sub">{settledSentence(settled, label.toLowerCase())}</p>
    </Section>
  )
}
