import type { OtRead } from '#lib/engine/load-plan.ts'
import { OT_LOAD_MAX } from './change-rows.ts'

/** A read of one name of a path, or of all of a record. */
export interface OtSlot extends Pick<OtRead, 'collection' | 'recordId' | 'afterRevision' | 'afterVersion'> {
  readonly read: number
  readonly path: string | null
  readonly schemaAfter: number
  readonly schemaUpTo: number
}

export const slotsOf = (reads: readonly OtRead[]): readonly OtSlot[] =>
  reads.flatMap(({ names, collection, recordId, afterRevision, afterVersion }, read): OtSlot[] => {
    const place = { read, collection, recordId, afterRevision, afterVersion }
    if (!names) return [{ ...place, path: null, schemaAfter: 0, schemaUpTo: 0 }]
    return names.map(({ path, after, upTo }) => ({ ...place, path, schemaAfter: after, schemaUpTo: upTo }))
  })

/**
 * Whose reads of a push were cut, when its rows are one more than OT_LOAD_MAX.
 * @param slotOfRows the slots, in order, that the rows came from
 */
export function unreadOf(
  reads: readonly OtRead[],
  slots: readonly OtSlot[],
  slotOfRows: readonly number[],
): readonly string[] {
  if (slotOfRows.length <= OT_LOAD_MAX) return []
  const last = slotOfRows.reduce((a, b) => Math.max(a, b))
  const cut = new Set(slots.slice(last).map(({ read }) => read))
  // Of the first there are as many as one mutation is brought past: no push is without any progress.
  return reads.flatMap(({ mutationIds }, read) => (read > 0 && cut.has(read) ? mutationIds : []))
}
