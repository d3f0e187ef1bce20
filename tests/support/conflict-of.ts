import type { MutationResult } from '#lib/protocol/push.ts'
import type { DeviceHttp } from './device-http.ts'
import type { TestDevice, TestFleet } from './device-world.ts'

/** What a device is answered whose record another one changed meanwhile; collections are named for their strategy. */
export async function conflictOf(
  world: DeviceHttp,
  device: TestDevice,
  collection: string,
  /** Of the device; left out: the world's. */
  fleet?: TestFleet,
): Promise<MutationResult> {
  const made = device.mutation({ collection })
  const { head } = await device.pushed([made])
  const base = { collection, recordId: made.recordId, baseVersion: head[collection] as number }
  const other = await world.device(fleet)
  await other.pushed([other.mutation({ ...base, op: { type: 'patch', set: { count: 1 } } })])
  const late = device.mutation({ ...base, op: { type: 'put', data: { title: 'mine' } } as never })
  return (await device.pushed([late])).results[0] as MutationResult
}
