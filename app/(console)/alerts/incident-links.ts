import { carryShared } from '#components/ui/search-params.ts'

/** The page of an incident in the same fleet and range. Pure. */
export const incidentHref = (query: string, id: string): string =>
  carryShared(`/alerts/incidents/${id}`, query)

/** The console's page of a runbook, of which the core names the file. Pure. */
export const runbookHref = (query: string, file: string): string =>
  carryShared(`/alerts/runbooks/${file.replace(/^.*\//, '').replace(/\.md$/, '')}`, query)

export type IncidentRef = { fleetId: string; id: string }

/** Where an act on an incident is sent. Pure. */
export const incidentUrl = ({ fleetId, id }: IncidentRef, act: 'ack' | 'owner' | 'notes'): string =>
  `/api/admin/v1/alerts/incidents/${id}/${act}?fleet=${encodeURIComponent(fleetId)}`
