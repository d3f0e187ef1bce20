import { Status } from '#components/ui/status.tsx'
import type { RecordView } from '#lib/client/collection.ts'

/** What is special about one record on this device; nothing when the server has all of it. */
export function PendingMark({ record }: { record: Pick<RecordView, 'pending' | 'inConflict' | 'version'> }) {
  if (record.inConflict) return <Status kind="warn">To decide</Status>
  if (record.pending === 0) return null
  return <Status kind="unk">{record.version === 0 ? 'Only here yet' : 'To be sent'}</Status>
}
