import type { RecordTexts } from '#lib/engine/wire-record.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { PulledOp } from '#lib/storage/ports.ts'

/**
 * A record's paths under OT with the operations since the token. They are left out where the log
 * doesn't reach back that far any more, or where there are more than a page takes: the document says it all. Undefined
 * where there is nothing to tell but the revisions.
 */
export function withOps(
  { collection, recordId, ot }: Pick<RecordTexts, 'collection' | 'recordId' | 'ot'>,
  log: ReadonlyMap<string, readonly PulledOp[]>,
): WireRecord['ot'] {
  const since = ot && log.get(recordKey(collection, recordId))
  if (ot === undefined || since === undefined) return undefined
  const paths = Object.entries(ot).map(([path, { revision, kind }]) => {
    const ops = since.filter((op) => op.path === path)
    const first = ops[0]
    const isWhole = !first || first.revision === 1 || first.follows
    const isDense = ops.every((op, i) => op.revision === revision - ops.length + 1 + i)
    const told = isWhole && isDense ? { ops: ops.map((op) => op.ops) } : {}
    return [path, { revision, kind, ...told }] as const
  })
  return Object.fromEntries(paths)
}
