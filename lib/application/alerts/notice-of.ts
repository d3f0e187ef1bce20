import type { Notice } from '#lib/storage/ports.ts'
import { leadOf } from '#lib/telemetry/alerts/fold-incidents.ts'
import type { Incident } from '#lib/telemetry/alerts/incident.ts'
import { incidentName } from '#lib/telemetry/alerts/incident.ts'
import { shippedRule } from './fleet-rules.ts'

/** What the outbox is told of an incident as it now is (lib/storage/notice.ts). Pure. */
export function noticeOf(
  incident: Incident,
  told: Pick<Notice, 'id' | 'fleetName' | 'state' | 'severity' | 'atMs'> & { readonly by?: string },
): Notice {
  const { fleetId, id: incidentId, group, family, title, cause, openedAtMs, resolvedAtMs, alerts } = incident
  const rule = leadOf(alerts)?.rule ?? family
  const { collection, appVersion } = group
  const scope = leadOf(alerts)?.group.scope
  return {
    ...told,
    by: told.by ?? null,
    fleetId,
    incidentId,
    rule,
    startsAtMs: openedAtMs,
    endsAtMs: resolvedAtMs,
    labels: {
      incident: incidentName(incident),
      family,
      ...(collection === undefined ? {} : { collection }),
      ...(appVersion === undefined ? {} : { app_version: appVersion }),
      ...(scope === undefined ? {} : { scope }),
    },
    title,
    detail: cause?.sentence ?? '',
    path: incidentPath(fleetId, incidentId),
    runbook: runbookPath(fleetId, rule),
  }
}

export const incidentPath = (fleetId: string, incidentId: string): string =>
  `/alerts/incidents/${incidentId}?fleet=${fleetId}`

/** The page that says how to look into any rule: those of a fleet's own have it. */
const OWN_RUNBOOK = 'own-rule'

const runbookName = (rule: string): string => (shippedRule(rule) === null ? OWN_RUNBOOK : rule)

/** Of the repository. */
export const runbookOf = (rule: string): string => `docs/runbooks/${runbookName(rule)}.md`

/** The console's page of it: whoever is called at night has that within reach, and no repository. */
const runbookPath = (fleetId: string, rule: string): string =>
  `/alerts/runbooks/${runbookName(rule)}?fleet=${fleetId}`

/** Whether a page of docs/runbooks has this name. */
export const hasRunbook = (name: string): boolean => name === OWN_RUNBOOK || shippedRule(name) !== null
