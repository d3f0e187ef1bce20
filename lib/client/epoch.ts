import { spoilDots } from './device-dots.ts'
import { findEntries, restoreAcknowledged } from './outbox.ts'
import { conflictKey, listNotices } from './notices.ts'
import type { StoreTx } from './store.ts'
import { setMeta, startOver } from './tables.ts'

/**
 * The fleet was restored (TK6): what it may have forgotten goes back into the outbox, the push in flight is void, and
 * everything is read anew before the next push (SM5). Conflicts whose changes are sent again are the server's to find again.
 */
export async function changeEpoch(tx: StoreTx, nowMs: number): Promise<void> {
  await setMeta(tx, 'inFlight', null)
  await startOver(tx, 'epoch_changed')
  await spoilDots(tx)
  await restoreAcknowledged(tx, nowMs)
  for (const conflict of (await listNotices(tx)).conflict) {
    const resent = await findEntries(
      tx,
      conflict.mutations.map((mutation) => mutation.id),
    )
    const { collection, recordId, conflictId } = conflict
    if (resent.length > 0) await tx.remove('notices', conflictKey(collection, recordId, conflictId))
  }
}
