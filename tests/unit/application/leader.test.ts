import { describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createContext } from '#lib/application/create-context.ts'
import type { Context } from '#lib/application/context.ts'
import { LEADER_TURN_MS, Leader, RETENTION_ROUNDS } from '#lib/application/leader.ts'
import { Periodic } from '#lib/application/periodic.ts'
import { SESSIONS_PER_RUN_MAX } from '#lib/application/sessions/infer-abandoned.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { silentLog, testClock } from '#tests/support/access-world.ts'
import { LOOPBACK_EGRESS } from '#tests/support/device-world.ts'
import { setUpFleet } from '../../../bench/set-up-fleet.ts'

const MINUTE = 60_000
const START_MS = Date.UTC(2026, 2, 2, 9) + 17_300
const clock = testClock(START_MS)
const storage = openMemoryStorage({ nowMs: clock.now })

/** One process of several over one storage and one clock. */
function processOf(processId: string, over: Partial<Context> = {}): Context {
  const random = seededRandom(processId.length)
  return createContext({
    storage,
    clock,
    random,
    ids: () => uuidv7(clock.now(), random),
    secret: new Uint8Array(32),
    mac: () => new Uint8Array(16),
    log: silentLog,
    metrics: createMetrics(),
    processId,
    processName: processId,
    origin: 'http://127.0.0.1:3000',
    egress: LOOPBACK_EGRESS,
    ...over,
  })
}

/** Minutes that have a snapshot of the fleet, in order, each as often as it was taken. */
async function minutesOf(fleetId: string, fromMs: number, toMs: number): Promise<readonly number[]> {
  const buckets = await storage.telemetry.buckets(fleetId, 'minute', fromMs, toMs)
  return buckets.filter(({ gaugesAtMs }) => gaugesAtMs > 0).map(({ gaugesAtMs }) => gaugesAtMs)
}
const everyMinute = (fromMs: number, toMs: number): readonly number[] => {
  const first = Math.floor(fromMs / MINUTE) * MINUTE
  return Array.from({ length: Math.floor((toMs - first) / MINUTE) }, (_, n) => first + n * MINUTE)
}

describe('the leader’s gauges', () => {
  test('are taken once in every calendar minute for hours, however late each turn comes', async () => {
    const ctx = processOf('one')
    const { fleetId } = await setUpFleet(ctx, 'steady')
    const leader = new Leader(ctx)
    const random = seededRandom(4)
    const startMs = clock.now()
    while (clock.now() < startMs + 3 * 60 * MINUTE) {
      await leader.turn()
      await leader.idle()
      // As the ticker does: the next turn comes some time after the last one ended.
      clock.advance(LEADER_TURN_MS + Math.round(random() * 900))
    }
    const endMs = Math.floor(clock.now() / MINUTE) * MINUTE
    expect(await minutesOf(fleetId, startMs - MINUTE, endMs)).toEqual(everyMinute(startMs, endMs))
  })

  test('go on in the same rhythm with the next leader, each minute once', async () => {
    const [first, second] = [processOf('first'), processOf('second')]
    const { fleetId } = await setUpFleet(first, 'handed over')
    const leaders = [new Leader(first), new Leader(second)]
    const startMs = clock.now()
    for (let turn = 0; clock.now() < startMs + 30 * MINUTE; turn++) {
      // The first one dies in the middle; until its lease ends nobody leads.
      const alive = clock.now() < startMs + 15 * MINUTE ? leaders : leaders.slice(1)
      for (const leader of alive) {
        await leader.turn()
        await leader.idle()
      }
      clock.advance(LEADER_TURN_MS)
    }
    const endMs = Math.floor(clock.now() / MINUTE) * MINUTE
    expect(await minutesOf(fleetId, startMs - MINUTE, endMs)).toEqual(everyMinute(startMs, endMs))
  })

  test('one fleet that fails does not keep the others from theirs, and is tried again within the minute', async () => {
    const broken = { failing: true }
    const ctx = processOf('third', {
      storage: {
        ...storage,
        devices: {
          ...storage.devices,
          byId: (id, ...page) =>
            broken.failing && id === sick
              ? Promise.reject(new Error('away'))
              : storage.devices.byId(id, ...page),
        },
      },
    })
    const { fleetId: sick } = await setUpFleet(ctx, 'sick')
    const { fleetId: well } = await setUpFleet(ctx, 'well')
    clock.advance(2 * MINUTE - (clock.now() % MINUTE))
    const leader = new Leader(ctx)
    const turn = async (): Promise<void> => {
      await leader.turn()
      await leader.idle()
      clock.advance(LEADER_TURN_MS)
    }
    const minuteMs = clock.now()
    const taken = (): Promise<readonly number[]>[] => [
      minutesOf(sick, minuteMs, minuteMs + MINUTE),
      minutesOf(well, minuteMs, minuteMs + MINUTE),
    ]
    for (let n = 0; n < 4; n++) await turn()
    expect(await Promise.all(taken())).toEqual([[], [minuteMs]])
    broken.failing = false
    for (let n = 0; n < 8; n++) await turn()
    expect(await Promise.all(taken())).toEqual([[minuteMs], [minuteMs]])
  })
})

test('retention goes on at the next turn while more is left, and then rests until the next hour', async () => {
  const rounds: number[] = []
  const ctx = processOf('keeper', {
    storage: {
      ...storage,
      maintenance: {
        ...storage.maintenance,
        holdLease: async () => true,
        applyRetention: async (_nowMs, _keep, batches) => {
          rounds.push(batches.rounds)
          return { dropped: [], deleted: batches.size * batches.rounds, more: rounds.length < 3 }
        },
      },
    },
  })
  clock.advance(60 * MINUTE - (clock.now() % (60 * MINUTE)))
  const leader = new Leader(ctx)
  for (let turn = 0; turn < 6; turn++) {
    await leader.turn()
    await leader.idle()
    clock.advance(LEADER_TURN_MS)
  }
  expect(rounds).toEqual([RETENTION_ROUNDS, RETENTION_ROUNDS, RETENTION_ROUNDS])
})

test('inferring sessions goes on at the next turn while a fleet has more, whatever becomes of another', async () => {
  const asked: string[] = []
  const ctx = processOf('inferrer', {
    storage: {
      ...storage,
      fleets: { ...storage.fleets, list: async () => (await storage.fleets.list()).slice(0, 2) },
      maintenance: { ...storage.maintenance, holdLease: async () => true },
      sessions: {
        ...storage.sessions,
        inferAbandoned: async (fleetId) => {
          asked.push(fleetId)
          return asked.length < 4 ? SESSIONS_PER_RUN_MAX : 0
        },
      },
    },
  })
  const [first, second] = (await ctx.storage.fleets.list()).map(({ id }) => id)
  clock.advance(10 * MINUTE - (clock.now() % (10 * MINUTE)))
  const leader = new Leader(ctx)
  for (let turn = 0; turn < 4; turn++) {
    await leader.turn()
    await leader.idle()
    clock.advance(LEADER_TURN_MS)
  }
  expect(asked).toEqual([first, second, first, second, first, second])
})

test('[DL5] waiting letters are read again after a publication, and not every ten seconds', async () => {
  let reads = 0
  const ctx = processOf('reader', {
    storage: {
      ...storage,
      maintenance: { ...storage.maintenance, holdLease: async () => true },
      deadLetters: {
        ...storage.deadLetters,
        list: (...call) => {
          if (call[0] === fleetId) reads += 1
          return storage.deadLetters.list(...call)
        },
      },
    },
  })
  const { fleetId } = await setUpFleet(ctx, 'waiting')
  const leader = new Leader(ctx)
  const turns = async (ms: number): Promise<number> => {
    const before = reads
    for (const endMs = clock.now() + ms; clock.now() < endMs;) {
      await leader.turn()
      await leader.idle()
      clock.advance(LEADER_TURN_MS)
    }
    return reads - before
  }
  expect(await turns(MINUTE)).toBe(1)
  const body = { name: 'more', strategy: 'lww', schema: true }
  await createCollection(ctx, { actor: SYSTEM, fleetId, body })
  expect(await turns(MINUTE)).toBe(1)
  expect(await turns(10 * MINUTE)).toBe(1)
})

test('periodic work never runs beside itself, and a slow run is for the period that it began in', async () => {
  const runs: number[] = []
  let finish = (): void => undefined
  const task = new Periodic(1_000, (nowMs) => {
    runs.push(nowMs)
    return new Promise<undefined>((resolve) => (finish = () => resolve(undefined)))
  })
  for (const nowMs of [900, 950, 1_100]) task.startIfDue(nowMs)
  expect(runs).toEqual([900])
  finish()
  await task.idle()
  for (const nowMs of [1_200, 1_900]) task.startIfDue(nowMs)
  expect(runs).toEqual([900, 1_200])
})
