import { randomUUID } from 'node:crypto'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { testApp } from '#tests/support/device-world.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { setUpFleet } from '../../../bench/set-up-fleet.ts'
import { SECRET } from './servers.ts'

/** Every step of a counter that is lost or counts twice shows. */
export const TALLIES = 'tallies'

/** A fleet with the demo's collections and one for counters, made before any server runs, by those servers' secret. */
export async function makeTrialFleet(databaseUrl: string): Promise<SetUpFleet> {
  const storage = await openPostgresStorage({ url: databaseUrl, secret: Buffer.from(SECRET) })
  try {
    const { ctx } = testApp(storage)
    const fleet = await setUpFleet(ctx, `fleet ${randomUUID()}`)
    const body = { name: TALLIES, strategy: 'crdt', schema: { type: 'object' } }
    await createCollection(ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    return fleet
  } finally {
    await storage.close()
  }
}
