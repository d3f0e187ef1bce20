import { isStorageError } from '../errors.ts'
import type { Context } from '../context.ts'
import { breakOff, passOver, runBatch } from './run-batch.ts'

/** How soon a process finds an operation that another one has started. */
export const OPERATIONS_LOOKED_AT_EVERY_MS = 1_000
/** Operations that one process works on at a time, each on a connection of its own. */
const AT_A_TIME_MAX = 3
/** Operations that one look is told of. */
const LOOKED_AT_MAX = 100
/** What is no failure of the storage is tried again so often; then the operation has failed, or goes on behind it (CS11). */
const FAILURES_MAX = 5
const AFTER_FAILURE_MS = 1_000

/** The work on operations in this process. */
class Worker {
  private readonly ctx: Context
  private readonly running = new Map<string, Promise<void>>()
  private stopped = false
  private readonly pauses = new Set<() => void>()

  constructor(ctx: Context) {
    this.ctx = ctx
  }

  /** Begins with those that nobody here works on; what there is no place for is found at a later look. */
  async look(): Promise<void> {
    if (this.stopped || this.running.size >= AT_A_TIME_MAX) return
    for (const { fleetId, id } of await this.ctx.storage.operations.working(LOOKED_AT_MAX)) {
      if (this.stopped || this.running.size >= AT_A_TIME_MAX) return
      if (this.running.has(id)) continue
      const ends = this.work(fleetId, id).finally(() => this.running.delete(id))
      this.running.set(id, ends)
    }
  }

  /** Ends after the transactions that are under way. */
  async stop(): Promise<void> {
    this.stopped = true
    for (const end of this.pauses) end()
    await Promise.all(this.running.values())
  }

  /** One transaction after the other, until nothing is left to do. Never rejects. */
  private async work(fleetId: string, id: string): Promise<void> {
    for (let failures = 0; !this.stopped;) {
      try {
        const { againInMs } = await runBatch(this.ctx, fleetId, id, failures > 0 ? 1 : undefined)
        if (againInMs === null) return
        failures = 0
        await this.pause(againInMs)
      } catch (error) {
        // Where the storage is away or busy, nothing is wrong with the operation.
        const isBusy = isStorageError(error, 'contention')
        if (!isBusy && !isStorageError(error, 'storage_unavailable')) failures += 1
        if (isStorageError(error, 'fleet_gone')) return
        this.ctx.log[isBusy ? 'warn' : 'error']('a step of an operation failed', { id, error: String(error) })
        if (failures >= FAILURES_MAX) {
          if (!(await this.goesOn(fleetId, id, error))) return
          failures = 0
        }
        await this.pause(AFTER_FAILURE_MS)
      }
    }
  }

  /** Behind what failed, where the next member is its own affair; otherwise the operation has failed. Never rejects. */
  private async goesOn(fleetId: string, id: string, cause: unknown): Promise<boolean> {
    try {
      if (await passOver(this.ctx, fleetId, id)) return true
      await breakOff(this.ctx, fleetId, id, String(cause))
    } catch (failure) {
      this.ctx.log.error('an operation was not broken off', { id, error: String(failure) })
    }
    return false
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.pauses.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.pauses.add(end)
    })
  }
}

const workers = new WeakMap<Context['storage'], Worker>()

function workerOf(ctx: Context): Worker {
  const worker = workers.get(ctx.storage) ?? new Worker(ctx)
  workers.set(ctx.storage, worker)
  return worker
}

/** A turn of every process's ticker: works on what runs in any fleet, found by one statement. Doesn't wait for it. */
export const lookForOperations = (ctx: Context): Promise<void> => workerOf(ctx).look()

/** Begins at once, in this process. */
export function wakeOperations(ctx: Context): void {
  workers
    .get(ctx.storage)
    ?.look()
    .catch((error: unknown) => ctx.log.warn('operations are found later', { error: String(error) }))
}

/** At the end of the process. */
export async function stopOperations(ctx: Context): Promise<void> {
  await workers.get(ctx.storage)?.stop()
}
