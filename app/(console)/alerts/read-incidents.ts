import { alertStatus, type AlertStatusView } from '#lib/application/alerts/alert-status.ts'
import { openIncidents } from '#lib/application/alerts/incidents-now.ts'
import { findIncidents, type IncidentView } from '#lib/application/alerts/incidents.ts'
import type { IncidentKey } from '#lib/query/alert-fields.ts'
import { isAmong, type Filter } from '#lib/query/field.ts'
import type { Visit } from '../viewer.ts'
import { inOrder } from './incident-words.ts'

/** Open incidents that stand on the page; more than these at once are one trouble with many faces. */
const OPEN_MAX = 200

export interface IncidentsRead {
  readonly status: AlertStatusView
  /** Open ones of which nobody is told. */
  readonly silent: number
  /** The worst first, whatever the range: what is open is of now. */
  readonly open: readonly IncidentView[]
  readonly moreOpen: boolean
  /** Of the range, newest first; a page. */
  readonly resolved: readonly IncidentView[]
  readonly nextCursor: string | null
  /** The last one that ended, of any time; null where none is kept. */
  readonly lastEnded: IncidentView | null
}

/** What the list of incidents shows: those that are open, and a page of those that are over. */
export async function readIncidents(
  at: Pick<Visit, 'ctx' | 'actor' | 'fleet' | 'span'>,
  filter: Filter<IncidentKey>,
  cursor: string | null,
): Promise<IncidentsRead> {
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const list = (state: 'open' | 'resolved', of: Filter<IncidentKey>, query: object) =>
    findIncidents(at.ctx, { ...who, filter: [...of, isAmong('state', state)], query })
  const { fromMs, toMs } = at.span
  const [status, now, open, resolved, last] = await Promise.all([
    alertStatus(at.ctx, who),
    openIncidents(at.ctx, who),
    list('open', filter, { limit: String(OPEN_MAX) }),
    list('resolved', filter, {
      from: String(fromMs),
      to: String(toMs),
      ...(cursor === null ? {} : { cursor }),
    }),
    list('resolved', [], { limit: '1' }),
  ])
  return {
    status,
    silent: now.listed.filter(({ suppressed }) => suppressed).length,
    open: inOrder(open.items),
    moreOpen: open.nextCursor !== null,
    resolved: resolved.items,
    nextCursor: resolved.nextCursor,
    lastEnded: last.items[0] ?? null,
  }
}
