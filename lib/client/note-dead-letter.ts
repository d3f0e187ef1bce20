import { spoilDots } from './device-dots.ts'
import type { StoreTx } from './store.ts'
import type { DeadLetterNotice } from './tables.ts'
import { putRow } from './tables.ts'

/** Dead letters stand on the server too: of those only the newest are kept here. */
export const DEAD_LETTER_NOTICES_MAX = 1_000

export async function noteDeadLetter(tx: StoreTx, notice: DeadLetterNotice): Promise<void> {
  if (notice.mutation.op.type === 'crdt') await spoilDots(tx)
  await putRow(tx, 'notices', `dead_letter/${notice.mutation.id}`, notice)
  const rows = await tx.scan('notices', { prefix: 'dead_letter/', limit: DEAD_LETTER_NOTICES_MAX + 1 })
  // Mutation ids sort by the time of their making: the first is the oldest.
  const oldest = rows[0]
  if (rows.length > DEAD_LETTER_NOTICES_MAX && oldest) await tx.remove('notices', oldest.key)
}
