import { compareHlc } from '#lib/kernel/hlc.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { spoilDots } from './device-dots.ts'
import { DEAD_LETTER_NOTICES_MAX } from './note-dead-letter.ts'
import { conflictKey } from './notices.ts'
import { crdtParts, forkParts } from './on-demand.ts'
import {
  ACKNOWLEDGED_KEPT_MS,
  ACKNOWLEDGED_MAX,
  eachOutboxEntry,
  forgetAcknowledged,
  getCounts,
  saveEntry,
} from './outbox.ts'
import type { Taken } from './send-again.ts'
import { sendAgain, takenFrom } from './send-again.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry, ConflictNotice, DeadLetterNotice } from './tables.ts'
import { allRows, eachRow, identityOf, setMeta, startOver } from './tables.ts'

/**
 * The fleet was restored (TK6): what it may have forgotten goes back into the outbox, the push in flight is void, and
 * everything is read anew before the next push (SM5). Conflicts are the server's to find again.
 */
export async function changeEpoch(tx: StoreTx, nowMs: number): Promise<void> {
  const own: Mutation[] = []
  await setMeta(tx, 'inFlight', null)
  await startOver(tx, 'epoch_changed')
  await spoilDots(tx)
  await eachOutboxEntry(tx, async (entry) => {
    own.push(entry.mutation)
    // What was only asked about may be unknown to the server now, and this is its one copy.
    if (entry.asked || entry.sends > 0)
      await saveEntry(tx, { ...entry, asked: undefined, readBefore: entry.sends + 1 })
  })
  const taken = [...(await takeAcknowledged(tx, nowMs)), ...(await takeConflicts(tx))]
  own.push(...taken.map(({ mutation }) => mutation))
  if (own.some(({ op }) => op.type === 'crdt')) await crdtParts().noteLost(tx, own)
  taken.push(...(await lettersOf(tx)))
  for (const one of taken) await sendAgain(tx, one)
}

async function takeAcknowledged(tx: StoreTx, nowMs: number): Promise<readonly Taken[]> {
  const rows = await allRows<AcknowledgedEntry>(tx, 'acknowledged', '', ACKNOWLEDGED_MAX)
  for (const kept of rows) await forgetAcknowledged(tx, kept)
  await setMeta(tx, 'counts', { ...(await getCounts(tx)), acknowledged: 0 })
  return rows.filter(({ acknowledgedAtMs }) => acknowledgedAtMs > nowMs - ACKNOWLEDGED_KEPT_MS)
}

/** All that is told as a letter, of any age as conflicts: each is told until the server says what became of it this time. */
async function lettersOf(tx: StoreTx): Promise<readonly Taken[]> {
  const { deviceId } = await identityOf(tx)
  const letters = await allRows<DeadLetterNotice>(tx, 'notices', 'dead_letter/', DEAD_LETTER_NOTICES_MAX)
  // Ids tell the time of making alone, and of two of one millisecond the later one may stand on the other.
  const inOrder = letters.map(({ mutation }) => mutation).sort((a, b) => compareHlc(a.hlc, b.hlc))
  return inOrder.map((mutation) => takenFrom(mutation, undefined, deviceId))
}

/** All that a person had to decide, with its notices: of some the other copy was given up for room, or its week is over. */
async function takeConflicts(tx: StoreTx): Promise<readonly Taken[]> {
  const taken: Taken[] = []
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', async (notice) => {
    taken.push(...(await takeConflict(tx, notice)))
    return true
  })
  return taken
}

async function takeConflict(
  tx: StoreTx,
  { collection, recordId, conflictId, mutations, places }: ConflictNotice,
): Promise<readonly Taken[]> {
  const { deviceId } = await identityOf(tx)
  await tx.remove('notices', conflictKey(collection, recordId, conflictId))
  return mutations.map((mutation) => takenFrom(mutation, places?.[mutation.id], deviceId))
}

/**
 * A restore took these conflicts, and the device has not noticed it: with its name it had lost the epoch that it heard of
 * them in. All has been read anew since.
 */
export async function sendConflictsAgain(tx: StoreTx, notices: readonly ConflictNotice[]): Promise<void> {
  const taken: Taken[] = []
  for (const notice of notices) taken.push(...(await takeConflict(tx, notice)))
  for (const one of taken) await sendAgain(tx, one)
  await forkParts().takeBack(tx)
}
