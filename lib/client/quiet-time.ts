import { clampRetryAfter } from '#lib/engine/backoff.ts'
import type { Failure } from './failures.ts'
import type { StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

/** A time that the server asked not to be disturbed in, or another wait, by the device's clock. */
export interface QuietTime {
  readonly sinceMs: number
  readonly untilMs: number
}

export const waitOf = (ms: number, nowMs: number): QuietTime => ({ sinceMs: nowMs, untilMs: nowMs + ms })

/** How much of it is left. A clock that was set back before its beginning ends it: it must not last for ever. */
export const leftOf = (wait: QuietTime | null, nowMs: number): number =>
  wait && nowMs >= wait.sinceMs ? Math.max(0, wait.untilMs - nowMs) : 0

/** Keeps a Retry-After with the store: another tab, a restart or a network that comes back must not push sooner. */
export async function noteQuietTime(tx: StoreTx, floorMs: number, nowMs: number): Promise<void> {
  if (floorMs > (await quietTimeLeft(tx, nowMs)))
    await setMeta(tx, 'quiet', waitOf(clampRetryAfter(floorMs), nowMs))
}

/** The same of a request outside a session. That a paused device is told when to ask again says nothing of the load. */
export const noteAnsweredWait = async (tx: StoreTx, failure: Failure, nowMs: number): Promise<void> =>
  failure.kind === 'wait' && !failure.narrow && failure.code !== 'device_paused'
    ? noteQuietTime(tx, failure.retryAfterMs, nowMs)
    : undefined

export const quietTimeLeft = async (tx: StoreTx, nowMs: number): Promise<number> =>
  leftOf(await getMeta(tx, 'quiet'), nowMs)
