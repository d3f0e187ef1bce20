import { isAmong } from '#lib/query/field.ts'
import { asks } from '#lib/query/letter-fields.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import type { IncidentView } from './incidents.ts'

/** Who is met by what an incident is about, as it is now. */
export interface IncidentImpact {
  /** The app version that it is about, or that its cause names; null where it is about no version. */
  readonly appVersion: string | null
  readonly collection: string | null
  /** Enrolled and not revoked, on that version; of how many. */
  readonly devices: number
  readonly ofDevices: number
  /** p95 over those on the version that are heard and have work waiting; null where none has, and without a version. */
  readonly pendingAgeP95Ms: number | null
  /** The oldest change that waits on a device of the fleet; null where none does. */
  readonly oldestWaiting: { readonly deviceId: string; readonly name: string; readonly ageMs: number } | null
  /** Open ones of that version and collection; of how many. */
  readonly deadLetters: number
  readonly ofDeadLetters: number
}

/** @throws ApplicationError `not_found` */
export async function incidentImpact(
  { storage, clock }: Pick<Context, 'storage' | 'clock'>,
  {
    actor,
    incident,
  }: { readonly actor: Actor; readonly incident: Pick<IncidentView, 'fleetId' | 'group' | 'cause'> },
): Promise<IncidentImpact> {
  const { fleetId, group, cause } = incident
  authorize(actor, fleetId, 'viewer')
  const fleet = await storage.fleets.get(fleetId)
  if (!fleet) throw new ApplicationError('not_found')
  const found = (dimension: 'appVersion' | 'collection'): string | null =>
    group[dimension] ?? cause?.findings.find((one) => one.dimension === dimension)?.key ?? null
  const [appVersion, collection] = [found('appVersion'), found('collection')]
  const conditions = [
    asks('status', 'open'),
    ...(appVersion === null ? [] : [isAmong('version' as const, appVersion)]),
    ...(collection === null ? [] : [isAmong('collection' as const, collection)]),
  ]
  const nowMs = clock.now()
  const [now, letters, ofDeadLetters] = await Promise.all([
    storage.devices.now(fleetId, nowMs, fleet.settings.intervalMs),
    storage.letterGroups.list(fleetId, { conditions, nowMs }, 1),
    storage.deadLetters.countOpen(fleetId),
  ])
  const version = now.versions.find((one) => one.appVersion === appVersion)
  return {
    appVersion,
    collection,
    devices: appVersion === null ? now.devices.total : (version?.devices ?? 0),
    ofDevices: now.devices.total,
    pendingAgeP95Ms: version?.pendingAgeP95Ms ?? null,
    oldestWaiting: now.devices.oldestWaiting,
    deadLetters: letters.totals.letters,
    ofDeadLetters,
  }
}
