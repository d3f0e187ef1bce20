import type { BackoffSettings } from '#lib/engine/backoff.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { DeviceConfig } from '#lib/protocol/device.ts'
import { toIso } from './clock.ts'
import type { AppSchemas, Collection } from './collection.ts'
import { openCollection } from './collection.ts'
import type { Diagnostics } from './diagnostics.ts'
import type { Events } from './events.ts'
import type { ReplicaErrorCode } from './errors.ts'
import { ReplicaError } from './errors.ts'
import type { Notices } from './notices.ts'
import { listNotices } from './notices.ts'
import type { Observable, Subject } from './observable.ts'
import { createSubject } from './observable.ts'
import { fetched, forkParts } from './on-demand.ts'
import type { StoreNews } from './peers.ts'
import type { QuietTime } from './quiet-time.ts'
import { leftOf, waitOf } from './quiet-time.ts'
import type { ReplicaContext } from './run.ts'
import { createScheduler } from './scheduler.ts'
import { createSerial } from './serial.ts'
import type { ReplicaStatus, StoredStatus } from './status.ts'
import { readStoredStatus } from './status.ts'
import type { StoreTx } from './store.ts'
import type { RoundEnd } from './sync-round.ts'
import { nextDueIn, runRound } from './sync-round.ts'
import type { ConflictNotice, DeadLetterNotice, Identity, LocalRefusal, RecoveryNotice } from './tables.ts'
import { getMeta } from './tables.ts'
import type { SyncOptions } from './wait.ts'
import { RESTED, syncSettings, waitAfter } from './wait.ts'

/** One device's copy of a fleet's data, which it may read and write with or without a connection. */
export interface Replica {
  /** Another one after a fork (SPEC, FK1). */
  readonly deviceId: string
  collection(name: string): Collection
  readonly status$: Observable<ReplicaStatus>
  /** Records that a person must decide on; this device shows its own side meanwhile. */
  readonly conflicts$: Observable<readonly ConflictNotice[]>
  /** Own changes that could not be applied; the server keeps them for an operator. */
  readonly deadLetters$: Observable<readonly DeadLetterNotice[]>
  /** Own changes that the server would not take; this device holds the only copy. */
  readonly refusals$: Observable<readonly LocalRefusal[]>
  /** What a damaged store on this device lost, and what goes on; newest last. */
  readonly recoveries$: Observable<readonly RecoveryNotice[]>
  /** Grows when records or pending changes on this device became other ones, by whichever opening: read again then. */
  readonly revision$: Observable<number>
  /** Runs a session now and gives the status after it. In `shed` it first waits as the server asked: nothing is sent. */
  sync(): Promise<ReplicaStatus>
  /** Starts no session until `resume()`; reads and writes go on. */
  pause(): void
  /** Also leaves `halted`, for a person who has seen to the cause. */
  resume(): void
  /** An account of this device for whoever helps: names, codes, counts and times; no documents, no credentials. */
  diagnostics(): Promise<Diagnostics>
  /** Cuts off what is under way; the next opening goes on from there. The store is closed too. */
  close(): Promise<void>
}

/** Whether the device has a network at all, where the platform can tell. */
export interface Network {
  isOnline(): boolean
  subscribe(listener: () => void): () => void
}

export interface ReplicaParts {
  readonly context: Omit<ReplicaContext, 'onChange'>
  readonly cutOff: AbortController
  readonly initial: ReplicaStatus
  readonly status: Subject<ReplicaStatus>
  /** For a store that no longer knows who it is. */
  readonly makeIdentity: () => Identity
  readonly network: Network | null
  readonly sync: SyncOptions
  readonly schemas: AppSchemas
}

/** What of the store the app sees besides its records. */
interface Shown {
  readonly notices: Notices
  readonly stored: StoredStatus
}

const CHANGE_DELAY_MS = 500
const STORE_TROUBLES: ReadonlySet<string> = new Set<ReplicaErrorCode>(['quota_exceeded', 'store_corrupt'])
/** How soon to look again for a lock that another opening holds. */
const LOCK_RETRY_MS = 2_000

export function startReplica(parts: ReplicaParts): Replica {
  const { status, network } = parts
  const context = { ...parts.context, onChange: () => void refreshAll() }
  const { store, machine, clock, random } = context
  const conflicts = createSubject<readonly ConflictNotice[]>([])
  const deadLetters = createSubject<readonly DeadLetterNotice[]>([])
  const refusals = createSubject<readonly LocalRefusal[]>([])
  const recoveries = createSubject<readonly RecoveryNotice[]>([])
  const revision = createSubject(0)
  const oneAtATime = createSerial()
  const scheduler = createScheduler(clock, () => void oneAtATime(round))
  const auto = parts.sync.auto ?? true
  const changeDelayMs = parts.sync.changeDelayMs ?? CHANGE_DELAY_MS
  let waits = RESTED
  let isPaused = false
  let isClosed = false
  /** Since the last round began. */
  let hasWritten = false
  let shedFor: QuietTime | null = null
  let events: Events | null = null

  const shedLeft = (): number => leftOf(shedFor, clock.now())
  const checkOpen = (): void => {
    if (isClosed) throw new ReplicaError('closed')
  }
  const show = (changes: Partial<ReplicaStatus>): void => {
    const dueAtMs = scheduler.dueAtMs()
    status.set({
      ...status.get(),
      state: machine.state(),
      nextSyncAt: dueAtMs === null ? null : toIso(dueAtMs),
      ...changes,
    })
  }
  const showStored = ({ pausedByServer, storeHealth, ...stored }: StoredStatus): void =>
    show({
      ...stored,
      storeHealth: store.isFull() ? 'full' : storeHealth,
      paused: isPaused ? 'here' : pausedByServer ? 'by_server' : 'no',
    })
  const showNotices = (lists: Notices): void => {
    setIfChanged(recoveries, lists.recovery, (notice) => String(notice.noticedAtMs))
    setIfChanged(
      conflicts,
      lists.conflict,
      ({ conflictId, mutations, record }) =>
        conflictId + [mutations.length, record?.version, record?.schemaVersion],
    )
    setIfChanged(deadLetters, lists.dead_letter, (notice) => notice.deadLetterId)
    setIfChanged(refusals, lists.refusal, (notice) => notice.mutation.id)
  }
  const plan = (ms: number): void => {
    if (auto && !isPaused && !isClosed && machine.state() !== 'halted') scheduler.after(ms)
  }
  const soon = (ms: number): void => {
    if (auto && !isPaused && !isClosed && machine.state() === 'idle') scheduler.within(ms)
  }

  function planAfter(ended: RoundEnd, config: DeviceConfig | null, nextMs: number | null): void {
    const settings = syncSettings(config, parts.sync)
    if (ended.kind === 'busy') return plan(Math.min(LOCK_RETRY_MS, settings.intervalMs) * (0.5 + random()))
    if (ended.kind === 'quiet') return plan(ended.leftMs + settings.intervalMs * random())
    if (ended.kind === 'paused') return plan(ended.resumed ? 0 : settings.intervalMs * (0.5 + random()))
    const { end } = ended
    // A waiting change, or the turn for a full sync.
    const nextDueMs = end.askAgainMs === null ? nextMs : Math.min(end.askAgainMs, nextMs ?? Infinity)
    const wait = waitAfter(end, settings, waits, random)
    waits = wait?.state ?? RESTED
    if (end.state === 'shed' && wait) shedFor = waitOf(wait.waitMs, clock.now())
    // At rest a write or a poke may have asked for an earlier one since the session looked.
    if (wait) (end.state === 'idle' ? soon : plan)(wait.waitMs)
    // What the server gave a wait is spread above it, as every wait is (BO1).
    const spreadMs = random() * Math.min(settings.intervalMs, (nextDueMs ?? 0) / 5)
    // What was told to wait has waited; what was written meanwhile goes with what follows it.
    if (nextDueMs !== null) soon(nextDueMs === 0 ? changeDelayMs : Math.max(0, nextDueMs + spreadMs))
    const wentWell = end.result === 'ok'
    show({ problem: end.trouble?.code ?? null, ...(wentWell ? { lastSyncedAt: toIso(clock.now()) } : {}) })
    const { lastSyncedAt, problem } = status.get()
    const nextAtMs = scheduler.dueAtMs()
    const nextInMs = nextAtMs === null ? null : Math.max(0, nextAtMs - clock.now())
    store.tell({ kind: 'round', nextInMs, lastSyncedAt, problem, changed: end.changed })
    if (end.changed) revision.set(revision.get() + 1)
    if (wentWell) void followEvents(settings).catch(logFailure)
  }

  /** Pokes, commands and the rest come by a stream, where one can be held; without it by the next session. */
  async function followEvents(settings: BackoffSettings): Promise<void> {
    if (!auto || parts.sync.events === false) return
    const { createEvents } = await fetched(import('./events.ts'))
    // Loading takes its time, and the next session may have been told to keep quiet meanwhile.
    if (isPaused || isClosed || shedLeft() > 0) return
    events ??= createEvents(context, { soon, changeDelayMs })
    events.follow(settings)
  }

  /** Openings of one store take turns: who synced last goes first again, and the others wait for it a little longer. */
  function hear(news: StoreNews): void {
    if (isClosed) return
    if (news.kind === 'round') {
      // A person has seen to the cause there: the store's token is a good one again.
      if (news.problem === null && machine.state() === 'halted') machine.take('resumed')
      if (news.nextInMs !== null && machine.state() === 'idle') plan(news.nextInMs + random() * LOCK_RETRY_MS)
      // It may have come too late for that round.
      if (hasWritten) soon(changeDelayMs)
      show({ lastSyncedAt: news.lastSyncedAt ?? status.get().lastSyncedAt, problem: news.problem })
    }
    if (news.kind === 'written' || news.changed) revision.set(revision.get() + 1)
    void refreshAll()
  }

  /** One round, then the plan for the next. Whatever goes wrong locally, another round is planned (SM6). */
  async function round(): Promise<void> {
    if (isClosed || isPaused || machine.state() === 'halted') return
    noteNetwork()
    if (machine.state() === 'offline') return
    scheduler.cancel()
    hasWritten = false
    try {
      const ended = await runMendedRound()
      const { config, nextMs, ...shown } = await store.transact(async (tx) => ({
        ...(await readShown(tx)),
        config: await getMeta(tx, 'config'),
        nextMs: await nextDueIn(tx, clock.now()),
      }))
      planAfter(ended, config, nextMs)
      return showAll(shown)
    } catch (error) {
      context.log('store_failed', { message: String(error) })
      plan(syncSettings(null, parts.sync).intervalMs * (0.5 + random()))
    }
    if (!isClosed) await refreshQuietly()
  }

  /** What a round finds wrong with the store is seen to; one that failed for that alone runs once more. */
  async function runMendedRound(): Promise<RoundEnd> {
    await mend()
    const failures = store.quotaFailures()
    const ended = await runRound(context)
    const trouble = ended.kind === 'ended' ? ended.end.trouble : null
    await mend()
    if (store.quotaFailures() > failures) await store.transact(async (tx) => forkParts().dropSpare(tx))
    else if (ended.kind === 'ended' && trouble === null) store.noteRoom()
    return trouble !== null && STORE_TROUBLES.has(trouble.code) && !isClosed ? runRound(context) : ended
  }

  /** Rebuilds a store in which damage has shown (SDK4). */
  async function mend(): Promise<boolean> {
    if (!store.isCorrupt() || isClosed) return false
    const { recover } = await fetched(import('./recover.ts'))
    const notice = await recover(store, {
      nowMs: clock.now(),
      newIdentity: parts.makeIdentity,
      wasOpen: true,
    })
    store.noteMended()
    if (!notice) return false
    context.log('store_rebuilt', { pendingKept: notice.pendingKept, changesLost: notice.changesLost.length })
    revision.set(revision.get() + 1)
    store.tell({ kind: 'written' })
    await refreshAll()
    return true
  }

  const logFailure = (error: unknown): void => context.log('store_failed', { message: String(error) })
  const refreshQuietly = (): Promise<void> =>
    store.transact(readStoredStatus).then(showStored).catch(logFailure)

  const readShown = async (tx: StoreTx): Promise<Shown> => {
    const notices = await listNotices(tx)
    const { conflict } = notices
    return {
      notices: conflict[0]
        ? { ...notices, conflict: await forkParts().showConflicts(tx, conflict, parts.schemas) }
        : notices,
      stored: await readStoredStatus(tx),
    }
  }
  const showAll = ({ notices, stored }: Shown): void => {
    if (isClosed) return
    showNotices(notices)
    showStored(stored)
  }
  const refreshAll = (): Promise<void> => store.transact(readShown).then(showAll).catch(logFailure)

  function noteNetwork(): void {
    if (isClosed || !network) return
    const isOnline = network.isOnline()
    if (!isOnline && ['idle', 'backoff', 'shed'].includes(machine.state())) {
      machine.take('network_lost')
      scheduler.cancel()
    } else if (isOnline && machine.state() === 'offline') {
      machine.take('network_back')
      waits = RESTED
      soon(random() * syncSettings(null, parts.sync).baseMs)
    }
    show({})
  }

  const leaveNetwork = network?.subscribe(noteNetwork)
  const leavePeers = store.listen(hear)
  const leaveHealth = store.onTrouble(() => {
    if (store.isCorrupt())
      void oneAtATime(mend).then((isRebuilt) => {
        if (isRebuilt) soon(0)
      }, logFailure)
    void refreshQuietly()
  })
  const collectionContext = {
    store,
    clock,
    random,
    opening: uuidv7(clock.now(), random),
    checkOpen,
    schemas: parts.schemas,
    onWrite: () => {
      hasWritten = true
      soon(changeDelayMs)
      if (isClosed) return
      revision.set(revision.get() + 1)
      store.tell({ kind: 'written' })
      void refreshQuietly()
    },
  }
  soon(random() * changeDelayMs)
  void oneAtATime(refreshAll)

  return {
    get deviceId() {
      return status.get().deviceId
    },
    collection: (name) => openCollection(collectionContext, name),
    status$: status,
    conflicts$: conflicts,
    deadLetters$: deadLetters,
    refusals$: refusals,
    recoveries$: recoveries,
    revision$: revision,
    async sync() {
      checkOpen()
      if (!isPaused && (machine.state() !== 'shed' || shedLeft() === 0)) await oneAtATime(round)
      return status.get()
    },
    pause() {
      isPaused = true
      events?.stop()
      scheduler.cancel()
      show({ paused: 'here' })
    },
    resume() {
      isPaused = false
      if (machine.state() === 'halted') machine.take('resumed')
      if (machine.state() === 'idle') soon(0)
      else plan(shedLeft())
      void refreshQuietly()
    },
    async diagnostics() {
      checkOpen()
      await refreshQuietly()
      const { collectDiagnostics } = await fetched(import('./diagnostics.ts'))
      return collectDiagnostics(context, status.get())
    },
    async close() {
      if (isClosed) return
      isClosed = true
      leavePeers()
      leaveHealth()
      leaveNetwork?.()
      scheduler.cancel()
      parts.cutOff.abort()
      await oneAtATime(async () => undefined)
      await store.close()
    },
  }
}

function setIfChanged<T>(subject: Subject<readonly T[]>, next: readonly T[], key: (item: T) => string): void {
  const text = (list: readonly T[]): string => list.map(key).join()
  if (text(subject.get()) !== text(next)) subject.set(next)
}
