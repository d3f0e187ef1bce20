import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'
import { MemoryState } from '#lib/storage/memory/state.ts'
import { memoryStorageOver } from '#lib/storage/memory/open-memory-storage.ts'
import { Chance } from './chance.ts'
import { COLLECTIONS } from './collections.ts'
import { sealInto } from './seal.ts'
import { startServer } from './server.ts'
import { VirtualTime } from './virtual-time.ts'

/** The first moment of every run. */
export const START_MS = Date.UTC(2026, 0, 5, 8)

export interface SetUpFleet {
  readonly state: MemoryState
  readonly fleetId: string
  readonly enrollmentKey: string
}

/** The fleet as it is before any device: made once in a process and copied for each run. */
export async function setUpFleet(): Promise<SetUpFleet> {
  const chance = new Chance(0, 'fleet')
  sealInto({ time: new VirtualTime(), random: chance.random, startMs: START_MS })
  const state = new MemoryState(() => START_MS)
  const storage = memoryStorageOver(state)
  const onError = (message: string): never => {
    throw new Error(message)
  }
  const { ctx } = startServer({ index: 0, storage, nowMs: () => START_MS, chance, onError })
  const settings = { intervalMs: 5_000, backoff: { baseMs: 200, capMs: 4_000 } }
  const { id: fleetId } = await createFleet(ctx, { actor: SYSTEM, body: { name: 'simulated', settings } })
  for (const body of COLLECTIONS) await createCollection(ctx, { actor: SYSTEM, fleetId, body })
  const { key } = await createEnrollmentKey(ctx, { actor: SYSTEM, fleetId, body: { name: 'simulated' } })
  return { state, fleetId, enrollmentKey: key }
}
