import { z } from 'zod'
import { INCIDENT_LOOK_MAX } from '#lib/protocol/limits.ts'
import { INCIDENT_FIELDS, type IncidentKey } from '#lib/query/alert-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import { matchesFilter, type RowReader } from '#lib/query/matches-filter.ts'
import type { Page, PageRequest } from '#lib/storage/ports.ts'
import type { Incident, IncidentEntry } from '#lib/telemetry/alerts/incident.ts'
import { incidentName } from '#lib/telemetry/alerts/incident.ts'
import { leadOf } from '#lib/telemetry/alerts/fold-incidents.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import { itemList, pageInput, pageRequest, rangeInput, since, type ItemList } from '../page.ts'
import { incidentPath, runbookOf } from './notice-of.ts'

export const incidentsQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  q: filterInput(INCIDENT_FIELDS),
})
export const entriesQuery = z.strictObject({ ...pageInput, ...rangeInput })

/** An incident as it is shown. Times in Unix ms. */
export interface IncidentView extends Omit<Incident, 'subject'> {
  /** As people say it: `INC-207`. */
  readonly name: string
  /** All that fires is silenced or inhibited. */
  readonly suppressed: boolean
  readonly path: string
  readonly runbook: string
}

interface Input {
  readonly actor: Actor
  readonly fleetId: string
}
type Deps = Pick<Context, 'storage'>

/** Incidents of a fleet that match `q`, newest first. @throws ApplicationError `not_found`, `bad_request` */
export function listIncidents(
  deps: Deps,
  { query, ...who }: Input & { readonly query: unknown },
): Promise<ItemList<IncidentView>> {
  const { q, ...paged } = parsedOrThrow(incidentsQuery, query)
  return findIncidents(deps, { ...who, filter: filterOrThrow(q, INCIDENT_FIELDS), query: paged })
}

/** The same by conditions, however long they are as a text. @throws ApplicationError `not_found`, `bad_request` */
export async function findIncidents(
  { storage }: Deps,
  {
    actor,
    fleetId,
    filter,
    query,
  }: Input & { readonly filter: Filter<IncidentKey>; readonly query: unknown },
): Promise<ItemList<IncidentView>> {
  authorize(actor, fleetId, 'viewer')
  const { from, ...paged } = parsedOrThrow(entriesQuery, query)
  const isWanted = (incident: Incident): boolean => matchesFilter(incident, filter, INCIDENT_FIELDS, READER)
  const page = await lookThrough(
    (request) => storage.alerts.incidents(fleetId, null, request),
    pageRequest(paged),
    isWanted,
  )
  return itemList(
    since(page, from, ({ openedAtMs }) => openedAtMs),
    viewOf,
  )
}

/** A page looks through INCIDENT_LOOK_MAX incidents: it may hold fewer than its limit, or none, and still have a next. */
async function lookThrough(
  list: (request: PageRequest) => Promise<Page<Incident>>,
  { limit, cursor }: PageRequest,
  isWanted: (incident: Incident) => boolean,
): Promise<Page<Incident>> {
  const items: Incident[] = []
  let next = cursor
  for (let looked = 0; looked < INCIDENT_LOOK_MAX;) {
    const page = await list({ limit: Math.max(limit, 100), cursor: next })
    for (const incident of page.items) {
      looked += 1
      next = { atMs: incident.openedAtMs, id: incident.id }
      if (!isWanted(incident)) continue
      items.push(incident)
      const isLast = incident === page.items.at(-1) && page.next === null
      if (items.length === limit) return { items, next: isLast ? null : next }
    }
    if (page.next === null) return { items, next: null }
  }
  return { items, next }
}

/** @throws ApplicationError `not_found` */
export async function getIncident(
  { storage }: Deps,
  { actor, fleetId, id }: Input & { readonly id: string },
): Promise<IncidentView> {
  authorize(actor, fleetId, 'viewer')
  const incident = await storage.alerts.incident(fleetId, id)
  if (!incident) throw new ApplicationError('not_found')
  return viewOf(incident)
}

/** What happened to an incident, newest first. @throws ApplicationError `not_found`, `bad_request` */
export async function listEntries(
  ctx: Deps,
  { actor, fleetId, id, query }: Input & { readonly id: string; readonly query: unknown },
): Promise<ItemList<IncidentEntry>> {
  const { from, ...paged } = parsedOrThrow(entriesQuery, query)
  await getIncident(ctx, { actor, fleetId, id })
  const page = await ctx.storage.alerts.entries(fleetId, id, pageRequest(paged))
  return itemList(
    since(page, from, ({ atMs }) => atMs),
    (entry) => entry,
  )
}

export function viewOf(incident: Incident): IncidentView {
  const { subject: _, ...shown } = incident
  const active = incident.alerts.filter(({ endedAtMs }) => endedAtMs === null)
  return {
    ...shown,
    name: incidentName(incident),
    suppressed: active.length > 0 && active.every(({ suppressedBy }) => suppressedBy !== null),
    path: incidentPath(incident.fleetId, incident.id),
    runbook: runbookOf(leadOf(incident.alerts)?.rule ?? ''),
  }
}

const READER: RowReader<Incident, IncidentKey> = {
  values: {
    name: (incident) => [incidentName(incident)],
    state: ({ state }) => [state],
    severity: ({ severity }) => [severity],
    rule: ({ alerts }) => alerts.map(({ rule }) => rule),
    family: ({ family }) => [family],
    collection: ({ group }) => textsOf(group.collection),
    version: ({ group }) => textsOf(group.appVersion),
    owner: ({ owner }) => textsOf(owner),
    has: ({ ack, owner, toldSeverity, cause }) =>
      Object.entries({ ack, owner, told: toldSeverity, cause }).flatMap(([name, value]) =>
        value === null ? [] : [name],
      ),
  },
  words: ({ title, cause, owner, number }) => [
    title,
    cause?.sentence ?? '',
    owner ?? '',
    incidentName({ number }),
  ],
}

const textsOf = (text: string | null | undefined): readonly string[] => (text == null ? [] : [text])
