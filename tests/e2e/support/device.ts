import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { World } from './world.ts'

/** A device of this test's own that syncs when it is told to. */
export async function openDevice(world: World, name: string, appVersion = '9.9.9'): Promise<Replica> {
  const replica = await openReplica({
    url: world.url,
    enrollmentKey: world.enrollmentKey,
    device: { name, platform: 'web', appVersion },
    store: openMemoryStore(),
    sync: { auto: false },
  })
  await replica.sync()
  return replica
}

/** A change that can never apply as it is: its dead letter is open when this returns. */
export async function leaveDeadLetter(world: World, name: string): Promise<void> {
  const device = await openDevice(world, name)
  await device.collection('strike-reports').put(null, { airportName: '' }, { validate: false })
  await device.sync()
  if (device.deadLetters$.get().length !== 1) throw new Error('the change should have become a dead letter')
  await device.close()
}
