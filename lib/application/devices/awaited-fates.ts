import type { ChangeFate } from '#lib/protocol/device.ts'
import type { Device, MutationStanding } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { accessTo } from './access.ts'

/** A change that was handed to the device which asks, and who had made it. */
export interface AskedChange {
  readonly id: string
  readonly deviceId: string
}

/**
 * What became of changes that were handed to the device directly (SDK7), in the order asked. It hears of collections that
 * it may read, of its own fleet, and no more than the fate: whoever asks knows the ids.
 */
export async function awaitedFates(
  { storage }: Pick<Context, 'storage'>,
  { fleetId, access }: Device,
  awaited: readonly AskedChange[],
): Promise<readonly { readonly id: string; readonly fate: ChangeFate }[]> {
  if (awaited.length === 0) return []
  const [known, authors] = await Promise.all([
    storage.sync.standingOf(
      fleetId,
      awaited.map(({ id }) => id),
    ),
    storage.devices.standings(
      fleetId,
      awaited.map(({ deviceId }) => deviceId),
    ),
  ])
  const byId = new Map(known.map((standing) => [standing.mutationId, standing]))
  return awaited.map(({ id, deviceId }) => {
    const standing = byId.get(id)
    if (!standing) return { id, fate: authors.get(deviceId)?.status === 'revoked' ? 'revoked' : 'unknown' }
    return { id, fate: accessTo(access, standing.collection) === null ? 'unknown' : fateOf(standing) }
  })
}

/** One that stands in a conflict may still come to either. */
function fateOf({ status, letter }: MutationStanding): ChangeFate {
  if (status === 'applied' || status === 'merged') return 'applied'
  if (status === 'superseded') return 'discarded'
  if (status !== 'dead_lettered') return 'unknown'
  return letter === 'open' ? 'refused' : 'discarded'
}
