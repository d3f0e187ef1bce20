import { expect } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { raiseEpochs } from '#lib/application/restores/raise-epochs.ts'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { memoryStorageOver } from '#lib/storage/memory/open-memory-storage.ts'
import { MemoryState } from '#lib/storage/memory/state.ts'
import type { TestApp, TestFleet } from './device-world.ts'
import { testApp, testFleet } from './device-world.ts'

/** Of the collections that devices write here: the one of CRDTs, the other one under OT. */
const COLLECTIONS = [
  { name: 'board', strategy: 'crdt', schema: true },
  { name: 'paper', strategy: 'ot', schema: true },
]

/** A server that can be restored, and devices that have one clock with it. */
export class RestoredWorld {
  nowMs = 1_800_000_000_000
  app: TestApp
  fleet: TestFleet = { fleetId: '', key: '' }
  private state = new MemoryState(() => this.nowMs)
  private backup: MemoryState | null = null

  private constructor() {
    this.app = this.serve()
  }

  private serve(): TestApp {
    return testApp(memoryStorageOver(this.state), undefined, { now: () => this.nowMs })
  }

  static async start(): Promise<RestoredWorld> {
    const world = new RestoredWorld()
    world.fleet = await testFleet(world.app)
    const { fleetId } = world.fleet
    for (const body of COLLECTIONS) await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    return world
  }

  backUp(): void {
    this.backup = this.state.copy()
  }

  /** As `tidemark restore` does. */
  async restore(): Promise<void> {
    if (!this.backup) return
    this.state = this.backup.copy()
    this.app = this.serve()
    await raiseEpochs(this.app.ctx, { actor: SYSTEM, fleetId: this.fleet.fleetId, takenAtMs: null })
  }

  async open(): Promise<Replica> {
    return openReplica({
      url: 'http://tidemark.test',
      enrollmentKey: this.fleet.key,
      device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
      store: openMemoryStore(),
      clock: { ...systemClock, now: () => this.nowMs },
      fetch: async (input, init) => {
        const response = await this.app.router.handle(new Request(String(input), init))
        if (!response) throw new Error(`no route for ${String(input)}`)
        return response
      },
      sync: { auto: false },
    })
  }

  async sync(...devices: readonly Replica[]): Promise<void> {
    for (const replica of devices) {
      this.nowMs += 1_000
      expect((await replica.sync()).problem).toBeNull()
    }
    this.nowMs += 1_000
  }
}
