import type { BackoffSettings } from '#lib/engine/backoff.ts'
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, backoffWait } from '#lib/engine/backoff.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { DeviceConfig } from '#lib/protocol/device.ts'
import type { SessionEnd } from './session.ts'

export const INTERVAL_MS = 30_000

export interface SyncOptions {
  /** False: only `sync()` starts a session. Default true. */
  readonly auto?: boolean
  /** These three win over the fleet's own settings (BO3). */
  readonly intervalMs?: number
  readonly backoffBaseMs?: number
  readonly backoffCapMs?: number
  /** From a local change to the session that sends it, so that a burst goes together. Default 500. */
  readonly changeDelayMs?: number
  /** A request's time limit. Default 20,000. */
  readonly requestTimeoutMs?: number
  /** False: no stream of events; others' changes come with the next session of the interval. Default true. */
  readonly events?: boolean
  /** How often the device has its state compared with the server's. Default a day. */
  readonly stateToldEveryMs?: number
}

export function syncSettings(config: DeviceConfig | null, options: SyncOptions): BackoffSettings {
  return {
    intervalMs: options.intervalMs ?? config?.sync.intervalMs ?? INTERVAL_MS,
    baseMs: options.backoffBaseMs ?? config?.sync.backoff.baseMs ?? BACKOFF_BASE_MS,
    capMs: options.backoffCapMs ?? config?.sync.backoff.capMs ?? BACKOFF_CAP_MS,
  }
}

export interface WaitState {
  readonly failures: number
  readonly quickRetryUsed: boolean
}
export const RESTED: WaitState = { failures: 0, quickRetryUsed: false }

/** What the wait after a session depends on. */
export type EndedSession = Pick<SessionEnd, 'state' | 'result' | 'trouble'>

/** How long until the next session, and what to remember of this one; null when only a person can help (BO1, BO2). */
export function waitAfter(
  end: EndedSession,
  settings: BackoffSettings,
  before: WaitState,
  random: Random,
): { readonly waitMs: number; readonly state: WaitState } | null {
  if (end.state === 'halted') return null
  if (end.trouble === null || end.state === 'idle') {
    return { waitMs: settings.intervalMs * (0.5 + random()), state: RESTED }
  }
  const kind = end.state === 'shed' ? 'shed' : end.trouble.failure
  const { retryAfterMs } = end.trouble
  const wait = backoffWait(settings, { ...before, kind, retryAfterMs }, random)
  return {
    waitMs: wait.waitMs,
    state: { failures: before.failures + 1, quickRetryUsed: before.quickRetryUsed || wait.quick },
  }
}
