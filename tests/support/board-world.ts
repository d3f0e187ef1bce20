import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { testApp, testFleet } from './device-world.ts'

/** A server in memory with one collection, `board`, and devices that share its clock. */
export interface BoardWorld {
  open(): Promise<Replica>
  /** Time passes for all. */
  pass(ms: number): void
  /** Each once, a second apart. */
  syncInTurn(...replicas: readonly Replica[]): Promise<void>
  /** Conflicts as the desk lists them. */
  rows(): Promise<readonly { readonly local: JsonObject | null }[]>
}

/** @param rules strategy and fieldStrategies of the collection */
export async function boardWorld(rules: object): Promise<BoardWorld> {
  let nowMs = 1_800_000_000_000
  const app = testApp(openMemoryStorage(), undefined, { now: () => nowMs })
  const fleet = await testFleet(app)
  await createCollection(app.ctx, {
    actor: SYSTEM,
    fleetId: fleet.fleetId,
    body: { name: 'board', schema: true, ...rules },
  })
  return {
    open: () =>
      openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: fleet.key,
        device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
        store: openMemoryStore(),
        clock: { ...systemClock, now: () => nowMs },
        fetch: async (input, init) => (await app.router.handle(new Request(String(input), init))) as Response,
        sync: { auto: false },
      }),
    pass: (ms) => {
      nowMs += ms
    },
    rows: async () =>
      (await listConflicts(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, query: {} })).items,
    syncInTurn: async (...replicas) => {
      for (const replica of replicas) {
        nowMs += 1_000
        await replica.sync()
      }
    },
  }
}
