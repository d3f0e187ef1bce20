import { spoilDots } from './device-dots.ts'
import { getCounts } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { LocalRefusal } from './tables.ts'
import { putRow, setMeta } from './tables.ts'

/** Never dropped by itself: it is the only copy of somebody's work. The outbox's bound counts it. */
export async function noteRefusal(tx: StoreTx, refusal: LocalRefusal): Promise<void> {
  if (refusal.mutation.op.type === 'crdt') await spoilDots(tx)
  await putRow(tx, 'notices', `refusal/${refusal.mutation.id}`, refusal)
  const counts = await getCounts(tx)
  await setMeta(tx, 'counts', { ...counts, refusals: counts.refusals + 1 })
}
