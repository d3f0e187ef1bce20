import type { Incident } from '#lib/telemetry/alerts/incident.ts'
import { isUnread } from '#lib/telemetry/alerts/incident.ts'
import type { OpenIncidents } from './alert-port.ts'

/** How incidents stand that are open. Pure. */
export function openCounts(incidents: readonly Incident[]): OpenIncidents {
  const open = incidents.filter(({ state }) => state === 'open')
  return {
    open: open.length,
    unread: open.filter(isUnread).length,
    critical: open.filter(({ severity, toldSeverity }) => severity === 'critical' && toldSeverity !== null)
      .length,
  }
}
