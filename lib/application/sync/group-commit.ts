import type { PushWrites } from '#lib/storage/ports.ts'
import type { Surroundings } from '../surroundings.ts'
import { ApplicationError, isStorageError, lockTimeoutOf } from '../errors.ts'
import type { CommitDeps, DecidedGroup } from './commit-group.ts'
import { commitGroup } from './commit-group.ts'
import { tellResolved } from '../conflicts/tell-resolved.ts'
import type { DeviceDirectory } from '../devices/directory.ts'
import { groupSize } from './group-size.ts'
import type { Growth } from './growth.ts'
import type { Pokes } from './pokes.ts'
import type { PushJob, PushOutcome } from './push-job.ts'
import type { RulesCache } from './rules.ts'
import type { StreamHeads } from './stream-heads.ts'

/** Pushes of one fleet that wait in this process; more are shed. */
export const PUSHES_WAITING_MAX = 1_000
/** Contentions in a row before the group is given up. */
export const CONTENTION_RETRIES_MAX = 3
const CONTENTION_WAIT_MS = 20
const RETRY_AFTER_MS = 1_000
const READING_WAIT_MAX_MS = 10
const NOBODY = { decided: (): void => undefined, ended: (): void => undefined }

interface Waiting {
  readonly job: PushJob
  readonly submittedAtMs: number
  /** Its transaction begins, after a wait for others. */
  readonly onTurn: (waitedMs: number) => void
  readonly resolve: (outcome: PushOutcome) => void
  readonly reject: (error: unknown) => void
}

type Deps = Pick<Surroundings, 'storage' | 'clock' | 'ids' | 'random' | 'metrics' | 'log'> & {
  readonly pokes: Pokes
  readonly directory: DeviceDirectory
  readonly rules: RulesCache
  readonly heads: StreamHeads
  readonly growth: Growth
}

/** One queue a fleet (decision 0005): pushes gather into a group while the one before is on its way. */
export class GroupCommit {
  readonly rules: RulesCache
  private readonly deps: Deps & CommitDeps
  private readonly queues = new Map<string, Waiting[]>()
  /** By fleet: settles once the group that is loading is decided, or failed. */
  private readonly loading = new Map<string, Promise<void>>()

  constructor(deps: Deps) {
    this.rules = deps.rules
    this.deps = deps
  }

  /**
   * Settles when the push has committed or failed for good.
   * @throws ApplicationError `shed` when too many wait, `database_unavailable`
   */
  submit(
    fleetId: string,
    job: PushJob,
    onTurn: (waitedMs: number) => void = () => undefined,
  ): Promise<PushOutcome> {
    return new Promise((resolve, reject) => {
      const entry = { job, submittedAtMs: this.deps.clock.now(), onTurn, resolve, reject }
      const queue = this.queues.get(fleetId)
      if (!queue) {
        this.queues.set(fleetId, [entry])
        void this.drain(fleetId)
      } else if (queue.length < PUSHES_WAITING_MAX) queue.push(entry)
      else reject(new ApplicationError('shed', { retryAfterMs: RETRY_AFTER_MS }))
    })
  }

  /**
   * The time to read another push of the fleet: not while a group has its locks and is about to be decided, which the
   * storage and everybody behind it wait for. There is time for it while that group is written. Waits
   * READING_WAIT_MAX_MS at most, since another process may have the locks.
   */
  async readingTime(fleetId: string): Promise<void> {
    const decided = this.loading.get(fleetId)
    if (decided) await Promise.race([decided, pause(READING_WAIT_MAX_MS)])
  }

  /** Runs while pushes wait. It never rejects: every failure goes to those who wait for it. */
  private async drain(fleetId: string): Promise<void> {
    const queue = this.queues.get(fleetId) ?? []
    while (queue.length > 0) {
      const group = queue.splice(0, groupSize(queue.map(({ job }) => job.push)))
      await new Promise<void>((ended) => {
        const decided = new Promise<void>((resolve) => {
          void this.settle(fleetId, group, { decided: resolve, ended }).finally(ended)
        })
        this.loading.set(fleetId, decided)
        void decided.then(() => this.loading.delete(fleetId))
      })
    }
    this.queues.delete(fleetId)
  }

  private async settle(
    fleetId: string,
    group: readonly Waiting[],
    tell: { readonly decided: () => void; readonly ended: () => void } = NOBODY,
  ): Promise<void> {
    const jobs = group.map(({ job }) => job)
    for (const { onTurn, submittedAtMs } of group) onTurn(this.deps.clock.now() - submittedAtMs)
    const decided = await this.commit(fleetId, jobs, tell.decided).catch((error: unknown) => ({ error }))
    tell.decided()
    if ('error' in decided) return this.fail(fleetId, group, decided.error)
    // The next group loads while these are answered.
    tell.ended()
    await this.show(fleetId, decided.written)
    for (const [i, { resolve }] of group.entries()) resolve(decided.outcomes[i] as PushOutcome)
    this.observe(fleetId, decided.written)
  }

  /** After a commit that another than the queue made: an operation has a transaction of its own (decision 0060). */
  async committed(fleetId: string, written: readonly PushWrites[]): Promise<void> {
    await this.show(fleetId, written)
    this.observe(fleetId, written)
  }

  /** Before anyone hears of it: who was acknowledged finds it at once (TK8). */
  private async show(fleetId: string, written: readonly PushWrites[]): Promise<void> {
    for (const { heads } of written) this.deps.heads.raise(fleetId, heads)
    for (const writes of written) await this.tellDecided(fleetId, writes)
  }

  /** One of several may be the culprit: each then gets its own transaction. */
  private async fail(fleetId: string, group: readonly Waiting[], error: unknown): Promise<void> {
    const stuck = lockTimeoutOf(error)?.collection ?? null
    if (stuck !== null) return this.leaveOut(fleetId, group, stuck, error)
    if (group.length > 1 && !isOfStorage(error)) {
      for (const entry of group) await this.settle(fleetId, [entry])
      return
    }
    for (const { reject } of group) reject(isStorageError(error, 'contention') ? contended(error) : error)
  }

  /** A stream that cannot be locked fails those that need it; the others go on without them (BR2). */
  private async leaveOut(
    fleetId: string,
    group: readonly Waiting[],
    collection: string,
    error: unknown,
  ): Promise<void> {
    const needs = ({ job }: Waiting): boolean =>
      job.push.mutations.some(({ mutation }) => mutation.collection === collection)
    for (const entry of group) if (needs(entry)) entry.reject(contended(error))
    const others = group.filter((entry) => !needs(entry))
    if (others.length > 0) await this.settle(fleetId, others)
  }

  private async commit(
    fleetId: string,
    jobs: readonly PushJob[],
    onDecided: () => void,
  ): Promise<DecidedGroup> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await commitGroup(this.deps, fleetId, jobs, onDecided)
      } catch (error) {
        // A lock that could not be had in 5 s won't be in the next 20 ms.
        if (!isStorageError(error, 'contention') || lockTimeoutOf(error)) throw error
        if (attempt >= CONTENTION_RETRIES_MAX) throw error
        await pause(CONTENTION_WAIT_MS * 2 ** attempt * (0.5 + this.deps.random()))
      }
    }
  }

  /** After the commit: counters of this process, the other processes, and the devices that hold a stream open. */
  private observe(fleetId: string, written: readonly PushWrites[]): void {
    for (const writes of written) {
      for (const event of writes.events) this.deps.metrics.observeEvent(fleetId, event)
      for (const { replayOf, result } of writes.changes)
        if (replayOf !== null) this.deps.metrics.observeReplay(fleetId, result.status)
      this.deps.growth.committed(fleetId, writes.heads)
    }
  }

  /** Before the answer: whoever has it may ask at once what the device is told. */
  private async tellDecided(fleetId: string, { changes }: PushWrites): Promise<void> {
    for (const { closes, deviceId } of changes)
      if (closes) await tellResolved(this.deps, fleetId, closes, deviceId)
  }
}

/** No push of the group is to blame, so none would fare better alone. */
const isOfStorage = (error: unknown): boolean =>
  isStorageError(error, 'storage_unavailable') ||
  isStorageError(error, 'contention') ||
  isStorageError(error, 'fleet_gone')

const contended = (cause: unknown): ApplicationError =>
  new ApplicationError('shed', { detail: 'too many writers at once', retryAfterMs: RETRY_AFTER_MS, cause })

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
