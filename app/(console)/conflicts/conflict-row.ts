import type { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'

type Listed = Awaited<ReturnType<typeof listConflicts>>['items'][number]

/** What the list shows of a conflict: without its documents, which may be large. */
export type ConflictRow = Pick<
  Listed,
  | 'id'
  | 'collection'
  | 'recordId'
  | 'fields'
  | 'deviceName'
  | 'appVersion'
  | 'remoteAppVersion'
  | 'strategy'
  | 'outcome'
  | 'status'
  | 'createdAtMs'
  | 'closure'
> & { readonly assigned: string | null }

/** Pure. */
export const conflictRows = (items: readonly Listed[]): readonly ConflictRow[] =>
  items.map((one) => ({
    id: one.id,
    collection: one.collection,
    recordId: one.recordId,
    fields: one.fields,
    deviceName: one.deviceName,
    appVersion: one.appVersion,
    remoteAppVersion: one.remoteAppVersion,
    strategy: one.strategy,
    outcome: one.outcome,
    status: one.status,
    createdAtMs: one.createdAtMs,
    closure: one.closure,
    assigned: one.desk.assigned,
  }))
