import type { ToldIncident } from './message.ts'

/** Alertmanager's label names: what else a rule calls something by is bent to it. */
const labelName = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_')

/** Of an incident: what Alertmanager tells alerts apart by, the same from its first message to its last. */
export const alertLabels = ({
  rule,
  severity,
  fleetId,
  fleetName,
  incidentId,
  labels,
}: ToldIncident): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(labels)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [labelName(name), value]),
  ),
  alertname: rule,
  severity,
  fleet: fleetId,
  fleet_name: fleetName,
  incident_id: incidentId,
})
