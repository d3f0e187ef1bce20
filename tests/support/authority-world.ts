import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { AuthorityServer } from './authority-server.ts'
import type { TestApp, TestFleet } from './device-world.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from './device-world.ts'
import type { TestStorage } from './storages.ts'

/** A fleet with one device, whose collection `orders` asks a business backend of the test's own. */
export interface AuthorityWorld {
  readonly held: TestStorage
  readonly app: TestApp
  readonly fleet: TestFleet
  readonly device: TestDevice
  readonly authority: AuthorityServer
  readonly orders: Awaited<ReturnType<typeof createCollection>>
  close(): Promise<void>
}

export async function openAuthorityWorld(
  held: TestStorage,
  timeoutMs: number,
  clock?: Parameters<typeof testApp>[2],
): Promise<AuthorityWorld> {
  const authority = await AuthorityServer.open()
  const app = await held.served(testApp(held.storage, undefined, clock))
  const fleet = await testFleet(app)
  const body = {
    name: 'orders',
    strategy: 'lww',
    schema: NOTES_SCHEMA,
    authority: { url: authority.url, timeoutMs },
  }
  const orders = await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
  const device = await TestDevice.enroll(app, fleet)
  return {
    held,
    app,
    fleet,
    device,
    authority,
    orders,
    close: async () => {
      await authority.close()
      await held.close()
    },
  }
}
