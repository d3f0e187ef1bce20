import type { World } from '../world/world.ts'
import type { Ledger } from './ledger.ts'

const OPEN = {
  status: 'open',
  strategy: null,
  collection: null,
  recordId: null,
  deviceId: null,
  sessionId: null,
  fromMs: null,
  toMs: null,
} as const
const PAGE = { limit: 200, cursor: null }

/** A: at rest, what a person must decide is told on the device that it came from, not at the desk alone (CS6, CM3). */
export async function checkTold({
  world,
  ledger,
}: {
  readonly world: World
  readonly ledger: Ledger
}): Promise<void> {
  const { items } = await world.database.storage.conflicts.list(world.fleetId, OPEN, PAGE)
  const told = new Set(
    world.devices.flatMap(({ replica }) =>
      (replica?.conflicts$.get() ?? []).map(({ conflictId }) => conflictId),
    ),
  )
  for (const { id, collection, recordId, mutationId } of items) {
    const author = ledger.intents.get(mutationId)?.device
    // Another program than the SDK made it; or the notice is what the damage took.
    if (author === undefined || ledger.damaged.has(author) || told.has(id)) continue
    ledger.blame(
      'A',
      `conflict ${id} of ${mutationId} on ${collection}/${recordId} is not told on device ${author}`,
    )
  }
}
