import type { IncidentNow, IncidentsNow } from '#lib/telemetry/overview.ts'
import type { Incident } from '#lib/telemetry/alerts/incident.ts'
import { isUnread } from '#lib/telemetry/alerts/incident.ts'
import { isWorse } from '#lib/telemetry/alerts/severity.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { isStopped } from './alert-status.ts'
import { viewOf } from './incidents.ts'

/** Open incidents that are looked at: more at once are one trouble with many faces, and all are counted. */
const INCIDENTS_LISTED_MAX = 100

type Deps = Pick<Context, 'storage' | 'clock'>

/** What is open in a fleet, the worst first, for whoever asks how it is. */
export async function incidentsNow({ storage, clock }: Deps, fleetId: string): Promise<IncidentsNow> {
  const page = { limit: INCIDENTS_LISTED_MAX, cursor: null }
  const [{ items, next }, round] = await Promise.all([
    storage.alerts.incidents(fleetId, 'open', page),
    storage.alerts.lastRound(),
  ])
  const counted = { open: items.length, unread: items.filter(isUnread).length }
  const { open, unread } = next === null ? counted : await storage.alerts.openIncidents(fleetId)
  const listed = inOrder(items.map(nowOf))
  const grave = listed.filter(({ severity, suppressed }) => severity === 'critical' && !suppressed)
  return {
    open,
    unread,
    stopped: isStopped(round, fleetId, clock.now()),
    gravest: grave.find(({ takenBy }) => takenBy === null) ?? grave[0] ?? null,
    listed,
  }
}

/** As `incidentsNow`, for somebody who may see the fleet. @throws ApplicationError `not_found` */
export async function openIncidents(
  ctx: Deps,
  { actor, fleetId }: { readonly actor: Actor; readonly fleetId: string },
): Promise<IncidentsNow> {
  authorize(actor, fleetId, 'viewer')
  return incidentsNow(ctx, fleetId)
}

function nowOf(incident: Incident): IncidentNow {
  const { id, name, title, severity, openedAtMs, ack, owner, suppressed } = viewOf(incident)
  return { id, name, title, severity, openedAtMs, takenBy: ack?.by.name ?? null, owner, suppressed }
}

/** Those that speak before those that are kept silent. */
const inOrder = (incidents: readonly IncidentNow[]): readonly IncidentNow[] =>
  incidents.toSorted(
    (a, b) =>
      Number(a.suppressed) - Number(b.suppressed) ||
      Number(isWorse(b.severity, a.severity)) - Number(isWorse(a.severity, b.severity)) ||
      b.openedAtMs - a.openedAtMs,
  )
