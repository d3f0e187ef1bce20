import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { spoilDots } from './device-dots.ts'
import type { StoreTx } from './store.ts'
import type { DeadLetterNotice } from './tables.ts'
import { putRow } from './tables.ts'

/** Dead letters stand on the server too: of those only the newest are kept here. */
export const DEAD_LETTER_NOTICES_MAX = 1_000

/** `path` comes from newer servers alone, and where the fault is in one field. */
export async function noteDeadLetter(
  tx: StoreTx,
  { deadLetterId, code, detail, path }: Extract<MutationResult, { status: 'dead_lettered' }>,
  mutation: Mutation,
  noticedAtMs: number,
): Promise<void> {
  if (mutation.op.type === 'crdt') await spoilDots(tx)
  const place = typeof path === 'string' ? { path } : {}
  const notice: DeadLetterNotice = { deadLetterId, code, detail, ...place, mutation, noticedAtMs }
  await putRow(tx, 'notices', `dead_letter/${mutation.id}`, notice)
  const rows = await tx.scan('notices', { prefix: 'dead_letter/', limit: DEAD_LETTER_NOTICES_MAX + 1 })
  // Mutation ids sort by the time of their making: the first is the oldest.
  const oldest = rows[0]
  if (rows.length > DEAD_LETTER_NOTICES_MAX && oldest) await tx.remove('notices', oldest.key)
}
