import { PRUNED_AT_ONCE_MAX, forgetAcknowledged, getCounts } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry } from './tables.ts'
import { setMeta, storedAs } from './tables.ts'

const REPORTS_KEPT_WHEN_FULL = 10

/**
 * Makes room in a full store (SDK3): the older half of what is kept for a restore of the server only, and reports past
 * the newest few. Nothing that this device alone knows.
 */
export async function dropSpare(tx: StoreTx): Promise<void> {
  const counts = await getCounts(tx)
  const half = Math.min(Math.ceil(counts.acknowledged / 2), PRUNED_AT_ONCE_MAX)
  const oldest = await tx.scan('acknowledged', { limit: half })
  for (const { value } of oldest) await forgetAcknowledged(tx, storedAs<AcknowledgedEntry>(value))
  const reports = await tx.scan('session_reports', { limit: PRUNED_AT_ONCE_MAX })
  for (const { key } of reports.slice(0, -REPORTS_KEPT_WHEN_FULL)) await tx.remove('session_reports', key)
  if (oldest.length > 0)
    await setMeta(tx, 'counts', { ...counts, acknowledged: counts.acknowledged - oldest.length })
}
