import type { OtRead } from '#lib/engine/load-plan.ts'
import type { PathOp, RecordKey, RecordState } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { OT_LOAD_MAX } from './change-rows.ts'
import type { PullRead, PushPlan, PushSnapshot } from './push-rows.ts'

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
 * Whose reads of a push were cut.
 * @param rows in order, one more than OT_LOAD_MAX where there are more; those past OT_LOAD_BYTES_MAX are `over`
 */
export function unreadOf(
  reads: readonly OtRead[],
  slots: readonly OtSlot[],
  rows: readonly { readonly slot: number; readonly over: boolean }[],
): readonly string[] {
  const end = rows.find(({ over }) => over) ?? (rows.length > OT_LOAD_MAX ? rows.at(-1) : undefined)
  if (!end) return []
  const cut = new Set(slots.slice(end.slot).map(({ read }) => read))
  // Of the first there are as many as one mutation is brought past: no push is without any progress.
  return reads.flatMap(({ mutationIds }, read) => (read > 0 && cut.has(read) ? mutationIds : []))
}

/** What operations that wait behind a conflict have to pass once it is decided: of their records all behind the lowest revision. */
export function heldReads(held: readonly Mutation[]): readonly OtRead[] {
  const reads = new Map<string, OtRead>()
  for (const { id, collection, recordId, op } of held) {
    if (op.type !== 'ot') continue
    const key = recordKey(collection, recordId)
    const { afterRevision = Infinity, mutationIds = [] } = reads.get(key) ?? {}
    reads.set(key, {
      collection,
      recordId,
      names: null,
      afterRevision: Math.min(afterRevision, op.baseRevision),
      afterVersion: 0,
      mutationIds: [...mutationIds, id],
    })
  }
  return [...reads.values()]
}

/** What was done to records under OT since the lowest of these versions of each. */
export function readsSince(
  bases: PushPlan['bases'],
  records: ReadonlyMap<RecordKey, RecordState>,
): readonly OtRead[] {
  const reads = new Map<string, OtRead>()
  for (const { collection, recordId, version } of bases) {
    const key = recordKey(collection, recordId)
    if (!records.get(key)?.ot) continue
    const afterVersion = Math.min(version, reads.get(key)?.afterVersion ?? Infinity)
    reads.set(key, { collection, recordId, names: null, afterRevision: 0, afterVersion, mutationIds: [] })
  }
  return [...reads.values()]
}

/** What two reads found, each operation once: a version has one of a path. */
export function joinedLogs(
  first: PushSnapshot['otLog'],
  second: PushSnapshot['otLog'],
): ReadonlyMap<RecordKey, readonly PathOp[]> {
  const logs = new Map(first)
  for (const [key, ops] of second) {
    const each = new Map([...(logs.get(key) ?? []), ...ops].map((op) => [`${op.version} ${op.path}`, op]))
    const byRevision = [...each.values()].sort((a, b) => a.revision - b.revision)
    logs.set(key, byRevision)
  }
  return logs
}

/** After which version the operations of a pulled record are told, by collection. */
export const toldAfter = (reads: readonly PullRead[]): ReadonlyMap<string, number> =>
  new Map(reads.map(({ collection, afterVersion, heldVersion }) => [collection, heldVersion || afterVersion]))
