import type { Failure } from './failures.ts'
import { findEntries, heldBack, saveEntry } from './outbox.ts'
import { setAside } from './set-aside.ts'
import type { StoreTx } from './store.ts'
import type { InFlight, LocalRefusal } from './tables.ts'

/** How long a change waits that a gateway refused by itself: this at first, then twice as long each time. */
const GATEWAY_WAIT_MS = 30_000
export const GATEWAY_WAIT_MAX_MS = 5 * 60_000

/**
 * A change that was refused when it was sent alone. The server's own word sets it aside, with those that stand on it. A 413
 * without a code is a gateway's, and may be over with its trouble: the change stays, and waits (SM9).
 * Where an earlier answer was lost it is asked about once more before anything is pulled (SM6): null, the session must end.
 */
export async function refuseAlone(
  tx: StoreTx,
  { mutationIds, unsure }: InFlight,
  { code, detail }: Extract<Failure, { kind: 'refused' }>,
  nowMs: number,
): Promise<readonly LocalRefusal[] | null> {
  const [entry] = await findEntries(tx, mutationIds)
  if (!entry) return []
  if (code !== 'http_413') return setAside(tx, entry, code, detail, nowMs)
  const { problem, notBeforeMs, heldAtMs } = entry
  if (unsure && !problem) {
    await saveEntry(tx, { ...entry, problem: code })
    return null
  }
  const before = problem && notBeforeMs !== null ? notBeforeMs - (heldAtMs ?? notBeforeMs) : 0
  const waitMs = Math.min(GATEWAY_WAIT_MAX_MS, Math.max(GATEWAY_WAIT_MS, 2 * before))
  await saveEntry(tx, heldBack(entry, nowMs, waitMs, code))
  return []
}
