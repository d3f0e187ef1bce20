import type { TestApp, TestFleet } from './device-world.ts'
import { testApp, TestDevice, testFleet } from './device-world.ts'
import type { TestStorage } from './storages.ts'

/** A fleet with a device over a storage of its own; a test that needs another fleet puts it in its place. */
export interface AgingFleet {
  readonly held: TestStorage
  readonly app: TestApp
  fleet: TestFleet
  device: TestDevice
  /** How far the server's clock is ahead of the machine's; a test lets days pass by it. */
  aheadMs: number
}

/** The caller closes `held`. */
export async function agingFleet(open: () => Promise<TestStorage>): Promise<AgingFleet> {
  const clock = { aheadMs: 0 }
  const held = await open()
  const app = await held.served(
    testApp(held.storage, console.error, { now: () => Date.now() + clock.aheadMs }),
  )
  const fleet = await testFleet(app)
  return Object.assign(clock, { held, app, fleet, device: await TestDevice.enroll(app, fleet) })
}
