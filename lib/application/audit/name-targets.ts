import type { AuditEntry, Storage } from '#lib/storage/ports.ts'
import { canSee } from '../access/authorize.ts'
import type { Actor } from '../context.ts'
import { auditTarget } from './audit-target.ts'

/** Devices, and people, that are looked up for one page of entries; the others keep their ids. */
export const DEVICES_NAMED_MAX = 20
export const USERS_NAMED_MAX = 20

type Entry = Pick<AuditEntry, 'action' | 'target' | 'fleetId' | 'actor'>

/**
 * What the targets of a page of entries are called today, by id: people, devices and collections; a bounded look-up. Names
 * of people who did none of what is shown are for those who see every fleet.
 */
export async function nameTargets(
  { storage }: { readonly storage: Storage },
  { actor, entries }: { readonly actor: Actor; readonly entries: readonly Entry[] },
): Promise<Readonly<Record<string, string>>> {
  const names = new Map(entries.map((entry) => [entry.actor.id, entry.actor.name]))
  const unnamed = entries.flatMap(({ fleetId, ...entry }) => {
    const target = auditTarget(entry)
    return target && !names.has(target.id) ? [{ ...target, fleetId }] : []
  })
  const of = (kind: string) => unnamed.filter((target) => target.kind === kind)
  const devices = new Map(of('device').map(({ id, fleetId }) => [id, fleetId]))
  const users = canSee(actor, '*') ? [...new Set(of('user').map(({ id }) => id))] : []
  const fleets = new Set(of('collection').map(({ fleetId }) => fleetId))
  const found = await Promise.all([
    ...users.slice(0, USERS_NAMED_MAX).map(async (id) => [await storage.access.getUser(id)]),
    ...[...devices]
      .slice(0, DEVICES_NAMED_MAX)
      .map(async ([id, fleetId]) => (fleetId === null ? [] : [await storage.devices.get(fleetId, id)])),
    ...[...fleets].map((fleetId) => (fleetId === null ? [] : storage.collections.list(fleetId))),
  ])
  for (const thing of found.flat()) if (thing) names.set(thing.id, thing.name)
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const id = auditTarget(entry)?.id
      const name = id === undefined ? undefined : names.get(id)
      return id === undefined || name === undefined ? [] : [[id, name]]
    }),
  )
}
