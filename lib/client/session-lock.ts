import type { ReplicaStore, StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

/** How much shorter than a new one a lease gets before it is renewed: what only reads writes nothing meanwhile. */
export const RENEWED_AFTER_MS = 1_000

/** Thrown inside a session's transaction when another opening of the store holds the lock: nothing is written. */
export class SessionLost extends Error {
  readonly code = 'session_lost'
}

/** Takes the lock when it is free, ours, over, or its holder is gone (SM2). */
export async function takeLock(
  tx: StoreTx,
  store: ReplicaStore,
  nowMs: number,
  leaseMs: number,
): Promise<boolean> {
  const lock = await getMeta(tx, 'lock')
  // A lease that ends further ahead than a lease is long was taken before the clock was set back.
  const runs = lock !== null && lock.expiresAtMs > nowMs && lock.expiresAtMs <= nowMs + leaseMs
  if (runs && lock.owner !== store.owner && !store.isGone(lock.owner)) return false
  await setMeta(tx, 'lock', { owner: store.owner, expiresAtMs: nowMs + leaseMs })
  return true
}

/**
 * Takes the lock from a holder that has let its lease run out and may still have the platform's lock, as a page that
 * stands still in a dialog has. One that was let go of is no such lock: its holder comes to it, or is about to end.
 */
export const takeOver = async (
  tx: StoreTx,
  store: ReplicaStore,
  nowMs: number,
  leaseMs: number,
): Promise<boolean> => (await getMeta(tx, 'lock')) !== null && takeLock(tx, store, nowMs, leaseMs)

/** Fences every write of a session: a stale holder writes nothing, however late it wakes up. */
export async function keepLock(
  tx: StoreTx,
  store: ReplicaStore,
  nowMs: number,
  leaseMs: number,
): Promise<void> {
  const lock = await getMeta(tx, 'lock')
  if (lock?.owner !== store.owner) throw new SessionLost()
  const agedMs = nowMs + leaseMs - lock.expiresAtMs
  // One that ends further ahead than a lease is long was taken before the clock was set back.
  if (agedMs >= 0 && agedMs < RENEWED_AFTER_MS) return
  await setMeta(tx, 'lock', { owner: store.owner, expiresAtMs: nowMs + leaseMs })
}

export async function releaseLock(tx: StoreTx, store: ReplicaStore): Promise<void> {
  if ((await getMeta(tx, 'lock'))?.owner === store.owner) await setMeta(tx, 'lock', null)
}
