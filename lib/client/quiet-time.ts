import type { SessionEnd } from './session.ts'
import type { StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

/** A time that the server asked not to be disturbed in, by the device's clock. */
export interface QuietTime {
  readonly sinceMs: number
  readonly untilMs: number
}

/** Keeps a Retry-After with the store: another tab, a restart or a network that comes back must not push sooner. */
export async function noteQuietTime(
  tx: StoreTx,
  { state, trouble }: SessionEnd,
  nowMs: number,
): Promise<void> {
  const floorMs = state === 'shed' ? (trouble?.retryAfterMs ?? 0) : 0
  await setMeta(tx, 'quiet', floorMs > 0 ? { sinceMs: nowMs, untilMs: nowMs + floorMs } : null)
}

/** How much of it is left. A clock that was set back before its beginning ends it: it must not last for ever. */
export async function quietTimeLeft(tx: StoreTx, nowMs: number): Promise<number> {
  const quiet = await getMeta(tx, 'quiet')
  return quiet && nowMs >= quiet.sinceMs ? Math.max(0, quiet.untilMs - nowMs) : 0
}
