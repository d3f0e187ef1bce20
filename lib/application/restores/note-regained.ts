import type { MutationResult } from '#lib/protocol/push.ts'
import type { RegainedMutation } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'

interface Pushed {
  readonly fleetId: string
  readonly deviceId: string
  readonly epoch: number
  /** Of its mutations those that the server had acknowledged in an epoch before, by the device's word. */
  readonly acknowledged: readonly string[]
  readonly results: readonly MutationResult[]
  readonly atMs: number
}

/** Fates that are final. What is to be sent again is noted then. */
const FATES: ReadonlySet<MutationResult['status']> = new Set([
  'applied',
  'merged',
  'superseded',
  'conflict',
  'dead_lettered',
  'refused',
])

/**
 * The gap of a restore (decision 0067): what had been acknowledged and the backup lacks. One that it has is a `duplicate`, and
 * no gap. Noted before the device hears of it, from the answer that is stored: a retry notes the same again.
 */
export async function noteRegained(ctx: Context, pushed: Pushed): Promise<void> {
  const { fleetId, deviceId, epoch, acknowledged, results, atMs } = pushed
  const among = new Set(acknowledged)
  const rows: readonly RegainedMutation[] = results
    .filter(({ id, status }) => among.has(id) && FATES.has(status))
    .map(({ id, status }) => ({ mutationId: id, deviceId, status, atMs }))
  if (rows.length > 0) await ctx.storage.restores.regain(fleetId, epoch, rows)
}
