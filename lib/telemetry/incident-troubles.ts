import { durationText } from './format.ts'
import type { IncidentNow, Overview } from './overview.ts'
import type { Trouble } from './trouble.ts'

/**
 * A critical incident that is open and not kept silent: a rule has looked for long enough to be sure, also of what no figure
 * of the range shows any more. Whoever has it goes on from its page.
 */
export function incidentOpen({ incidents, asOf }: Overview): Trouble | null {
  const grave = incidents.listed.filter(({ severity, suppressed }) => severity === 'critical' && !suppressed)
  // One that nobody has comes first.
  const first = grave.find(({ takenBy }) => takenBy === null) ?? grave[0]
  if (first === undefined) return null
  const { id, name, title, openedAtMs } = first
  const others = grave.length === 1 ? '' : `; ${grave.length - 1} more of its kind`
  return {
    level: 'crit',
    sentence: title,
    evidence: `${name} is open since ${durationText(Math.max(0, asOf.nowMs - openedAtMs))}, ${hasIt(first)}${others}`,
    step: { label: `Open ${name}`, target: { page: 'incident', id } },
    brief: `${name}, ${hasIt(first)}`,
  }
}

const hasIt = ({ takenBy }: IncidentNow): string =>
  takenBy === null ? 'and nobody took it on' : `taken on by ${takenBy}`
