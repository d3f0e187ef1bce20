import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { spoilDots } from './device-dots.ts'
import type { StoreTx } from './store.ts'
import type { DeadLetterNotice } from './tables.ts'
import { getRow, putRow } from './tables.ts'

/** Dead letters stand on the server too: of those only the newest are kept here. */
export const DEAD_LETTER_NOTICES_MAX = 1_000

export const letterKey = ({ id }: Mutation): string => `dead_letter/${id}`

/**
 * `path` comes from newer servers alone, and where the fault is in one field. A letter that is told again was noticed when it
 * was told first; one that waits no more is nobody's news (DL1).
 */
export async function noteDeadLetter(
  tx: StoreTx,
  { deadLetterId, code, detail, path }: Extract<MutationResult, { status: 'dead_lettered' }>,
  mutation: Mutation,
  nowMs: number,
  isClosed?: true,
): Promise<void> {
  const key = letterKey(mutation)
  if (isClosed) return tx.remove('notices', key)
  if (mutation.op.type === 'crdt') await spoilDots(tx)
  const known = await getRow<DeadLetterNotice>(tx, 'notices', key)
  const noticedAtMs = known?.deadLetterId === deadLetterId ? known.noticedAtMs : nowMs
  const place = typeof path === 'string' ? { path } : {}
  const notice: DeadLetterNotice = { deadLetterId, code, detail, ...place, mutation, noticedAtMs }
  await putRow(tx, 'notices', key, notice)
  const rows = await tx.scan('notices', { prefix: 'dead_letter/', limit: DEAD_LETTER_NOTICES_MAX + 1 })
  // Mutation ids sort by the time of their making: the first is the oldest.
  const oldest = rows[0]
  if (rows.length > DEAD_LETTER_NOTICES_MAX && oldest) await tx.remove('notices', oldest.key)
}
