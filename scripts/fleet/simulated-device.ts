import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '#lib/client/clock.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { createBadNetwork } from './bad-network.ts'
import { waitOf } from './chance.ts'
import { inspectorOf } from './devices.ts'
import { awayMsOf, firstLeaveMsOf, habitOf, profileFor } from './habits.ts'
import type { Habit } from './habits.ts'
import type { Profile } from './profiles.ts'
import type { Desk } from './work.ts'
import { doWork } from './work.ts'

export interface SimulatedDevice {
  readonly replica: Replica
  /** How long it has been out of reach, in ms; null while it is not. */
  awayForMs(): number | null
  /** Works until the signal, then closes its replica. */
  run(signal: AbortSignal): Promise<void>
}

export interface DeviceOptions {
  readonly url: string
  readonly enrollmentKey: string
  readonly index: number
  readonly seed: number
  readonly dir: string
  readonly profile: Profile
  readonly reports: ReadonlyMap<string, readonly JsonObject[]>
  /** How long the fleet runs. */
  readonly runningMs: () => number
  /** True while the whole fleet is cut off. */
  readonly isOutage: () => boolean
  /** What goes wrong on the way is told here; a device goes on. */
  readonly onTrouble: (message: string) => void
}

/** A tablet with its own SQLite store, its own network and its own clock, syncing over real HTTP. */
export async function openSimulatedDevice(options: DeviceOptions): Promise<SimulatedDevice> {
  const { url, enrollmentKey, index, seed, dir, reports } = options
  const random = seededRandom(seed * 1_000_003 + index)
  const habit = options.profile.offlineMs === 0 ? 'near' : habitOf(index)
  const profile = profileFor(options.profile, habit)
  const inspector = inspectorOf(index, random)
  const network = createBadNetwork(profile, random)
  const skewMs = Math.round((random() * 2 - 1) * profile.skewMsMax)
  const file = join(dir, `${inspector.device.name}.sqlite`)
  const isNew = !existsSync(file)
  const replica = await openReplica({
    url,
    enrollmentKey,
    device: inspector.device,
    store: openSqliteStore(file, { durability: 'normal' }),
    clock: { ...systemClock, now: () => systemClock.now() + skewMs },
    fetch: network.fetch,
    network,
    // A process of hundreds of devices holds no stream for each.
    sync: { events: false },
  })
  const templates = reports.get(inspector.airport.name) ?? []
  const desk: Desk = { inspector, templates, filed: [], runningMs: options.runningMs }
  const work = async (signal: AbortSignal): Promise<void> => {
    await sleep(random() * profile.thinkMs, signal)
    while (!signal.aborted) {
      await doWork(replica, desk, profile, random).catch((error: unknown) => options.onTrouble(String(error)))
      await sleep(waitOf(profile.thinkMs, random), signal)
    }
  }
  let awaySinceMs: number | null = null
  const setOnline = (online: boolean): void => {
    awaySinceMs = online ? null : (awaySinceMs ?? performance.now())
    network.setOnline(online)
  }
  return {
    replica,
    awayForMs: () => (awaySinceMs === null ? null : performance.now() - awaySinceMs),
    async run(signal) {
      const roamer = { profile, habit, isNew, isOutage: options.isOutage }
      await Promise.all([work(signal), roam(setOnline, roamer, random, signal)])
      await replica.close()
    },
  }
}

const OUTAGE_LOOK_MS = 250

/** Goes out of reach and comes back, as an inspector on an apron does. */
async function roam(
  setOnline: (online: boolean) => void,
  {
    profile,
    habit,
    isNew,
    isOutage,
  }: Pick<DeviceOptions, 'profile' | 'isOutage'> & { readonly habit: Habit; readonly isNew: boolean },
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  let ownOnline = true
  let leftMs = firstLeaveMsOf(profile, habit, isNew, random)
  while (!signal.aborted) {
    setOnline(ownOnline && !isOutage())
    await sleep(OUTAGE_LOOK_MS, signal)
    leftMs -= OUTAGE_LOOK_MS
    if (leftMs > 0 || profile.offlineMs === 0) continue
    ownOnline = !ownOnline
    leftMs = ownOnline ? waitOf(profile.onlineMs, random) : awayMsOf(profile, habit, random)
  }
}

/** Resolves early when the signal comes. */
const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  pause(ms, undefined, { signal, ref: true }).catch(() => undefined)
