import { costlyRecovery } from '#components/status/recovery-words.ts'
import { useRecoveries } from '#components/status/use-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { RecoveryNotice } from '#lib/client/tables.ts'
import { keptSeenRecovery } from './kept.ts'

/** What a rebuild cost, or may have, until the person has seen the page that tells it. */
export function useLostWork(replica: Replica): RecoveryNotice | null {
  const notice = costlyRecovery(useRecoveries(replica))
  return notice !== null && notice.noticedAtMs > keptSeenRecovery() ? notice : null
}
