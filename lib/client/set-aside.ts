import { letterKey } from './note-dead-letter.ts'
import { noteRefusal } from './note-refusal.ts'
import { dropEntry, pendingOf } from './outbox.ts'
import { dropOrphan } from './records.ts'
import type { StoreTx } from './store.ts'
import type { LocalRefusal, OutboxEntry } from './tables.ts'

/** Takes a change that the server won't have out of the queue, with those that stand on it; all are kept. */
export async function setAside(
  tx: StoreTx,
  entry: OutboxEntry,
  code: string,
  detail: string,
  nowMs: number,
): Promise<readonly LocalRefusal[]> {
  const refusals: LocalRefusal[] = []
  if (entry.asked) {
    // The server has it, and won't say more.
    await dropEntry(tx, entry)
    return refusals
  }
  const dependents = await dependentsOf(tx, entry)
  for (const { mutation } of [entry, ...dependents]) {
    const ofParent = mutation.id !== entry.mutation.id
    const refusal = {
      code: ofParent ? 'parent_refused' : code,
      detail: ofParent ? '' : detail,
      mutation,
      noticedAtMs: nowMs,
    }
    await noteRefusal(tx, refusal)
    // The refusal tells it now: it was a letter of the server before a restore.
    await tx.remove('notices', letterKey(mutation))
    refusals.push(refusal)
  }
  for (const gone of [entry, ...dependents]) await dropEntry(tx, gone)
  await dropOrphan(tx, entry.mutation.collection, entry.mutation.recordId)
  return refusals
}

/** The pending changes of the same record that stand on this one, directly or through others, in order. */
async function dependentsOf(tx: StoreTx, parent: OutboxEntry): Promise<readonly OutboxEntry[]> {
  const ids = new Set([parent.mutation.id])
  const pending = await pendingOf(tx, parent.mutation.collection, parent.mutation.recordId)
  return pending.filter(({ mutation }) => {
    if (mutation.after === undefined || !ids.has(mutation.after)) return false
    ids.add(mutation.id)
    return true
  })
}
