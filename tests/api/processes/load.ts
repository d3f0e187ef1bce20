import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { PushingDevice } from '../../../bench/push/push-bodies.ts'
import { pushOfReports, strikeReportSource } from '../../../bench/push/push-bodies.ts'
import { enrollAt, pushTo } from './servers.ts'
import { TALLIES } from './trial-fleet.ts'

/** As many as make 320 mutations a second by the wire alone. */
const FULL_LOAD = { writers: 8, replicas: 4, retryMs: 100 }
const MUTATIONS_EACH = 10
const WRITE_EVERY_MS = 250
const COUNT_EVERY_MS = 40
/** What a device is told at an open breaker: 30 s, and half of it more to spread them. */
export const WAITS_AT_MOST_MS = 45_000
const REQUEST_TIMEOUT_MS = 5_000
/** Invariant L with waits of at most half a second. */
export const DRAINED_WITHIN_MS = 30_000

/** The answers that a device may meet while a server or its database is away. */
const RETRYABLE = new Set(['database_unavailable', 'shed', 'breaker_open'])
const NO_ANSWER = 'no_answer'

interface Acknowledged {
  readonly mutationId: string
  readonly recordId: string
}

/** What was acknowledged, and by whom; the oracle's side of a trial. */
export interface LoadOutcome {
  readonly acknowledged: readonly Acknowledged[]
  /** Steps that the devices of the SDK took on their counter, all of them sent. */
  readonly steps: number
  /** Null without such devices. */
  readonly tallyId: string | null
  readonly replicas: readonly Replica[]
  /** A minute passes for the devices, so that none still waits because it was told to; then each syncs. */
  letWaitsEnd(): Promise<void>
  /** Answers that no device should meet, each once. */
  readonly strange: readonly string[]
}

export interface Load {
  /** Seconds since then until a push was acknowledged that was sent after it. */
  back(sinceMs: number): Promise<number>
  /** Resolves once no device of the SDK has a change left that was made before, in Unix milliseconds. */
  drained(beforeMs: number, lookEveryMs: number): Promise<void>
  /** How many mutations the writers have had acknowledged so far. */
  acknowledged(): number
  /** How many pushes of the writers were answered with this code. */
  refused(code: string): number
  /** The same for each code that there was; `no_answer` where a connection ended without one. */
  refusals(): Readonly<Record<string, number>>
  /** The longest that no push of any writer was acknowledged, in seconds. */
  longestGapS(): number
  /** Stops the writing, waits until all is sent, and tells what there was. */
  end(): Promise<LoadOutcome>
  close(): Promise<void>
}

/** Writers that speak the wire contract, and devices of the SDK, at work until they are told to end. */
export async function startLoad(
  urls: readonly string[],
  enrollmentKey: string,
  { writers, replicas: replicaCount, retryMs }: typeof FULL_LOAD = FULL_LOAD,
): Promise<Load> {
  const report = strikeReportSource()
  const urlOf = (turn: number): string => urls[turn % urls.length] ?? ''
  const acknowledged: Acknowledged[] = []
  const refused = new Map<string, number>()
  const strange = new Set<string>()
  const waiting = new Set<(sentMs: number) => void>()
  let isOver = false
  let aheadMs = 0
  let [lastMs, longestGapMs] = [performance.now(), 0]

  /** Repeats one push until it is acknowledged. */
  async function write(device: PushingDevice, turn: number): Promise<void> {
    const push = pushOfReports(device, MUTATIONS_EACH, report)
    for (let attempt = 0; ; attempt++) {
      const sentMs = performance.now()
      const answer = await pushTo(urlOf(turn + attempt), device, push, REQUEST_TIMEOUT_MS).catch(() => null)
      if (answer?.status === 200) {
        const { results } = JSON.parse(answer.text) as PushResponse
        if (results.some(({ status }) => status !== 'applied')) strange.add(answer.text)
        for (const { id: mutationId, recordId } of push.mutations) acknowledged.push({ mutationId, recordId })
        for (const tell of waiting) tell(sentMs)
        const nowMs = performance.now()
        longestGapMs = Math.max(longestGapMs, nowMs - lastMs)
        lastMs = nowMs
        return
      }
      const code = answer && (JSON.parse(answer.text) as { code?: string }).code
      if (code !== null && !RETRYABLE.has(code ?? '')) strange.add(`${answer?.status} ${answer?.text}`)
      const kind = code ?? NO_ANSWER
      refused.set(kind, (refused.get(kind) ?? 0) + 1)
      await pause(retryMs)
    }
  }

  async function writeOn(device: PushingDevice, index: number): Promise<void> {
    await pause((index * WRITE_EVERY_MS) / writers)
    for (let turn = index; !isOver; turn++) {
      const startedMs = performance.now()
      await write(device, turn)
      await pause(Math.max(0, startedMs + WRITE_EVERY_MS - performance.now()))
    }
  }

  const openDevice = (_: unknown, index: number): Promise<Replica> =>
    openReplica({
      url: urlOf(index),
      enrollmentKey,
      device: { name: 'tablet', platform: 'ios', appVersion: '2.4.0' },
      store: openMemoryStore(),
      clock: { ...systemClock, now: () => Date.now() + aheadMs },
      sync: {
        intervalMs: 400,
        backoffBaseMs: 50,
        backoffCapMs: 500,
        changeDelayMs: 20,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
      },
    })

  async function countOn(replica: Replica): Promise<number> {
    const tally = replica.collection(TALLIES).counter(tallyId ?? '', 'n')
    let steps = 0
    for (; !isOver; steps++) {
      await tally.increment()
      await pause(COUNT_EVERY_MS)
    }
    return steps
  }

  const devices = await Promise.all(
    Array.from({ length: writers }, (_, i) => enrollAt(urlOf(i), enrollmentKey)),
  )
  const replicas = await Promise.all(Array.from({ length: replicaCount }, openDevice))
  const tallyId = await sharedTally(replicas)

  lastMs = performance.now()
  const writing = Promise.all(devices.map(writeOn))
  const counting = Promise.all(replicas.map(countOn))
  return {
    back: (sinceMs) =>
      new Promise((resolve) => {
        const tell = (sentMs: number): void => {
          if (sentMs < sinceMs) return
          waiting.delete(tell)
          resolve((performance.now() - sinceMs) / 1_000)
        }
        waiting.add(tell)
      }),
    async drained(beforeMs, lookEveryMs) {
      const isBehind = ({ status$ }: Replica): boolean => {
        const { oldestPendingAt } = status$.get()
        return oldestPendingAt !== null && Date.parse(oldestPendingAt) < beforeMs
      }
      while (replicas.some(isBehind)) await pause(lookEveryMs)
    },
    acknowledged: () => acknowledged.length,
    refused: (code) => refused.get(code) ?? 0,
    refusals: () => Object.fromEntries(refused),
    longestGapS: () => longestGapMs / 1_000,
    async end() {
      isOver = true
      await writing
      const steps = (await counting).reduce((sum, taken) => sum + taken, 0)
      const letWaitsEnd = async (): Promise<void> => {
        aheadMs += WAITS_AT_MOST_MS
        await Promise.all(replicas.map((replica) => replica.sync()))
      }
      return { acknowledged, steps, tallyId, replicas, letWaitsEnd, strange: [...strange] }
    },
    async close() {
      isOver = true
      await Promise.all(replicas.map((replica) => replica.close()))
    },
  }
}

/** The record that all of them count on, once all of them have it. */
async function sharedTally(replicas: readonly Replica[]): Promise<string | null> {
  const [first] = replicas
  if (!first) return null
  await first.sync()
  const { recordId } = await first.collection(TALLIES).put(null, {})
  await expect.poll(() => everyoneHas(replicas, recordId), { timeout: DRAINED_WITHIN_MS }).toBe(true)
  return recordId
}

const everyoneHas = async (replicas: readonly Replica[], tallyId: string): Promise<boolean> => {
  const found = await Promise.all(replicas.map((replica) => replica.collection(TALLIES).get(tallyId)))
  return found.every((view) => view !== null)
}
