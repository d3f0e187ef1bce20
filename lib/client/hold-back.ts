import { findEntries, heldBack, saveEntry } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { InFlight } from './tables.ts'
import { setMeta } from './tables.ts'

/** All that was in the batch is shut out by breakers of its collections: it waits, and nothing else does (SM6). */
export async function holdBack(
  tx: StoreTx,
  inFlight: InFlight,
  nowMs: number,
  waitMs: number,
): Promise<void> {
  await setMeta(tx, 'inFlight', null)
  for (const entry of await findEntries(tx, inFlight.mutationIds))
    await saveEntry(tx, heldBack(entry, nowMs, waitMs))
}
