import type { RecordState } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { PulledOp } from '#lib/storage/ports.ts'

/**
 * A record with the operations since the token, by path (protocol.md, pull). They are left out where the log doesn't
 * reach back that far any more, or where there are more than a page takes: the document says it all.
 */
export function withOps(
  wire: WireRecord,
  { collection, recordId, ot }: RecordState,
  log: ReadonlyMap<string, readonly PulledOp[]>,
): WireRecord {
  const since = log.get(recordKey(collection, recordId))
  if (wire.ot === undefined || ot === undefined || since === undefined) return wire
  const paths = Object.entries(ot).map(([path, { revision, kind }]) => {
    const ops = since.filter((op) => op.path === path)
    const first = ops[0]
    const isWhole = !first || first.revision === 1 || first.follows
    const isDense = ops.every((op, i) => op.revision === revision - ops.length + 1 + i)
    const told = isWhole && isDense ? { ops: ops.map((op) => op.ops) } : {}
    return [path, { revision, kind, ...told }] as const
  })
  return { ...wire, ot: Object.fromEntries(paths) }
}
