import type { Clock } from '#lib/client/clock.ts'
import { ReplicaError } from '#lib/client/errors.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStore, StoreTx } from '#lib/client/store.ts'
import { TABLES } from '#lib/client/store.ts'
import type { Chance } from './chance.ts'
import type { Network } from './network.ts'
import { cancel, type VirtualTime } from './virtual-time.ts'
import type { Windows } from './windows.ts'

export const INTERVAL_MS = 6_000
export const BACKOFF_CAP_MS = 4_000
const BACKOFF_BASE_MS = 200
const REQUEST_TIMEOUT_MS = 2_000
const CHANGE_DELAY_MS = 1_200
/** Far more often than once a day, so that a run sees it. */
export const STATE_TOLD_EVERY_MS = 10_000

export interface DeviceParts {
  readonly index: number
  readonly time: VirtualTime
  readonly startMs: number
  readonly windows: Windows
  readonly network: Network
  readonly chance: Chance
  readonly enrollmentKey: string
  readonly trace: (line: string) => void
}

/** One opening of the app: what of it still runs after its end is cut off. */
interface Opening {
  isDead: boolean
  /** What the platform does when a process ends: its locks are free, nobody hears it. */
  leave: () => void
}

/** A device with a disk that outlives its app, a clock of its own, and a user. */
export class SimDevice {
  readonly index: number
  /** The device whose disk it began with: its own, or of which it is a copy. */
  readonly origin: number
  readonly disk: MemoryDisk
  /** How far its clock is ahead. */
  clockErrorMs: number
  replica: Replica | null = null
  /** Transactions still let through from the plan of a crash on, and on which side of the next one's commit it dies. */
  private dying: { steps: number; readonly moment: 'before' | 'after'; readonly then: () => void } | null =
    null
  private frozen: { readonly atMs: number } | null = null
  private readonly parts: DeviceParts
  private opening: Opening | null = null

  constructor(
    parts: DeviceParts,
    disk: MemoryDisk = createMemoryDisk(),
    clockErrorMs = 0,
    origin = parts.index,
  ) {
    this.parts = parts
    this.index = parts.index
    this.origin = origin
    this.disk = disk
    this.clockErrorMs = clockErrorMs
  }

  get isUp(): boolean {
    return this.opening !== null && !this.opening.isDead
  }

  /** A second device with a copy of the disk, as a restored backup or a copied profile is. */
  clone(parts: DeviceParts): SimDevice {
    const disk = createMemoryDisk()
    for (const table of TABLES)
      for (const [key, text] of this.disk.tables[table]) disk.tables[table].set(key, text)
    return new SimDevice(parts, disk, this.clockErrorMs, this.origin)
  }

  /** What stands on its disk under a key of `meta`; nothing where that is damaged. */
  onDisk<T>(key: string): Partial<T> {
    try {
      return JSON.parse(this.disk.tables.meta.get(key) ?? '{}') as Partial<T>
    } catch {
      return {}
    }
  }

  /** Never settles when the device dies on the way: nothing of that opening goes on. */
  async open(): Promise<void> {
    if (this.isUp) return
    const { chance, network, index, enrollmentKey } = this.parts
    const opening: Opening = { isDead: false, leave: () => undefined }
    this.opening = opening
    const replica = await openReplica({
      url: 'http://server.sim',
      enrollmentKey,
      device: { name: `device ${index}`, platform: 'linux', appVersion: '1.0.0' },
      store: this.storeFor(opening),
      clock: this.clockFor(opening),
      random: chance.random,
      fetch: network.fetch(index, () => !opening.isDead),
      sync: {
        events: false,
        intervalMs: INTERVAL_MS,
        backoffBaseMs: BACKOFF_BASE_MS,
        backoffCapMs: BACKOFF_CAP_MS,
        changeDelayMs: CHANGE_DELAY_MS,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        stateToldEveryMs: STATE_TOLD_EVERY_MS,
      },
    })
    if (!opening.isDead) this.replica = replica
  }

  /** The power goes: nothing of this opening runs any more. */
  crash(): void {
    if (!this.opening) return
    this.opening.isDead = true
    this.opening.leave()
    this.opening = null
    this.replica = null
    this.dying = null
  }

  /** The power will go at one of the next persist steps. */
  crashAtStep(steps: number, moment: 'before' | 'after', then: () => void): void {
    this.dying = { steps, moment, then }
  }

  forgetPlannedCrash(): void {
    this.dying = null
  }

  nowMs(): number {
    const { time, startMs, windows } = this.parts
    const isFrozen = windows.isOpen('freeze_clock', this.index)
    if (isFrozen && !this.frozen) {
      this.frozen = { atMs: startMs + time.elapsedMs + this.clockErrorMs }
      windows.note('freeze_clock')
    }
    if (!isFrozen) this.frozen = null
    return this.frozen?.atMs ?? startMs + time.elapsedMs + this.clockErrorMs
  }

  private clockFor(opening: Opening): Clock {
    const { time } = this.parts
    return {
      now: () => this.nowMs(),
      setTimeout: (run, ms) =>
        time.after(ms, () => {
          if (!opening.isDead) run()
        }),
      clearTimeout: cancel,
    }
  }

  private storeFor(opening: Opening): ReplicaStore {
    const store = openMemoryStore(this.disk)
    opening.leave = () => void store.close()
    const { windows, trace, index } = this.parts
    const transact = async <T>(work: (tx: StoreTx) => Promise<T>): Promise<T> => {
      if (opening.isDead) return new Promise(() => undefined)
      const isLast = this.dying !== null && this.dying.steps-- === 0
      const dying = isLast ? this.dying : null
      const moment = dying?.moment
      const result = await store
        .transact(async (tx) => {
          const done = await work(windows.isOpen('no_room', index) ? withoutRoom(tx, windows, index) : tx)
          if (moment === 'before') throw new PowerGone()
          return done
        })
        .catch((error: unknown) => {
          if (!(error instanceof PowerGone)) throw error
          return null as T
        })
      if (dying) {
        trace(`d${index} dies ${dying.moment} a commit`)
        this.crash()
        dying.then()
      }
      return opening.isDead ? new Promise(() => undefined) : result
    }
    return { ...store, transact }
  }
}

/** Of a window without room: not even a removal goes. */
const SOLID = 1

class PowerGone extends Error {}

/**
 * A disk without room for anything that grows; what is removed, or gets no longer, goes. At its worst nothing can be
 * written at all, as where a log has to grow for a removal too.
 */
function withoutRoom(tx: StoreTx, windows: Windows, index: number): StoreTx {
  const isSolid = windows.probability('no_room', index) === SOLID
  const refuse = (): never => {
    windows.note('no_room')
    windows.cramped.add(index)
    throw new ReplicaError('quota_exceeded')
  }
  return {
    ...tx,
    put: async (table, key, value) => {
      const before = await tx.get(table, key)
      const grows = before === undefined || JSON.stringify(before).length < JSON.stringify(value).length
      return isSolid || grows ? refuse() : tx.put(table, key, value)
    },
    remove: async (table, key) =>
      isSolid && (await tx.get(table, key)) !== undefined ? refuse() : tx.remove(table, key),
  }
}
