import { durationText } from './format.ts'
import type { IncidentNow, Overview } from './overview.ts'
import type { Trouble } from './trouble.ts'

/**
 * A critical incident that is open and not kept silent: a rule has looked for long enough to be sure, also of what no figure
 * of the range shows any more.
 */
export function incidentOpen({ incidents: { gravest }, asOf }: Overview): Trouble | null {
  if (gravest === null) return null
  const { id, name, title, openedAtMs } = gravest
  return {
    level: 'crit',
    sentence: title,
    evidence: `${name} is open for ${durationText(Math.max(0, asOf.nowMs - openedAtMs))}, ${hasIt(gravest)}`,
    step: { label: `Open ${name}`, target: { page: 'incident', id } },
    brief: `${name} is open, ${hasIt(gravest)}`,
  }
}

const hasIt = ({ takenBy }: IncidentNow): string =>
  takenBy === null ? 'and nobody took it on' : `taken on by ${takenBy}`
