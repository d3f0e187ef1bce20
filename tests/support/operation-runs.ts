import { runBatch } from '#lib/application/operations/run-batch.ts'
import type { Context } from '#lib/application/context.ts'
import type { OperationRow } from '#lib/storage/ports.ts'

/** Runs an operation to where it stands still, without the waits of its rate and its stages. */
export async function runOperation(ctx: Context, fleetId: string, id: string): Promise<OperationRow> {
  const { operations } = ctx.storage
  for (let turn = 0; turn < 10_000; turn++) {
    await operations.change(fleetId, id, (row) => ({ row: { ...row, nextAtMs: 0 }, audit: null }))
    const { againInMs } = await runBatch(ctx, fleetId, id)
    if (againInMs === null) break
  }
  const row = await operations.get(fleetId, id)
  if (!row) throw new Error(`there is no operation ${id}`)
  return row
}
