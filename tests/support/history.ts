import type { Random } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'

/**
 * A fleet's history as it truly was, and as it reached the server: late, twice, by clocks that are wrong, or not at all.
 * Knows nothing of how it is measured.
 */
export interface HistoryOptions {
  readonly sessions: number
  readonly devices: number
  readonly startMs: number
  readonly days: number
  readonly random: Random
}

export interface HistoryDevice {
  readonly index: number
  readonly platform: 'ios' | 'android' | 'windows'
  readonly appVersion: string
  /** Server minus device. */
  readonly offsetMs: number
}
/** When the server hears of something; what is never heard of has none. */
interface Heard {
  readonly heardMs: number
  readonly device: HistoryDevice
}
export interface HeardSession extends Heard {
  readonly kind: 'session'
  readonly sessionId: string
  readonly startedMs: number
  readonly endedMs: number
  readonly result: 'ok' | 'failed' | 'abandoned'
  readonly conflicts: number
  /** Told of before: whatever it says now, the first word stands. */
  readonly isRepeat: boolean
}
export interface HistoryMutation {
  readonly collection: string
  /** Below 0 when the device's clock was measured badly; null of what was never committed. */
  readonly lagMs: number | null
  readonly result: 'applied' | 'merged' | 'dead_lettered'
  readonly outcome: 'local' | 'remote' | 'merge' | null
}
export interface HeardPush extends Heard {
  readonly kind: 'push'
  readonly id: string
  readonly committedMs: number
  readonly mutations: readonly HistoryMutation[]
  readonly isRepeat: boolean
}
/** Requests of one second that did not commit a push. */
export interface HeardRequests extends Heard {
  readonly kind: 'requests'
  readonly id: string
  readonly atMs: number
  readonly route: 'pull' | 'push'
  readonly statusClass: '2xx' | '4xx' | '5xx' | 'shed'
  readonly code: string | null
  readonly count: number
  readonly isRepeat: boolean
}
export type HeardOf = HeardSession | HeardPush | HeardRequests

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const APPS = [
  ['2.4.1', 'ios'],
  ['2.4.1', 'android'],
  ['2.4.0', 'android'],
  ['2.3.9', 'windows'],
] as const
const COLLECTIONS = ['reports', 'reports', 'notes', 'photos'] as const
/** The network was away each night: nothing happened then that anybody heard of. */
const AWAY = { fromMs: 2 * HOUR, toMs: 2.4 * HOUR }

export function historyDevices(count: number, random: Random): readonly HistoryDevice[] {
  return Array.from({ length: count }, (_, index) => {
    const [appVersion, platform] = APPS[index % APPS.length] ?? APPS[0]
    return { index, platform, appVersion, offsetMs: Math.round((random() * 2 - 1) * 20 * MINUTE) }
  })
}

/** What the server hears in each stretch of `roundMs`, in the order of the stretches. */
export function* history(
  { sessions, startMs, days, random }: HistoryOptions,
  devices: readonly HistoryDevice[],
  roundMs: number,
): Generator<{ readonly endMs: number; readonly heard: readonly HeardOf[] }> {
  const rounds = Math.ceil((days * DAY) / roundMs)
  const waiting: HeardOf[][] = Array.from({ length: rounds }, () => [])
  const note = (one: HeardOf): void => {
    // What arrives after the end is not part of the history.
    waiting[Math.floor((one.heardMs - startMs) / roundMs)]?.push(one)
  }
  const perRound = sessions / rounds
  for (let round = 0; round < rounds; round++) {
    const count = Math.floor((round + 1) * perRound) - Math.floor(round * perRound)
    for (let i = 0; i < count; i++) {
      const endedMs = startMs + Math.floor((round + random()) * roundMs)
      const device = devices[Math.floor(random() * devices.length)]
      if (device && !isAway(endedMs)) oneRun(device, endedMs, random, note)
    }
    const heard = (waiting[round] ?? []).sort((a, b) => a.heardMs - b.heardMs)
    waiting[round] = []
    yield { endMs: startMs + (round + 1) * roundMs, heard }
  }
}

const isAway = (ms: number): boolean => ms % DAY >= AWAY.fromMs && ms % DAY < AWAY.toMs

/** One run of a device: a session, mostly with a push, now and then with a request that failed. */
function oneRun(device: HistoryDevice, endedMs: number, random: Random, note: (one: HeardOf) => void): void {
  const id = (): string => uuidv7(endedMs, random)
  const later = (): number => endedMs + delay(random)
  const twice = <T extends HeardOf>(one: T, change: Partial<T> = {}): void => {
    note(one)
    if (random() < 0.03)
      note({ ...one, ...change, isRepeat: true, heardMs: one.heardMs + Math.floor(random() * DAY) })
  }
  const dice = random()
  const session: HeardSession = {
    kind: 'session',
    device,
    sessionId: id(),
    startedMs: endedMs - 200 - Math.floor(random() * 5_000),
    endedMs,
    result: dice < 0.03 ? 'failed' : dice < 0.035 ? 'abandoned' : 'ok',
    conflicts: random() < 0.02 ? 1 + Math.floor(random() * 3) : 0,
    isRepeat: false,
    heardMs: later(),
  }
  if (random() >= 0.02) twice(session, { result: 'failed', conflicts: 9 })
  if (random() < 0.7) {
    const mutations = Array.from({ length: 1 + Math.floor(random() * 3) }, () => mutation(random))
    twice({
      kind: 'push',
      device,
      id: id(),
      committedMs: endedMs,
      mutations,
      isRepeat: false,
      heardMs: later(),
    })
  }
  if (random() < 0.3) {
    const atMs = Math.floor(endedMs / 1_000) * 1_000
    twice({
      kind: 'requests',
      device,
      id: id(),
      atMs,
      ...requests(random),
      isRepeat: false,
      heardMs: later(),
    })
  }
}

/** Mostly seconds; of some hours, of a few days. */
function delay(random: Random): number {
  const dice = random()
  const most = dice < 0.9 ? 10_000 : dice < 0.98 ? 6 * HOUR : 2 * DAY
  return Math.floor(random() * most)
}

function mutation(random: Random): HistoryMutation {
  const collection = COLLECTIONS[Math.floor(random() * COLLECTIONS.length)] ?? 'reports'
  const scale = random() < 0.05 ? 8 * HOUR : 40_000
  const lagMs = random() < 0.02 ? -Math.floor(random() * 3_000) : Math.floor(-Math.log(1 - random()) * scale)
  const dice = random()
  if (dice < 0.01) return { collection, lagMs: null, result: 'dead_lettered', outcome: null }
  if (dice < 0.03) return { collection, lagMs, result: 'merged', outcome: 'merge' }
  if (dice < 0.04)
    return { collection, lagMs, result: 'applied', outcome: random() < 0.5 ? 'local' : 'remote' }
  return { collection, lagMs, result: 'applied', outcome: null }
}

function requests(random: Random): Pick<HeardRequests, 'route' | 'statusClass' | 'code' | 'count'> {
  const dice = random()
  const count = 1 + Math.floor(random() * 3)
  if (dice < 0.02) return { route: 'push', statusClass: 'shed', code: 'breaker_open', count }
  if (dice < 0.05) return { route: 'push', statusClass: '5xx', code: 'internal', count }
  if (dice < 0.1) return { route: 'pull', statusClass: '4xx', code: 'token_expired', count }
  return { route: 'pull', statusClass: '2xx', code: null, count }
}
