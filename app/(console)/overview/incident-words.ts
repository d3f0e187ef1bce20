import { formatCount, plural } from '#components/ui/format.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'

type Incidents = OverviewAnswer['incidents']
type IncidentNow = Incidents['listed'][number]

/** "3 incidents need a person". Pure. */
export function incidentsTitle({ open, listed, stopped }: Incidents): string {
  if (open === 0) return stopped ? 'Incidents are not known' : 'No incident is open'
  const silent = listed.filter(({ suppressed }) => suppressed).length
  if (silent === open) return `${plural(open, 'incident is', 'incidents are')} open and kept silent`
  const needing = plural(open - silent, 'incident needs a person', 'incidents need a person')
  return silent === 0 ? needing : `${needing}; ${formatCount(silent)} kept silent`
}

/** "1 taken on, 2 not"; nothing of none. Pure. */
export function incidentsNote({ open, listed }: Incidents): string | undefined {
  if (open === 0 || open !== listed.length) return undefined
  const taken = listed.filter(({ takenBy }) => takenBy !== null).length
  if (taken === 0) return open === 1 ? 'not taken on' : 'none taken on'
  return taken === open
    ? open === 1
      ? 'taken on'
      : 'all taken on'
    : `${formatCount(taken)} taken on, ${formatCount(open - taken)} not`
}

/** Who has it. Pure. */
export function hasIt({ takenBy, owner, suppressed }: IncidentNow): string {
  const who = owner ?? takenBy ?? 'nobody yet'
  return suppressed ? `${who}, kept silent` : who
}
