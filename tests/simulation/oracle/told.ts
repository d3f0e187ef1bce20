import type { DeviceConfig } from '#lib/protocol/device.ts'
import { isAmong } from '#lib/query/field.ts'
import type { SimDevice } from '../world/device.ts'
import type { World } from '../world/world.ts'
import type { Ledger } from './ledger.ts'

const OPEN = { conditions: [isAmong('status' as const, 'open')], sort: 'newest' } as const
const PAGE = { limit: 200, cursor: null }

/** Devices that work with another config than the fleet has. */
async function withOldConfig(world: World): Promise<readonly SimDevice[]> {
  const fleet = await world.database.storage.fleets.get(world.fleetId)
  return world.devices.filter(
    (device) => device.onDisk<Partial<DeviceConfig>>('config').version !== fleet?.configVersion,
  )
}

/** Devices still show a conflict as one to decide which is decided, or work with an old config. */
export async function isUnheard(world: World): Promise<boolean> {
  if ((await withOldConfig(world)).length > 0) return true
  const { items } = await world.database.storage.conflicts.list(world.fleetId, OPEN, PAGE)
  const open = new Set(items.map(({ id }) => id))
  return world.devices.some(({ replica }) =>
    (replica?.conflicts$.get() ?? []).some(({ conflictId }) => !open.has(conflictId)),
  )
}

/**
 * A: at rest, what a person must decide is told on the device that it came from, not at the desk alone (CS6, CM3), and the
 * config on every device. Gives what isn't.
 */
export async function untold({
  world,
  ledger,
}: {
  readonly world: World
  readonly ledger: Ledger
}): Promise<readonly string[]> {
  const { items } = await world.database.storage.conflicts.list(world.fleetId, OPEN, PAGE)
  const old = await withOldConfig(world)
  // What both have, from before one was copied, either may have sent.
  const told = new Set(
    world.devices.flatMap(({ origin, replica }) =>
      (replica?.conflicts$.get() ?? []).map(({ conflictId }) => `${origin} ${conflictId}`),
    ),
  )
  const unread = old.map(({ index }) => `the fleet's config is not told on device ${index}`)
  return unread.concat(
    items.flatMap(({ id, collection, recordId, mutationId }) => {
      const author = ledger.intents.get(mutationId)?.device
      // Another program than the SDK made it; or the notice is what the damage took.
      if (author === undefined || ledger.damaged.has(author)) return []
      if (told.has(`${world.devices[author]?.origin} ${id}`)) return []
      // It asks about this one while another one waits for a person.
      if ((world.devices[author]?.replica?.status$.get().pending ?? 0) > 0) return []
      return [`conflict ${id} of ${mutationId} on ${collection}/${recordId} is not told on device ${author}`]
    }),
  )
}
