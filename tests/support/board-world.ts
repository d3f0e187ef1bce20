import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { showConflict } from '#lib/application/conflicts/show-conflict.ts'
import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { testApp, testFleet } from './device-world.ts'

/** A server in memory with one collection, `board`, and devices that share its clock. */
export interface BoardWorld {
  /** @param store a new one in memory, if none is named */
  open(store?: ReplicaStore): Promise<Replica>
  /** Time passes for all. */
  pass(ms: number): void
  /** Each once, a second apart. */
  syncInTurn(...replicas: readonly Replica[]): Promise<void>
  /** Conflicts as the desk lists them. */
  rows(): Promise<readonly { readonly id: string; readonly local: JsonObject | null }[]>
  /** The desk keeps the side of the device whose conflict comes first. */
  keepMine(): Promise<void>
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
  const rows: BoardWorld['rows'] = async () =>
    (await listConflicts(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, query: {} })).items
  return {
    open: (store = openMemoryStore()) =>
      openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: fleet.key,
        device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
        store,
        clock: { ...systemClock, now: () => nowMs },
        fetch: async (input, init) => (await app.router.handle(new Request(String(input), init))) as Response,
        sync: { auto: false },
      }),
    pass: (ms) => {
      nowMs += ms
    },
    rows,
    async keepMine() {
      const of = { actor: SYSTEM, fleetId: fleet.fleetId, id: (await rows())[0]?.id ?? '' }
      const { record } = await showConflict(app.ctx, of)
      const body = { choice: 'mine', version: record?.version ?? 0, reason: 'the crew was there' }
      await resolveConflict(app.ctx, { ...of, body })
    },
    syncInTurn: async (...replicas) => {
      for (const replica of replicas) {
        nowMs += 1_000
        await replica.sync()
      }
    },
  }
}
